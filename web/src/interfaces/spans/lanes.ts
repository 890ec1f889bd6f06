/** Which lane under the text each span gets, so that no two spans, nor their labels, lie over each other. */

import type { Span } from "@/interfaces/spans/edit";

/** A label's letter is about this part of a letter of the text; beside it stands its button. */
const LETTER = 0.74;
const ROOM = 2.4;

/** Spans in the order of the text, outer ones first, each with its lane. */
export interface Laid {
  spans: readonly Span[];
  lanes: readonly number[];
  /** Whether all lanes are free where the span begins, so that nothing before it matters to what comes. */
  free: readonly boolean[];
}

/** The spans that differ between two arrangements: from `first` on, up to `before` and `after`. */
export interface Difference {
  laid: Laid;
  first: number;
  before: number;
  after: number;
}

export const NO_SPANS: Laid = { spans: [], lanes: [], free: [] };

/** What a change of some spans changes: lanes are given anew from the last free place before it to the next. */
export function relaid(old: Laid, spans: readonly Span[], widthOf: (span: Span) => number): Difference {
  const start = sameAtStart(old.spans, spans);
  const tail = sameAtEnd(old.spans, spans, start);
  const first = lastFree(old, start);
  const shift = spans.length - old.spans.length;
  const lanes = old.lanes.slice(0, first);
  const free = old.free.slice(0, first);
  const ends: number[] = [];
  let at = first;
  for (; at < spans.length; at += 1) {
    const span = spans[at];
    if (span === undefined) break;
    const isFree = ends.every((end) => end <= span.start);
    if (isFree && at >= spans.length - tail && old.free[at - shift] === true) break;
    if (isFree) ends.length = 0;
    lanes.push(take(ends, span, widthOf(span)));
    free.push(isFree);
  }
  const kept = at - shift;
  lanes.push(...old.lanes.slice(kept));
  free.push(...old.free.slice(kept));
  return { laid: { spans, lanes, free }, first, before: kept, after: at };
}

/** The first lane that is free for a span, which has it from now on. */
function take(ends: number[], span: Span, width: number): number {
  let lane = 0;
  while ((ends[lane] ?? -Infinity) > span.start) lane += 1;
  ends[lane] = span.start + Math.max(span.end - span.start, width);
  return lane;
}

function sameAtStart(old: readonly Span[], now: readonly Span[]): number {
  const most = Math.min(old.length, now.length);
  let same = 0;
  while (same < most && old[same] === now[same]) same += 1;
  return same;
}

/** How many are the same at the end, beside those that are the same at the start. */
function sameAtEnd(old: readonly Span[], now: readonly Span[], start: number): number {
  const most = Math.min(old.length, now.length) - start;
  let same = 0;
  while (same < most && old[old.length - 1 - same] === now[now.length - 1 - same]) same += 1;
  return same;
}

/** The last place before the first that differs where all lanes were free. */
function lastFree({ free }: Laid, same: number): number {
  return Math.max(0, free.lastIndexOf(true, Math.max(0, same - 1)));
}

/** Code points of text that a label takes. */
export function labelWidth({ label }: Span): number {
  return Math.ceil(label.length * LETTER + ROOM);
}
