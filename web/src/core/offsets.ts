/**
 * Python counts code points, JavaScript UTF-16 units. Everything stored uses code points; everything on
 * screen uses units. A lone surrogate is one code point and one unit on both sides.
 */

export interface Offsets {
  /** Length in code points. */
  readonly length: number;
  toUnits(point: number): number;
  /** A unit inside a surrogate pair belongs to the code point it is part of. */
  toPoints(unit: number): number;
}

const ASTRAL = /[\u{10000}-\u{10ffff}]/u;

export function offsetsOf(text: string): Offsets {
  return ASTRAL.test(text) ? counted(text) : { length: text.length, toUnits: same, toPoints: same };
}

function same(offset: number): number {
  return offset;
}

function counted(text: string): Offsets {
  const units = new Uint32Array(text.length + 1);
  let points = 0;
  for (let unit = 0; unit < text.length; points += 1) {
    units[points] = unit;
    unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
  }
  units[points] = text.length;
  const starts = units.subarray(0, points + 1);
  return {
    length: points,
    toUnits: (point) => starts[Math.max(0, Math.min(point, points))] ?? text.length,
    toPoints: (unit) => lastAtOrBefore(starts, unit),
  };
}

/** Index of the last element that is not greater than `value`; elements ascend, the first is 0. */
function lastAtOrBefore(ascending: Uint32Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((ascending[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

const STRONG = /[\p{Letter}]/u;
const RIGHT_TO_LEFT =
  /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

/** The direction of a text, from its first letter, as browsers find it for `dir="auto"`. */
export function directionOf(text: string): "ltr" | "rtl" {
  const letter = STRONG.exec(text)?.[0];
  return letter !== undefined && RIGHT_TO_LEFT.test(letter) ? "rtl" : "ltr";
}
