/** The text of a task as the span interfaces see it: code point offsets, tokens, and snapping to them. */

import type { Config, Json, Task } from "@/api/types";
import { type Offsets, offsetsOf } from "@/core/offsets";

export interface Token {
  /** Code points, end exclusive. */
  start: number;
  end: number;
  /** The task's token id; null where the text was split here for want of tokens. */
  id: number | null;
  disabled: boolean;
  /** Nothing but whitespace. */
  blank: boolean;
  /** Blank, with a line break in it. */
  newline: boolean;
}

export interface Document {
  text: string;
  offsets: Offsets;
  /** The task has tokens of its own. */
  tokenised: boolean;
  tokens: readonly Token[];
  disabled: readonly Token[];
  /** What the cursor steps over: tokens, or graphemes where characters are highlighted. */
  steps: readonly Token[];
}

/** A stretch of text, ready to be stored. */
export interface Range {
  start: number;
  end: number;
  token_start?: number;
  token_end?: number;
}

export interface Snapping {
  /** Offsets are the truth; tokens are not snapped to. */
  characters: boolean;
  /** A span may begin or end with a newline. */
  newlines: boolean;
}

const known = new WeakMap<Task, Map<boolean, Document>>();

export function snappingOf(config: Config): Snapping {
  return {
    characters: config.ner_manual_highlight_chars === true,
    newlines: config.allow_newline_highlight === true,
  };
}

/** Built once per task object. */
export function documentOf(task: Task, characters: boolean): Document {
  const built = known.get(task) ?? new Map<boolean, Document>();
  known.set(task, built);
  const found = built.get(characters) ?? (characters ? byCharacters(documentOf(task, false)) : build(task));
  built.set(characters, found);
  return found;
}

function build(task: Task): Document {
  const text = typeof task.text === "string" ? task.text : "";
  const offsets = offsetsOf(text);
  const tokenised = Array.isArray(task.tokens) && task.tokens.length > 0;
  const tokens = Array.isArray(task.tokens)
    ? task.tokens.flatMap((token, i) => readToken(token, i, text, offsets))
    : words(text, offsets);
  const disabled = tokens.filter((token) => token.disabled);
  return { text, offsets, tokenised, tokens, disabled, steps: tokens };
}

function byCharacters(doc: Document): Document {
  const steps = graphemes(doc.text, doc.offsets).map((step) => {
    const token = doc.tokens[stepAt(doc.tokens, step.start)];
    return token?.disabled === true && step.start < token.end ? { ...step, disabled: true } : step;
  });
  return { ...doc, steps };
}

function piece(text: string, start: number, end: number, id: number | null, disabled: boolean): Token {
  const blank = text.trim() === "";
  return { start, end, id, disabled, blank, newline: blank && text.includes("\n") };
}

function readToken(value: Json, index: number, text: string, offsets: Offsets): Token[] {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [];
  const { start, end, id, disabled } = value;
  if (typeof start !== "number" || typeof end !== "number" || end <= start) return [];
  const covered = text.slice(offsets.toUnits(start), offsets.toUnits(end));
  return [piece(covered, start, end, typeof id === "number" ? id : index, disabled === true)];
}

/** Without tokens: words as the language knows them, which also splits texts without spaces. */
function words(text: string, offsets: Offsets): Token[] {
  return Array.from(text.matchAll(/\S+/gu)).flatMap((found) => split(found[0], found.index, text, offsets));
}

const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

function split(run: string, at: number, text: string, offsets: Offsets): Token[] {
  const token = (from: number, length: number): Token => {
    const [start, end] = [offsets.toPoints(from), offsets.toPoints(from + length)];
    return piece(text.slice(from, from + length), start, end, null, false);
  };
  if (!UNSPACED.test(run)) return [token(at, run.length)];
  const found = new Intl.Segmenter(undefined, { granularity: "word" }).segment(run);
  return Array.from(found, ({ segment, index }) => token(at + index, segment.length));
}

/** What a reader takes for one character: an emoji with its modifiers, a letter with its accents. */
function graphemes(text: string, offsets: Offsets): Token[] {
  return Array.from(new Intl.Segmenter().segment(text), ({ segment, index }) =>
    piece(segment, offsets.toPoints(index), offsets.toPoints(index + segment.length), null, false),
  );
}

/** Index of the step at a code point, or the nearest one before it; -1 before the first. */
export function stepAt(steps: readonly Token[], point: number): number {
  let low = -1;
  let high = steps.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((steps[middle]?.start ?? Infinity) <= point) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The stretch between two code points, widened to whole steps, without blank ends.
 * Null when nothing that can be marked is inside, or a disabled token is.
 */
export function snap(doc: Document, from: number, to: number, snapping: Snapping): Range | null {
  const [low, high] = from <= to ? [from, to] : [to, from];
  const inside = touched(doc.steps, low, high);
  const trimmed = trim(inside, snapping);
  const [first, last] = [trimmed[0], trimmed.at(-1)];
  if (first === undefined || last === undefined || trimmed.some((step) => step.disabled)) return null;
  return rangeOf(doc, first.start, last.end);
}

function touched(steps: readonly Token[], low: number, high: number): readonly Token[] {
  let first = Math.max(0, stepAt(steps, low));
  if ((steps[first]?.end ?? 0) <= low) first += 1;
  const last = stepAt(steps, Math.max(low, high - 1));
  return steps.slice(first, last + 1);
}

/** Whether a span may begin and end with this step. */
export function markable(step: Token, { newlines }: Pick<Snapping, "newlines">): boolean {
  return !step.disabled && (!step.blank || (newlines && step.newline));
}

function trim(steps: readonly Token[], { newlines }: Snapping): readonly Token[] {
  const keeps = (step: Token): boolean => !step.blank || (newlines && step.newline);
  const first = steps.findIndex(keeps);
  return first < 0 ? [] : steps.slice(first, steps.findLastIndex(keeps) + 1);
}

/** Offsets with the token ids they fall on; without ids where the borders are not those of tokens. */
export function rangeOf(doc: Document, start: number, end: number): Range {
  const first = doc.tokens[stepAt(doc.tokens, start)];
  const last = doc.tokens[stepAt(doc.tokens, end - 1)];
  const aligned = first?.start === start && last?.end === end;
  if (!aligned || first.id === null || last.id === null) return { start, end };
  return { start, end, token_start: first.id, token_end: last.id };
}

/** Whether a stretch begins and ends where tokens do; without tokens every stretch does. */
export function isAligned(doc: Document, { start, end }: Range): boolean {
  if (!doc.tokenised) return true;
  const first = doc.tokens[stepAt(doc.tokens, start)];
  const last = doc.tokens[stepAt(doc.tokens, end - 1)];
  return first?.start === start && last?.end === end;
}

const aligned = new WeakMap<Range, Document>();

/** Whether it is not aligned. Most spans are, and none is ever changed: one look at each of hundreds is enough. */
export function isLoose(doc: Document, range: Range): boolean {
  if (aligned.get(range) === doc) return false;
  const found = isAligned(doc, range);
  if (found) aligned.set(range, doc);
  return !found;
}

export function textOf(doc: Document, start: number, end: number): string {
  return doc.text.slice(doc.offsets.toUnits(start), doc.offsets.toUnits(end));
}

/**
 * A border of a stretch moved by one step: `direction` 1 is onwards in the text. Null where it would leave
 * the text, cross the other border, or take in a step that is disabled.
 */
export function moveBorder(
  doc: Document,
  range: Range,
  side: "start" | "end",
  direction: 1 | -1,
  snapping: Pick<Snapping, "newlines">,
): Range | null {
  const { steps } = doc;
  const at = stepAt(steps, side === "start" ? range.start : range.end - 1);
  const grows = (side === "start") === (direction === -1);
  for (let i = Math.max(0, at); i >= 0 && i < steps.length; i += direction) {
    const step = steps[i];
    if (step === undefined) return null;
    if (grows && step.disabled) return null;
    const start = side === "start" ? step.start : range.start;
    const end = side === "end" ? step.end : range.end;
    const moved = side === "start" ? (start - range.start) * direction : (end - range.end) * direction;
    if (start >= end) return null;
    if (moved > 0 && markable(step, snapping)) return rangeOf(doc, start, end);
  }
  return null;
}

/** Every other stretch that has the same text as this one, in order, where the borders are those of steps. */
export function occurrences(doc: Document, range: Range): Range[] {
  const covered = textOf(doc, range.start, range.end);
  const found: Range[] = [];
  if (covered === "") return found;
  for (let at = doc.text.indexOf(covered); at >= 0; at = doc.text.indexOf(covered, at + 1)) {
    const [start, end] = [doc.offsets.toPoints(at), doc.offsets.toPoints(at + covered.length)];
    const first = doc.steps[stepAt(doc.steps, start)];
    const last = doc.steps[stepAt(doc.steps, end - 1)];
    const before = found.at(-1);
    if (first?.start !== start || last?.end !== end || start === range.start) continue;
    if (before !== undefined && before.end > start) continue;
    if (start < range.end && end > range.start) continue;
    found.push(rangeOf(doc, start, end));
  }
  return found;
}
