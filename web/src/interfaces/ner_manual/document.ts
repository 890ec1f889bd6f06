/** The text of a task as the span interface sees it: code point offsets, tokens, and snapping to them. */

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
}

export interface Document {
  text: string;
  offsets: Offsets;
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
  const found = built.get(characters) ?? build(task, characters);
  built.set(characters, found);
  return found;
}

function build(task: Task, characters: boolean): Document {
  const text = typeof task.text === "string" ? task.text : "";
  const offsets = offsetsOf(text);
  const tokens = Array.isArray(task.tokens)
    ? task.tokens.flatMap((token, i) => readToken(token, i, text, offsets))
    : words(text, offsets);
  const disabled = tokens.filter((token) => token.disabled);
  return { text, offsets, tokens, disabled, steps: characters ? graphemes(text, offsets) : tokens };
}

function readToken(value: Json, index: number, text: string, offsets: Offsets): Token[] {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [];
  const { start, end, id, disabled } = value;
  if (typeof start !== "number" || typeof end !== "number" || end <= start) return [];
  const blank = text.slice(offsets.toUnits(start), offsets.toUnits(end)).trim() === "";
  return [{ start, end, id: typeof id === "number" ? id : index, disabled: disabled === true, blank }];
}

function words(text: string, offsets: Offsets): Token[] {
  return Array.from(text.matchAll(/\S+/gu), (found) => ({
    start: offsets.toPoints(found.index),
    end: offsets.toPoints(found.index + found[0].length),
    id: null,
    disabled: false,
    blank: false,
  }));
}

/** What a reader takes for one character: an emoji with its modifiers, a letter with its accents. */
function graphemes(text: string, offsets: Offsets): Token[] {
  return Array.from(new Intl.Segmenter().segment(text), ({ segment, index }) => ({
    start: offsets.toPoints(index),
    end: offsets.toPoints(index + segment.length),
    id: null,
    disabled: false,
    blank: segment.trim() === "",
  }));
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

function trim(steps: readonly Token[], snapping: Snapping): readonly Token[] {
  if (snapping.newlines) return steps;
  const keeps = (step: Token): boolean => !step.blank;
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
