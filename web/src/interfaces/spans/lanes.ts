/** Which lane under the text each span gets, so that no two spans, nor their labels, lie over each other. */

import type { Span } from "@/interfaces/spans/edit";

/** A label's letter is about this part of a letter of the text; beside it stands its button. */
const LETTER = 0.74;
const ROOM = 2.4;

/** Spans must come in the order of the text, outer ones first. */
export function lanesOf(spans: readonly Span[], widthOf: (span: Span) => number): Map<Span, number> {
  const lanes = new Map<Span, number>();
  const ends: number[] = [];
  for (const span of spans) {
    const free = ends.findIndex((end) => end <= span.start);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = span.start + Math.max(span.end - span.start, widthOf(span));
    lanes.set(span, lane);
  }
  return lanes;
}

/** Code points of text that a label takes. */
export function labelWidth({ label }: Span): number {
  return Math.ceil(label.length * LETTER + ROOM);
}
