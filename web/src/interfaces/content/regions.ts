/** Regions of a picture, in its own pixels. */

import type { Json, Task } from "@/api/types";
import { boundsOf } from "@/interfaces/image_manual/shapes";

export interface Region {
  label: string;
  colour: string | undefined;
  points: readonly (readonly [number, number])[];
}

/** What of `spans` lies on the picture: boxes and outlines; spans of a text are none. */
export function regionsOf(task: Task): Region[] {
  const spans = Array.isArray(task.spans) ? task.spans : [];
  return spans.flatMap((span) => {
    if (span === null || typeof span !== "object" || Array.isArray(span)) return [];
    const points = outlineOf(span);
    if (points.length === 0) return [];
    const colour = typeof span.color === "string" ? span.color : undefined;
    return [{ label: typeof span.label === "string" ? span.label : "", colour, points }];
  });
}

function outlineOf(span: { [key: string]: Json }): [number, number][] {
  if (Array.isArray(span.points)) return span.points.filter(isPoint);
  const { x, y, width, height } = span;
  if (![x, y, width, height].every((value) => typeof value === "number")) return [];
  const [left, top] = [Number(x), Number(y)];
  const [right, bottom] = [left + Number(width), top + Number(height)];
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

function isPoint(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "number");
}

/** Where the label of a region stands: at its highest point, the leftmost of several. */
export function cornerOf({ points }: Region): readonly [number, number] {
  return points.reduce((best, point) =>
    point[1] < best[1] || (point[1] === best[1] && point[0] < best[0]) ? point : best,
  );
}

/** The middle of the box around a region. */
export function middleOf({ points }: Region): readonly [number, number] {
  const { x, y, width, height } = boundsOf(points);
  return [x + width / 2, y + height / 2];
}
