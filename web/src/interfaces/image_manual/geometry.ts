/** Regions as plane figures: what lies under a point, and what moving, stretching and drawing make of them. */

import {
  boundsOf,
  type Box,
  cornersOf,
  type Kind,
  type Point,
  type Shape,
  type Size,
  tidy,
} from "@/interfaces/image_manual/shapes";

/** A tenth of a pixel is as fine as a hand draws. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export function inside(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}

/** The nearest point of the picture. */
export function onPicture([x, y]: Point, { width, height }: Size): Point {
  return [inside(round(x), 0, width), inside(round(y), 0, height)];
}

export function distance([a, b]: Point, [c, d]: Point): number {
  return Math.hypot(a - c, b - d);
}

/** The box between two corners, or around a centre; null without an area. */
export function boxFrom(a: Point, b: Point, size: Size, centred = false): Point[] | null {
  const from: Point = centred ? [2 * a[0] - b[0], 2 * a[1] - b[1]] : a;
  const { x, y, width, height } = boundsOf([onPicture(from, size), onPicture(b, size)]);
  return width > 0 && height > 0 ? cornersOf({ x, y, width, height }) : null;
}

export function areaOf(points: readonly Point[]): number {
  let sum = 0;
  for (const [i, [x, y]] of points.entries()) {
    const [u, v] = points[(i + 1) % points.length] ?? [x, y];
    sum += x * v - u * y;
  }
  return Math.abs(sum) / 2;
}

/** Whether a point lies in an outline, by the even-odd rule, as it is painted. */
export function contains(points: readonly Point[], [x, y]: Point): boolean {
  let within = false;
  for (const [i, [ax, ay]] of points.entries()) {
    const [bx, by] = points[(i + 1) % points.length] ?? [ax, ay];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
  }
  return within;
}

function toSegment([px, py]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const part = length === 0 ? 0 : inside(((px - ax) * dx + (py - ay) * dy) / length, 0, 1);
  return Math.hypot(px - ax - part * dx, py - ay - part * dy);
}

/** The side of an outline that is nearest to a point, by its first corner, and how far away it is. */
export function nearestSide(points: readonly Point[], point: Point): { side: number; away: number } {
  let best = { side: 0, away: Infinity };
  for (const [i, corner] of points.entries()) {
    const away = toSegment(point, corner, points[(i + 1) % points.length] ?? corner);
    if (away < best.away) best = { side: i, away };
  }
  return best;
}

const areas = new WeakMap<Shape, { area: number; box: Box }>();

/** Shapes are never changed, so each is measured once. */
export function measured(shape: Shape): { area: number; box: Box } {
  const found = areas.get(shape);
  if (found !== undefined) return found;
  const made = { area: areaOf(shape.points), box: boundsOf(shape.points) };
  areas.set(shape, made);
  return made;
}

/** What lies under a point, give or take `reach`: the smallest first, of equal ones the upper. */
export function under(shapes: readonly Shape[], point: Point, reach: number): Shape[] {
  const hit = shapes.filter((shape) => {
    const { x, y, width, height } = measured(shape).box;
    const [px, py] = point;
    if (px < x - reach || py < y - reach || px > x + width + reach || py > y + height + reach) return false;
    return contains(shape.points, point) || nearestSide(shape.points, point).away <= reach;
  });
  return hit.reverse().sort((a, b) => measured(a).area - measured(b).area);
}

/** The next of those under a point after the one that is held, so that taps go through all of them. */
export function nextUnder(found: readonly Shape[], held: string | null): Shape | null {
  const at = found.findIndex(({ key }) => key === held);
  return found[(at + 1) % Math.max(1, found.length)] ?? null;
}

export function shifted(shape: Shape, dx: number, dy: number): Shape {
  const points = shape.points.map(([x, y]): Point => [tidy(x + dx), tidy(y + dy)]);
  return { ...shape, points };
}

/** Moved as far as the picture goes; what reaches beyond it already may stay there. */
export function moved(shape: Shape, dx: number, dy: number, { width, height }: Size): Shape {
  const box = boundsOf(shape.points);
  const [left, top] = [Math.min(0, box.x), Math.min(0, box.y)];
  const x = inside(round(box.x + dx), left, Math.max(left, width - box.width, box.x));
  const y = inside(round(box.y + dy), top, Math.max(top, height - box.height, box.y));
  return x === box.x && y === box.y ? shape : shifted(shape, x - box.x, y - box.y);
}

/** The shape stretched into another box. */
export function stretched(shape: Shape, box: Box): Shape {
  const old = boundsOf(shape.points);
  if (shape.kind === "rect") return { ...shape, points: cornersOf(box) };
  const [kx, ky] = [box.width / old.width, box.height / old.height];
  const points = shape.points.map(([x, y]): Point => [
    round(box.x + (x - old.x) * kx),
    round(box.y + (y - old.y) * ky),
  ]);
  return { ...shape, points };
}

/** Where a box is taken hold of: a side or a corner, as -1, 0 and 1 from the left and from the top. */
export interface Grip {
  h: -1 | 0 | 1;
  v: -1 | 0 | 1;
}

export const GRIPS: readonly Grip[] = [
  { h: -1, v: -1 },
  { h: 0, v: -1 },
  { h: 1, v: -1 },
  { h: -1, v: 0 },
  { h: 1, v: 0 },
  { h: -1, v: 1 },
  { h: 0, v: 1 },
  { h: 1, v: 1 },
];

export function placeOf({ x, y, width, height }: Box, { h, v }: Grip): Point {
  return [x + (width * (h + 1)) / 2, y + (height * (v + 1)) / 2];
}

/** The box with a side or corner put elsewhere; null without an area. */
export function gripped(box: Box, { h, v }: Grip, to: Point, size: Size): Box | null {
  const [x, y] = onPicture(to, size);
  const [x1, x2] = [h === -1 ? x : box.x, h === 1 ? x : box.x + box.width];
  const [y1, y2] = [v === -1 ? y : box.y, v === 1 ? y : box.y + box.height];
  const made = boundsOf([
    [tidy(x1), tidy(y1)],
    [tidy(x2), tidy(y2)],
  ]);
  return made.width > 0 && made.height > 0 ? made : null;
}

/** More corners than these are stretched as a whole. */
const MOST_CORNERS = 60;

/** Whether corners are moved one by one. */
export function hasCorners({ kind, points }: Shape): boolean {
  return kind === "polygon" && points.length <= MOST_CORNERS;
}

export function withCorner(shape: Shape, at: number, to: Point): Shape {
  return { ...shape, points: shape.points.with(at, to) };
}

export function withNewCorner(shape: Shape, side: number, at: Point): Shape {
  return { ...shape, points: shape.points.toSpliced(side + 1, 0, at) };
}

/** Null where less than three corners would be left. */
export function withoutCorner(shape: Shape, at: number): Shape | null {
  const points = shape.points.toSpliced(at, 1);
  return points.length < 3 || areaOf(points) === 0 ? null : { ...shape, points };
}

/** The part of a shape that lies on the picture; null when none does. */
export function cutOff(shape: Shape, size: Size): Shape | null {
  if (shape.kind === "rect") {
    const { x, y, width, height } = boundsOf(shape.points);
    const points = boxFrom([x, y], [x + width, y + height], size);
    return points === null ? null : { ...shape, points };
  }
  const points = clipped(shape.points, size).map(([x, y]): Point => [tidy(x), tidy(y)]);
  return points.length < 3 || areaOf(points) === 0 ? null : { ...shape, points };
}

/** Sutherland–Hodgman: the outline is cut along each side of the picture in turn. */
function clipped(points: readonly Point[], { width, height }: Size): readonly Point[] {
  const sides: [0 | 1, number, 1 | -1][] = [
    [0, 0, 1],
    [1, 0, 1],
    [0, width, -1],
    [1, height, -1],
  ];
  return sides.reduce<readonly Point[]>((outline, [axis, border, sign]) => {
    const within = (point: Point): boolean => (point[axis] - border) * sign >= 0;
    return outline.flatMap((point, i) => {
      const before = outline.at(i - 1) ?? point;
      const crossing = within(point) === within(before) ? [] : [crossed(before, point, axis, border)];
      return within(point) ? [...crossing, point] : crossing;
    });
  }, points);
}

function crossed(a: Point, b: Point, axis: 0 | 1, border: number): Point {
  const part = (border - a[axis]) / (b[axis] - a[axis]);
  const across = a[(1 - axis) as 0 | 1] + part * (b[(1 - axis) as 0 | 1] - a[(1 - axis) as 0 | 1]);
  return axis === 0 ? [border, across] : [across, border];
}

/** How much of a shape lies on the picture. */
export function standing({ points }: Shape, { width, height }: Size): "on" | "over" | "beside" {
  const box = boundsOf(points);
  const [right, bottom] = [box.x + box.width, box.y + box.height];
  if (box.x >= width || box.y >= height || right <= 0 || bottom <= 0) return "beside";
  const slack = 0.05;
  const fits = box.x >= -slack && box.y >= -slack && right <= width + slack && bottom <= height + slack;
  return fits ? "on" : "over";
}

/** A line with the corners that matter: none of those left out is farther than `slack` from it (Douglas–Peucker). */
export function simplified(points: readonly Point[], slack: number): Point[] {
  const kept = new Set([0, points.length - 1]);
  const open: [number, number][] = [[0, points.length - 1]];
  for (let stretch = open.pop(); stretch !== undefined; stretch = open.pop()) {
    const [from, to] = stretch;
    const [a, b] = [points[from], points[to]];
    if (a === undefined || b === undefined) continue;
    let [far, at] = [slack, -1];
    for (let i = from + 1; i < to; i += 1) {
      const away = toSegment(points[i] ?? a, a, b);
      if (away > far) [far, at] = [away, i];
    }
    if (at < 0) continue;
    kept.add(at);
    open.push([from, at], [at, to]);
  }
  return points.filter((_, i) => kept.has(i));
}

/** What was drawn as the outline of a region; null when it has no area. */
export function outlineOf(kind: Kind, drawn: readonly Point[], slack: number): Point[] | null {
  const apart = drawn.filter((point, i) => i === 0 || distance(point, drawn[i - 1] ?? point) > 0);
  const points = kind === "freehand" ? simplified(apart, slack) : apart;
  const closed = points.length > 3 && distance(points[0] ?? [0, 0], points.at(-1) ?? [1, 1]) === 0;
  const outline = closed ? points.slice(0, -1) : points;
  return outline.length < 3 || areaOf(outline) === 0 ? null : outline;
}
