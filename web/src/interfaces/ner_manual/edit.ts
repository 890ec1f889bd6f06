/** Spans over a text: what marking, relabelling and removing do. No page in here. */

import type { Changes, Config, Json, Task } from "@/api/types";
import { isKeep } from "@/core/merge";
import type { Range } from "@/interfaces/ner_manual/document";
import { type Edit, NO_CHANGES } from "@/interfaces/interface";

export interface Span extends Range {
  label: string;
  /** Its place in the document's own list; the server copies it from there. Null for a new one. */
  origin: number | null;
  /** An original whose label was changed here. */
  relabelled: boolean;
}

/** Every span of the answer, originals first in their order. */
export type SpanWork = readonly Span[];

type Stored = { [key: string]: Json };

/** Marks a stretch; spans it overlaps make way. */
export function mark(work: SpanWork, range: Range, label: string): SpanWork {
  const same = work.find((span) => span.start === range.start && span.end === range.end);
  if (same !== undefined) return relabel(work, same, label);
  const clear = work.filter((span) => span.end <= range.start || span.start >= range.end);
  return [...clear, { ...range, label, origin: null, relabelled: false }];
}

export function remove(work: SpanWork, gone: Span): SpanWork {
  return work.filter((span) => span !== gone);
}

export function relabel(work: SpanWork, old: Span, label: string): SpanWork {
  if (old.label === label) return work;
  return work.map((span) => (span === old ? { ...span, label, relabelled: span.origin !== null } : span));
}

export function spanAt(work: SpanWork, point: number): Span | null {
  return work.find((span) => span.start <= point && point < span.end) ?? null;
}

/** The spans that can be drawn side by side, by position, and those hidden behind an earlier one. */
export function arrange(work: SpanWork): { shown: Span[]; hidden: Span[] } {
  const sorted = [...work].sort((a, b) => a.start - b.start || b.end - a.end);
  const shown: Span[] = [];
  const hidden: Span[] = [];
  let edge = 0;
  for (const span of sorted) {
    const drawable = span.start >= edge && span.end > span.start;
    (drawable ? shown : hidden).push(span);
    if (drawable) edge = span.end;
  }
  return { shown, hidden };
}

function original(value: Json | undefined, origin: number, label?: Json): Span[] {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [];
  const { start, end, token_start, token_end } = value;
  if (typeof start !== "number" || typeof end !== "number") return [];
  const range = {
    start,
    end,
    ...(typeof token_start === "number" ? { token_start } : {}),
    ...(typeof token_end === "number" ? { token_end } : {}),
  };
  const name = label ?? value.label ?? "";
  return [{ ...range, label: String(name), origin, relabelled: label !== undefined }];
}

function fromDraft(item: Json, base: readonly Json[]): Span[] {
  if (isKeep(item)) return original(base[item.$keep], item.$keep, item.set?.label);
  return original(item, -1).map((span) => ({ ...span, origin: null }));
}

function stored(span: Span): Stored {
  const { start, end, token_start, token_end, label, origin } = span;
  if (origin !== null) return span.relabelled ? { $keep: origin, set: { label } } : { $keep: origin };
  if (token_start === undefined || token_end === undefined) return { start, end, label };
  return { start, end, token_start, token_end, label };
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** Originals that are no spans at all (no offsets) are kept where they are. */
function untouched(base: readonly Json[], work: SpanWork): boolean {
  const readable = base.filter((item, i) => original(item, i).length > 0).length;
  return work.length === readable && work.every((span) => span.origin !== null && !span.relabelled);
}

function unreadable(base: readonly Json[]): Stored[] {
  return base.flatMap((item, i) => (original(item, i).length === 0 ? [{ $keep: i }] : []));
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
    if (Array.isArray(task.spans) && untouched(base, work)) return NO_CHANGES;
    const sorted = [...work].sort((a, b) => a.start - b.start || a.end - b.end);
    return { set: { spans: [...unreadable(base), ...sorted.map(stored)] }, unset: [] };
  },
  problem: () => null,
  writes: ["spans"],
  summary(task: Task): string {
    const n = listOf(task.spans).length;
    return n === 0 ? "no spans" : n === 1 ? "1 span" : `${n} spans`;
  },
};
