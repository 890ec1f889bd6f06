/** The keyboard's cursor: it stands on a token (or a character) and can be stretched over several. */

import { type Document, textOf, type Token } from "@/interfaces/spans/document";

export interface Cursor {
  /** Indices into the document's steps. */
  anchor: number;
  focus: number;
}

export type Leap = "step" | "leap" | "all";

/** The cursor after moving forward (1) or back (-1); a first move puts it on the first or last step. */
export function moved(
  doc: Document,
  cursor: Cursor | null,
  direction: 1 | -1,
  leap: Leap,
  stretch: boolean,
): Cursor | null {
  const last = doc.steps.length - 1;
  if (last < 0) return null;
  const from = cursor?.focus ?? (direction === 1 ? -1 : last + 1);
  const focus = clamp(target(doc, from, direction, leap), last);
  return placed(cursor, focus, stretch);
}

export function placed(cursor: Cursor | null, focus: number, stretch: boolean): Cursor {
  return { anchor: stretch && cursor !== null ? cursor.anchor : focus, focus };
}

function target(doc: Document, from: number, direction: 1 | -1, leap: Leap): number {
  if (leap === "all") return direction === 1 ? doc.steps.length - 1 : 0;
  if (leap === "leap") return leapFrom(doc, from, direction);
  let at = from + direction;
  while (doc.steps[at]?.blank === true && at + direction >= 0 && at + direction < doc.steps.length) {
    at += direction;
  }
  return at;
}

/** The next start of a sentence, line or (over characters) word. */
function leapFrom(doc: Document, from: number, direction: 1 | -1): number {
  for (let at = from + direction; at > 0 && at < doc.steps.length; at += direction) {
    if (startsSomething(doc, at)) return at;
  }
  return direction === 1 ? doc.steps.length - 1 : 0;
}

const SENTENCE_END = /[.!?…。！？؟।]["'”’»)\]]*$/u;

function startsSomething(doc: Document, at: number): boolean {
  const [before, here] = [doc.steps[at - 1], doc.steps[at]];
  if (before === undefined || here === undefined || here.blank) return false;
  if (doc.steps !== doc.tokens) return before.blank;
  return textOf(doc, before.end, here.start).includes("\n") || before.blank || endsSentence(doc, before);
}

function endsSentence(doc: Document, token: Token): boolean {
  return SENTENCE_END.test(textOf(doc, token.start, token.end));
}

function clamp(at: number, last: number): number {
  return Math.max(0, Math.min(at, last));
}

/** Code points from the first to the last step of the cursor. */
export function extent(doc: Document, cursor: Cursor): { start: number; end: number } | null {
  const first = doc.steps[Math.min(cursor.anchor, cursor.focus)];
  const last = doc.steps[Math.max(cursor.anchor, cursor.focus)];
  return first === undefined || last === undefined ? null : { start: first.start, end: last.end };
}
