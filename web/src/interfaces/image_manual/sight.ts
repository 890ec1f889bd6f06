/** Which part of a picture is seen, and how large: a point `p` of it stands at `x + scale * p` in the window. */

import { inside } from "@/interfaces/image_manual/geometry";
import type { Box, Point, Size } from "@/interfaces/image_manual/shapes";

export interface Sight {
  x: number;
  y: number;
  scale: number;
}

/** Small pictures are shown up to so many times as large. */
const LARGEST_FIT = 6;
const LARGEST = 40;
/** So much of the picture stays in the window, however far it is pushed. */
const KEPT_PX = 48;

export function fit(size: Size, room: Size): Sight {
  const scale = Math.min(room.width / size.width, room.height / size.height, LARGEST_FIT);
  return {
    scale,
    x: (room.width - size.width * scale) / 2,
    y: (room.height - size.height * scale) / 2,
  };
}

/** Closer by a factor, with what is at `at` of the window staying there. */
export function zoomed(sight: Sight, factor: number, [x, y]: Point, size: Size, room: Size): Sight {
  const least = fit(size, room).scale / 2;
  const scale = inside(sight.scale * factor, least, Math.max(LARGEST, least));
  const by = scale / sight.scale;
  return held({ scale, x: x - (x - sight.x) * by, y: y - (y - sight.y) * by }, size, room);
}

export function pushed(sight: Sight, dx: number, dy: number, size: Size, room: Size): Sight {
  return held({ ...sight, x: sight.x + dx, y: sight.y + dy }, size, room);
}

/** Never out of the window. */
export function held(sight: Sight, size: Size, room: Size): Sight {
  const [width, height] = [size.width * sight.scale, size.height * sight.scale];
  const [kx, ky] = [Math.min(KEPT_PX, width), Math.min(KEPT_PX, height)];
  return {
    ...sight,
    x: inside(sight.x, kx - width, room.width - kx),
    y: inside(sight.y, ky - height, room.height - ky),
  };
}

/** A box in the middle of the window, with something around it. */
export function closeTo(box: Box, size: Size, room: Size): Sight {
  const scale = inside(
    Math.min(room.width / box.width, room.height / box.height) * 0.6,
    fit(size, room).scale,
    LARGEST,
  );
  const [cx, cy] = [box.x + box.width / 2, box.y + box.height / 2];
  return held({ scale, x: room.width / 2 - cx * scale, y: room.height / 2 - cy * scale }, size, room);
}

/** Moved no farther than needed for a point to be seen. */
export function showing(sight: Sight, [px, py]: Point, size: Size, room: Size): Sight {
  const margin = Math.min(24, room.width / 4, room.height / 4);
  const [x, y] = toRoom(sight, [px, py]);
  const dx = inside(x, margin, room.width - margin) - x;
  const dy = inside(y, margin, room.height - margin) - y;
  return dx === 0 && dy === 0 ? sight : pushed(sight, dx, dy, size, room);
}

export function toPicture({ x, y, scale }: Sight, [u, v]: Point): Point {
  return [(u - x) / scale, (v - y) / scale];
}

export function toRoom({ x, y, scale }: Sight, [u, v]: Point): Point {
  return [x + scale * u, y + scale * v];
}
