/** Lines of the text as they stand on the screen, found from the places of its steps. */

export interface Place {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Lines {
  /** How many steps there are. */
  count: number;
  /** Null where a step stands nowhere. */
  placeOf: (step: number) => Place | null;
  /** Steps the cursor does not stop at. */
  blank: (step: number) => boolean;
}

type Direction = 1 | -1;

/** The step of the line above or below that is nearest to a step; null on the first and last line. */
export function stepBeside(lines: Lines, from: number, direction: Direction): number | null {
  const here = lines.placeOf(from);
  if (here === null) return null;
  const first = walk(lines, from, direction, (place) => !onLine(place, here));
  const line = first === null ? null : lines.placeOf(first);
  if (first === null || line === null) return null;
  let best = first;
  for (let at: number | null = first; at !== null;) {
    const place = lines.placeOf(at);
    if (place === null || !onLine(place, line)) break;
    if (away(place, here) < away(lines.placeOf(best) ?? place, here)) best = at;
    at = walk(lines, at, direction, () => true);
  }
  return best;
}

/** The first or last step of the line a step stands on. */
export function stepAtEdge(lines: Lines, from: number, direction: Direction): number {
  const here = lines.placeOf(from);
  let edge = from;
  for (let at: number | null = from; at !== null && here !== null;) {
    const place = lines.placeOf(at);
    if (place === null || !onLine(place, here)) break;
    edge = at;
    at = walk(lines, at, direction, () => true);
  }
  return edge;
}

/** The next step the cursor stops at that is as wanted. */
function walk(
  { count, placeOf, blank }: Lines,
  from: number,
  direction: Direction,
  wanted: (place: Place) => boolean,
): number | null {
  for (let at = from + direction; at >= 0 && at < count; at += direction) {
    const place = blank(at) ? null : placeOf(at);
    if (place !== null && wanted(place)) return at;
  }
  return null;
}

function onLine(a: Place, b: Place): boolean {
  return Math.abs(a.top - b.top) <= (b.bottom - b.top) / 2;
}

/** How far a place is from the start of another one, sideways. */
function away(place: Place, { left, right }: Place): number {
  const x = left + Math.min((right - left) / 2, 12);
  return Math.max(place.left - x, x - place.right, 0);
}
