/** Regions of a picture, in its own pixels: how documents tell them, and what is wrong with some of them. */

import { t } from "@/core/say";
import { plain } from "@/api/json";
import type { Json } from "@/api/types";

export const KINDS = ["rect", "polygon", "freehand"] as const;
export type Kind = (typeof KINDS)[number];
export type Point = readonly [number, number];

export interface Size {
  width: number;
  height: number;
}

export interface Box extends Size {
  x: number;
  y: number;
}

export interface Shape {
  /** The same through all changes; the `id` of a new one. */
  key: string;
  kind: Kind;
  /** Corners; of a box the upper left one, then down and around. */
  points: readonly Point[];
  /** Null where there are no labels. */
  label: string | null;
  color?: string;
  /** Its place in the document's own list; the server copies it from there. Null for a new one. */
  origin: number | null;
}

export type Stored = { [key: string]: Json };

export function isObject(value: Json | undefined): value is Stored {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

export function isPoint(value: Json): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "number");
}

export function boundsOf(points: readonly Point[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { x: left, y: top, width: tidy(right - left), height: tidy(bottom - top) };
}

export function cornersOf({ x, y, width, height }: Box): Point[] {
  const [right, bottom] = [tidy(x + width), tidy(y + height)];
  return [
    [x, y],
    [x, bottom],
    [right, bottom],
    [right, y],
  ];
}

/** Without the noise of adding decimals up. */
export function tidy(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** A region as a document tells it, or in words what is wrong with it. */
export function read(value: Json | undefined, origin: number | null, key: string): Shape | string {
  if (!isObject(value)) return t("is no object");
  const { type, label, color } = value;
  const points = pointsOf(value);
  const box = boxOf(value);
  if (type !== undefined && type !== null && !KINDS.some((kind) => kind === type)) {
    return t("has the type “{0}”; there are {1}", plain(type), KINDS.join(", "));
  }
  if (points === null && (box === null || (type !== undefined && type !== null && type !== "rect"))) {
    return t("has neither points nor x, y, width and height as numbers");
  }
  const kind = KINDS.find((one) => one === type) ?? kindOf(points, box);
  const outline = kind === "rect" ? cornersOf(box ?? boundsOf(points ?? [])) : (points ?? []);
  const { width, height } = boundsOf(outline);
  if (kind !== "rect" && outline.length < 3) return t("has less than three points");
  const turned = kind === "rect" && box !== null && !(box.width > 0 && box.height > 0);
  if (turned || !(width > 0 && height > 0)) return t("has no area");
  return {
    key,
    kind,
    points: outline,
    label: typeof label === "string" ? label : null,
    ...(typeof color === "string" ? { color } : {}),
    origin,
  };
}

function pointsOf({ points }: Stored): Point[] | null {
  return Array.isArray(points) && points.length > 0 && points.every(isPoint) ? points : null;
}

function boxOf({ x, y, width, height }: Stored): Box | null {
  const given = [x, y, width, height].every((value) => typeof value === "number");
  return given ? ({ x, y, width, height } as Box) : null;
}

/** What a region is that does not say so: corners of its own box are a box, any others a polygon. */
function kindOf(points: readonly Point[] | null, box: Box | null): Kind {
  if (points === null) return "rect";
  const corners = box === null ? [] : cornersOf(box);
  const same = ([x, y]: Point): boolean => corners.some(([u, v]) => u === x && v === y);
  return points.length === 4 && points.every(same) ? "rect" : "polygon";
}

/** Where a region is, in the keys of documents. */
export function place({ kind, points }: Shape): Stored {
  const { x, y, width, height } = boundsOf(points);
  return {
    x,
    y,
    width,
    height,
    center: [tidy(x + width / 2), tidy(y + height / 2)],
    points: points.map(([u, v]) => [u, v]),
    type: kind,
  };
}

/** A new region as a document has it. */
export function written(shape: Shape): Stored {
  const { key, label, color } = shape;
  return {
    id: key,
    ...(label === null ? {} : { label }),
    ...(color === undefined ? {} : { color }),
    ...place(shape),
  };
}

export function samePoints(a: readonly Point[], b: readonly Point[]): boolean {
  return a === b || (a.length === b.length && a.every(([x, y], i) => b[i]?.[0] === x && b[i]?.[1] === y));
}
