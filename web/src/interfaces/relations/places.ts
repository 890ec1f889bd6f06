/** Where words stand on the screen, in CSS pixels from the left and top of the text. */

import type { Box } from "@/interfaces/relations/arcs";
import type { Lines, Place } from "@/interfaces/spans/lines";

export interface Word {
  line: number;
  left: number;
  right: number;
  height: number;
}

export interface Places {
  /** By place of the token; null for one that is nowhere. */
  words: readonly (Word | null)[];
  /** The first word of each line. */
  firsts: readonly number[];
  width: number;
}

/** Lines are told by the middles of words, which stand apart whatever room there is above them. */
export function placesOf(rects: readonly (Place | null)[], width: number): Places {
  const firsts: number[] = [];
  let bottom = -Infinity;
  const words = rects.map((rect, i) => {
    if (rect === null) return null;
    if ((rect.top + rect.bottom) / 2 > bottom) {
      firsts.push(i);
      bottom = rect.bottom;
    }
    const { left, right, top } = rect;
    return { line: firsts.length - 1, left, right, height: rect.bottom - top };
  });
  return { words, firsts, width };
}

/** The box of some words: of those on the line of the last one. */
export function boxOf({ words }: Places, from: number, to: number): Box | null {
  const last = lastOf(words, from, to);
  if (last === null) return null;
  const on = words.slice(from, to + 1).filter((word) => word?.line === last.line);
  const edges = on.flatMap((word) => (word === null ? [] : [word.left, word.right]));
  return { line: last.line, left: Math.min(...edges), right: Math.max(...edges) };
}

function lastOf(words: Places["words"], from: number, to: number): Word | null {
  for (let i = to; i >= from; i -= 1) {
    const word = words[i];
    if (word != null) return word;
  }
  return null;
}

/** The boxes of some words, one for each line that they stand on. */
export function boxesOf({ words }: Places, from: number, to: number): Box[] {
  const boxes = new Map<number, Box>();
  for (const word of words.slice(from, to + 1)) {
    if (word === null) continue;
    const { line, left, right } = word;
    const box = boxes.get(line) ?? { line, left, right };
    boxes.set(line, { line, left: Math.min(box.left, left), right: Math.max(box.right, right) });
  }
  return [...boxes.values()];
}

const NEAR_PX = 14;

/** The word at a point, or the nearest one on its line; -1 where none is near. */
export function wordAt({ words }: Places, tops: readonly number[], x: number, y: number): number {
  let best = -1;
  let least = NEAR_PX;
  words.forEach((word, i) => {
    const top = word === null ? undefined : tops[word.line];
    if (word === null || top === undefined) return;
    const over = Math.max(top - y, y - top - word.height, 0);
    const away = Math.max(word.left - x, x - word.right, 0) + over;
    if (away < least) [best, least] = [i, away];
  });
  return best;
}

/** For moves of a cursor over words. */
export function linesOf({ words }: Places, tops: readonly number[], blank: (word: number) => boolean): Lines {
  const placeOf = (at: number): Place | null => {
    const word = words[at];
    const top = word == null ? undefined : tops[word.line];
    return word == null || top === undefined ? null : { ...word, top, bottom: top + word.height };
  };
  return { count: words.length, blank, placeOf };
}

/** Something as wide as `right - left` on a line. */
export interface Tag {
  line: number;
  left: number;
  right: number;
}

/** The lane of every tag under its line, so that none lies over another, and how many lanes each line has. */
export function lanesOf(tags: readonly Tag[], lines: number): { lanes: number[]; depths: number[] } {
  const ends: number[][] = Array.from({ length: lines }, () => []);
  const lanes = tags.map(() => 0);
  const order = tags.map((_, i) => i).sort((a, b) => (tags[a]?.left ?? 0) - (tags[b]?.left ?? 0));
  for (const i of order) {
    const tag = tags[i];
    const taken = tag === undefined ? undefined : ends[tag.line];
    if (tag === undefined || taken === undefined) continue;
    const free = taken.findIndex((end) => end <= tag.left);
    const lane = free < 0 ? taken.length : free;
    taken[lane] = tag.right;
    lanes[i] = lane;
  }
  return { lanes, depths: ends.map(({ length }) => length) };
}
