/** What an arrow begins and ends at: a word, or a span. Characters are code points, ends of tokens are included. */

import type { Json, Task } from "@/api/types";
import { type Document, documentOf, stepAt, type Token } from "@/interfaces/spans/document";
import { inOrder, type Span, spanAt, type SpanWork } from "@/interfaces/spans/edit";

export interface End {
  start: number;
  end: number;
  token_start: number;
  token_end: number;
  /** That of the span; null for a word. */
  label: string | null;
}

type Stored = { [key: string]: Json };

export function isObject(value: Json | undefined): value is Stored {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

export function sameEnd(a: End, b: End): boolean {
  return a.token_start === b.token_start && a.token_end === b.token_end;
}

const places = new WeakMap<Document, Map<number, number>>();

/** The place of a token in the list, by its id; -1 for a token that is not there. */
export function placeOf(doc: Document, id: number): number {
  const known = places.get(doc) ?? new Map(doc.tokens.flatMap(({ id }, i) => (id === null ? [] : [[id, i]])));
  places.set(doc, known);
  return known.get(id) ?? -1;
}

/** The tokens from the first to the last of an end; empty where they are not there. */
export function tokensOf(doc: Document, { token_start, token_end }: End): readonly Token[] {
  const [first, last] = [placeOf(doc, token_start), placeOf(doc, token_end)];
  return first < 0 || last < first ? [] : doc.tokens.slice(first, last + 1);
}

function between(first: Token | undefined, last: Token | undefined, label: string | null): End | null {
  if (first === undefined || last === undefined || first.id === null || last.id === null) return null;
  return { start: first.start, end: last.end, token_start: first.id, token_end: last.id, label };
}

/** A token as an end; null where there is none. */
export function wordEnd(token: Token | undefined): End | null {
  return between(token, token, null);
}

const made = new WeakMap<Span, { doc: Document; end: End | null }>();

/** A span as an end: with the tokens that it touches, where it does not begin and end with one. */
export function spanEnd(doc: Document, span: Span): End | null {
  const found = made.get(span);
  if (found?.doc === doc) return found.end;
  const first = doc.tokens[Math.max(0, stepAt(doc.tokens, span.start))];
  const last = doc.tokens[stepAt(doc.tokens, Math.max(span.start, span.end - 1))];
  const touched = between(first, last, span.label);
  const end = touched === null ? null : { ...touched, start: span.start, end: span.end };
  made.set(span, { doc, end });
  return end;
}

/** An end of a stored relation: its span, or the token that it names, as the span that ends there. */
export function readEnd(
  doc: Document,
  relation: Stored,
  side: "head" | "child",
  spans: SpanWork,
): End | null {
  const given = relation[`${side}_span`];
  const token = relation[side];
  if (isObject(given)) return readSpan(doc, given);
  if (typeof token !== "number") return null;
  const ending = spans.map((span) => spanEnd(doc, span)).find((end) => end?.token_end === token);
  return ending ?? wordEnd(doc.tokens[placeOf(doc, token)]);
}

function readSpan(doc: Document, { token_start, token_end, label }: Stored): End | null {
  if (typeof token_start !== "number" || typeof token_end !== "number") return null;
  const [first, last] = [placeOf(doc, token_start), placeOf(doc, token_end)];
  if (first < 0 || last < first) return null;
  return between(doc.tokens[first], doc.tokens[last], typeof label === "string" ? label : null);
}

/** Everything an arrow can be drawn to, in the order of the text: spans, and words that no span covers. */
export function unitsOf(doc: Document, spans: SpanWork): readonly End[] {
  const ends = inOrder(spans).flatMap((span) => {
    const end = spanEnd(doc, span);
    return end === null || tokensOf(doc, end).every((token) => token.disabled) ? [] : [end];
  });
  const words = doc.tokens.flatMap((token) => {
    const end = token.disabled || token.blank ? null : wordEnd(token);
    return end === null || covered(spans, token) ? [] : [end];
  });
  return [...ends, ...words].sort((a, b) => a.start - b.start || b.end - a.end);
}

function covered(spans: SpanWork, { start, end }: Token): boolean {
  return spans.some((span) => span.start < end && start < span.end);
}

/** What a token stands for: the innermost span over it, or the word itself; null where nothing can be picked. */
export function unitAt(doc: Document, spans: SpanWork, token: Token): End | null {
  const span = spanAt(spans, token.start) ?? spanAt(spans, Math.max(token.start, token.end - 1));
  const end = span === null ? null : spanEnd(doc, span);
  if (end !== null) return tokensOf(doc, end).every((one) => one.disabled) ? null : end;
  return token.disabled || token.blank ? null : wordEnd(token);
}

export function wordsOf(doc: Document, { start, end }: End): string {
  const { toUnits } = doc.offsets;
  return doc.text.slice(toUnits(start), toUnits(end)).replace(/\s+/g, " ").trim();
}

export function docOf(task: Task): Document {
  return documentOf(task, false);
}
