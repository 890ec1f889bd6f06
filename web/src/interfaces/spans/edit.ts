/** Spans over a text: what marking, relabelling, resizing and removing do. No page in here. */

import { t } from "@/core/say";
import type { Changes, Config, Json, Task } from "@/api/types";
import { isKeep, same } from "@/core/merge";
import { offsetsOf } from "@/core/offsets";
import type { Range } from "@/interfaces/spans/document";
import { type Edit, NO_CHANGES } from "@/interfaces/interface";

export interface Span extends Range {
  label: string;
  /** Its place in the document's own list; the server copies it from there. Null for a new one. */
  origin: number | null;
  /** A colour of its own. */
  color?: string;
}

/** Every span of the answer, originals first in their order. */
export type SpanWork = readonly Span[];

/** Whether spans may lie over each other. */
export interface Rules {
  overlap: boolean;
}

const APART: Rules = { overlap: false };

type Stored = { [key: string]: Json };

export function crosses(a: Range, b: Range): boolean {
  return a.start < b.end && b.start < a.end;
}

export function sameStretch(a: Range, b: Range): boolean {
  return a.start === b.start && a.end === b.end;
}

/** Marks a stretch. Where spans may not overlap, those in its way go, and the same stretch changes its label. */
export function mark(work: SpanWork, range: Range, label: string, rules = APART): SpanWork {
  const same = work.find((span) => sameStretch(span, range) && (!rules.overlap || span.label === label));
  if (same !== undefined) return relabel(work, same, label);
  const clear = rules.overlap ? work : work.filter((span) => !crosses(span, range));
  return [...clear, { ...range, label, origin: null }];
}

/** Marks several stretches at once; where spans may not overlap, those that others cross are left out. */
export function markAll(
  work: SpanWork,
  ranges: readonly Range[],
  label: string,
  rules: Rules,
): { work: SpanWork; marked: number; left: number } {
  let next = work;
  let [marked, left] = [0, 0];
  for (const range of ranges) {
    const blocked = !rules.overlap && next.some((span) => crosses(span, range) && !sameStretch(span, range));
    const after = blocked ? next : mark(next, range, label, rules);
    if (blocked) left += 1;
    else if (after !== next) marked += 1;
    next = after;
  }
  return { work: next, marked, left };
}

export function remove(work: SpanWork, gone: Span): SpanWork {
  return work.filter((span) => span !== gone);
}

export function relabel(work: SpanWork, old: Span, label: string): SpanWork {
  return old.label === label ? work : replace(work, old, { ...old, label });
}

/** Gives a span other borders. Where spans may not overlap, it stops at its neighbours: null. */
export function resize(work: SpanWork, old: Span, range: Range, rules: Rules): SpanWork | null {
  if (sameStretch(old, range)) return work;
  const blocked = !rules.overlap && work.some((span) => span !== old && crosses(span, range));
  if (blocked) return null;
  const { label, origin, color } = old;
  return replace(work, old, { ...range, label, origin, ...(color === undefined ? {} : { color }) });
}

function replace(work: SpanWork, old: Span, span: Span): SpanWork {
  return work.map((one) => (one === old ? span : one));
}

/** The innermost span over a code point. */
export function spanAt(work: SpanWork, point: number): Span | null {
  const over = work.filter((span) => span.start <= point && point < span.end);
  return over.reduce<Span | null>(
    (best, span) => (best === null || span.end - span.start < best.end - best.start ? span : best),
    null,
  );
}

const ordered = new WeakMap<SpanWork, readonly Span[]>();

/** Spans in the order of the text, outer ones first; work is never changed, so each is sorted once. */
export function inOrder(work: SpanWork): readonly Span[] {
  const found = ordered.get(work);
  if (found !== undefined) return found;
  const isSorted = work.every((span, at) => at === 0 || order(work[at - 1] ?? span, span) <= 0);
  const sorted = isSorted ? work : [...work].sort(order);
  ordered.set(work, sorted).set(sorted, sorted);
  return sorted;
}

function order(a: Span, b: Span): number {
  return a.start - b.start || b.end - a.end;
}

/** The same span in later work: itself, or one that says the same. */
export function found(work: SpanWork, span: Span | null): Span | null {
  if (span === null || work.includes(span)) return span;
  return work.find((one) => sameStretch(one, span) && one.label === span.label) ?? null;
}

/** The spans that can be drawn side by side, by position, and those hidden behind an earlier one. */
export function arrange(work: SpanWork): { shown: readonly Span[]; hidden: readonly Span[] } {
  const shown: Span[] = [];
  const hidden: Span[] = [];
  let edge = 0;
  for (const span of inOrder(work)) {
    const drawable = span.start >= edge && span.end > span.start;
    (drawable ? shown : hidden).push(span);
    if (drawable) edge = span.end;
  }
  return { shown, hidden };
}

function isObject(value: Json | undefined): value is Stored {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** Whether it has the offsets that make it a span. */
function isSpan(value: Json | undefined): value is Stored & { start: number; end: number } {
  return isObject(value) && typeof value.start === "number" && typeof value.end === "number";
}

function original(value: Json | undefined, origin: number | null): Span[] {
  if (!isSpan(value)) return [];
  const { start, end, token_start, token_end, label, color } = value;
  return [
    {
      start,
      end,
      ...(typeof token_start === "number" ? { token_start } : {}),
      ...(typeof token_end === "number" ? { token_end } : {}),
      label: String(label ?? ""),
      origin,
      ...(typeof color === "string" ? { color } : {}),
    },
  ];
}

/** What a person may change of a span; everything else of it is its own. */
const CHANGEABLE = new Set(["start", "end", "token_start", "token_end", "label", "text"]);

function own(span: Stored): Stored {
  return Object.fromEntries(Object.entries(span).filter(([key]) => !CHANGEABLE.has(key)));
}

/** The original that a span of a draft was made of: a server tells drafts whole, without saying so. */
function originOf(item: Json, base: readonly Json[]): number | null {
  if (!isObject(item)) return null;
  // Spans that a person left as they were mostly stand where they stood.
  const equal = base.findIndex((other) => isObject(other) && other.start === item.start && same(item, other));
  if (equal >= 0) return equal;
  const mine = own(item);
  if (Object.keys(mine).length === 0) return null;
  const made = base.findIndex((other) => isObject(other) && same(mine, own(other)));
  return made < 0 ? null : made;
}

function fromDraft(item: Json, base: readonly Json[]): Span[] {
  if (!isKeep(item)) return original(item, originOf(item, base));
  const kept = base[item.$keep];
  if (!isObject(kept)) return [];
  const changed: Stored = { ...kept, ...item.set };
  for (const key of item.unset ?? []) Reflect.deleteProperty(changed, key);
  return original(changed, item.$keep);
}

function covered(text: string, { start, end }: Range): string {
  const { toUnits } = offsetsOf(text);
  return text.slice(toUnits(start), toUnits(end));
}

const PLACE = ["token_start", "token_end"] as const;

/** What differs from the span as it was given; its other keys are its own. */
function difference(span: Span, given: Stored, text: string): { set: Stored; unset: string[] } {
  const set: Stored = {};
  const [before] = original(given, span.origin);
  if (before === undefined) return { set, unset: [] };
  if (before.label !== span.label) set.label = span.label;
  if (sameStretch(before, span)) return { set, unset: [] };
  Object.assign(set, { start: span.start, end: span.end });
  for (const key of PLACE) if (span[key] !== undefined) set[key] = span[key];
  if (typeof given.text === "string") set.text = covered(text, span);
  return { set, unset: PLACE.filter((key) => key in given && span[key] === undefined) };
}

function written(span: Span, base: readonly Json[], text: string): Stored {
  const { start, end, token_start, token_end, label, origin } = span;
  const given = origin === null ? undefined : base[origin];
  if (origin !== null && isObject(given)) {
    const { set, unset } = difference(span, given, text);
    return {
      $keep: origin,
      ...(Object.keys(set).length > 0 ? { set } : {}),
      ...(unset.length > 0 ? { unset } : {}),
    };
  }
  if (token_start === undefined || token_end === undefined) return { start, end, label };
  return { start, end, token_start, token_end, label };
}

const known = new WeakMap<Span, { base: readonly Json[]; stored: Stored }>();

/** Spans are never changed, so of hundreds only the few new ones have to be written down again. */
function stored(span: Span, base: readonly Json[], text: string): Stored {
  const found = known.get(span);
  if (found?.base === base) return found.stored;
  const made = written(span, base, text);
  known.set(span, { base, stored: made });
  return made;
}

const NONE: readonly Json[] = [];

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : NONE;
}

function untouched(base: readonly Json[], list: readonly Stored[]): boolean {
  const spans = base.length - unreadable(base).length;
  return list.length === spans && list.every((item) => Object.keys(item).join() === "$keep");
}

const odd = new WeakMap<readonly Json[], Stored[]>();

/** Originals that are no spans at all (no offsets) are kept where they are; a document is looked at once. */
function unreadable(base: readonly Json[]): Stored[] {
  const found = odd.get(base) ?? base.flatMap((item, i) => (isSpan(item) ? [] : [{ $keep: i }]));
  odd.set(base, found);
  return found;
}

export const edit: Edit<SpanWork> = {
  start(task: Task, _config: Config, draft?: Partial<Changes>): SpanWork {
    const base = listOf(task.spans);
    const drafted = draft?.set?.spans;
    if (Array.isArray(drafted)) return drafted.flatMap((item) => fromDraft(item, base));
    return base.flatMap((item, i) => original(item, i));
  },
  changes(task: Task, work: SpanWork): Changes {
    const base = listOf(task.spans);
    const text = typeof task.text === "string" ? task.text : "";
    const sorted = [...work].sort((a, b) => a.start - b.start || a.end - b.end);
    const list = sorted.map((span) => stored(span, base, text));
    if (Array.isArray(task.spans) && untouched(base, list)) return NO_CHANGES;
    return { set: { spans: [...unreadable(base), ...list] }, unset: [] };
  },
  problem: () => null,
  writes: ["spans"],
  summary,
};

/** How many spans a task has, in words. */
export function summary(task: Task): string {
  const n = listOf(task.spans).length;
  return n === 0 ? t("no spans") : n === 1 ? t("1 span") : t("{0} spans", n);
}
