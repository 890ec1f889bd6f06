/**
 * Where arcs run above the words: pure geometry. All lengths are CSS pixels, x from the left of the text, y from
 * its top. An arc between two lines has a piece on either, which run to the line's edge.
 */

/** Where an end stands. */
export interface Box {
  line: number;
  left: number;
  right: number;
}

export interface Arrow {
  head: Box;
  child: Box;
  /** Of its label. */
  width: number;
}

export interface Piece {
  line: number;
  /** From 0; higher ones run over lower ones. */
  level: number;
  /** Null where that end is on another line. */
  head: number | null;
  child: number | null;
  /** Where it leaves the line; null where both ends are on it. */
  edge: number | null;
  /** Middles of its labels: long ones have one near either end. */
  labels: readonly number[];
}

export interface Ground {
  /** How many lines there are. */
  lines: number;
  /** Width of the text. */
  width: number;
  rtl: boolean;
}

/** Height of a level, at the least. */
export const STEP = 23;
/** From the words up to the lowest level. */
const LIFT = 15;
const GAP = 11;
const LOOP = 13;
const ROOM = 4;
/** From here on an arc does not fit into a window, and one label would mostly be out of sight. */
const LONG = 900;
const NEAR = 150;

interface Anchor {
  arrow: number;
  side: "head" | "child";
  /** How far to the side it goes; less than 0 to the left. */
  reach: number;
}

interface Draft extends Piece {
  arrow: number;
  from: number;
  to: number;
}

/** The pieces of every arrow, and how many levels each line has. */
export function arrange(arrows: readonly Arrow[], ground: Ground): { pieces: Piece[][]; levels: number[] } {
  const feet = anchors(arrows, ground);
  const drafts = arrows.flatMap((arrow, i) => draftsOf(arrow, i, feet, ground));
  const levels = Array.from({ length: ground.lines }, () => 0);
  for (const [line, on] of byLine(drafts, ground.lines).entries()) levels[line] = stack(on);
  const pieces: Piece[][] = arrows.map(() => []);
  for (const draft of drafts) pieces[draft.arrow]?.push(draft);
  return { pieces, levels };
}

function byLine(drafts: readonly Draft[], lines: number): Draft[][] {
  const found: Draft[][] = Array.from({ length: lines }, () => []);
  for (const draft of drafts) found[draft.line]?.push(draft);
  return found;
}

const middle = ({ left, right }: Box): number => (left + right) / 2;
const footOf = (arrow: number, side: "head" | "child"): string => `${arrow} ${side}`;
const onOneBox = ({ head, child }: Arrow): boolean =>
  head.line === child.line && head.left === child.left && head.right === child.right;

/** Where an arrow leaves a line for the other one: onwards at its end, or back at its start. */
function edgeOf(from: Box, to: Box, { rtl, width }: Ground): number {
  return to.line > from.line !== rtl ? width : 0;
}

/** Where each arrow stands on its boxes. Side by side, so that those on one box do not cross. */
function anchors(arrows: readonly Arrow[], ground: Ground): Map<string, number> {
  const boxes = new Map<string, { box: Box; on: Anchor[] }>();
  const put = (box: Box, anchor: Anchor): void => {
    const key = `${box.line} ${box.left} ${box.right}`;
    const found = boxes.get(key) ?? { box, on: [] };
    found.on.push(anchor);
    boxes.set(key, found);
  };
  arrows.forEach((arrow, i) => {
    if (onOneBox(arrow)) return;
    const { head, child } = arrow;
    const reach = (from: Box, to: Box): number =>
      (from.line === to.line ? middle(to) : edgeOf(from, to, ground)) - middle(from);
    put(head, { arrow: i, side: "head", reach: reach(head, child) });
    put(child, { arrow: i, side: "child", reach: reach(child, head) });
  });
  const feet = new Map<string, number>();
  for (const { box, on } of boxes.values()) stand(box, on, feet);
  return feet;
}

/** Those that go left stand left of those that go right; the shorter ones further out. */
function stand(box: Box, on: Anchor[], feet: Map<string, number>): void {
  const [left, right] = [on.filter(({ reach }) => reach < 0), on.filter(({ reach }) => reach >= 0)];
  const farFirst = (a: Anchor, b: Anchor): number => b.reach - a.reach;
  const sorted = [...left.sort(farFirst), ...right.sort(farFirst)];
  const room = Math.max(0, box.right - box.left - 2 * ROOM);
  const gap = sorted.length < 2 ? 0 : Math.min(GAP, room / (sorted.length - 1));
  sorted.forEach(({ arrow, side }, i) => {
    feet.set(footOf(arrow, side), middle(box) + (i - (sorted.length - 1) / 2) * gap);
  });
}

function draftsOf(arrow: Arrow, i: number, feet: Map<string, number>, ground: Ground): Draft[] {
  const { head, child, width } = arrow;
  const at = (side: "head" | "child"): number => feet.get(footOf(i, side)) ?? middle(arrow[side]);
  if (onOneBox(arrow)) {
    const x = middle(head);
    return [draft(i, head.line, { head: x - LOOP, child: x + LOOP, edge: null }, width, ground)];
  }
  if (head.line === child.line) {
    return [draft(i, head.line, { head: at("head"), child: at("child"), edge: null }, width, ground)];
  }
  return [
    draft(i, head.line, { head: at("head"), child: null, edge: edgeOf(head, child, ground) }, width, ground),
    draft(
      i,
      child.line,
      { head: null, child: at("child"), edge: edgeOf(child, head, ground) },
      width,
      ground,
    ),
  ];
}

type Feet = Pick<Piece, "head" | "child" | "edge">;

/** A piece with the stretch that it takes, its label included; the label stays inside the text. */
function draft(arrow: number, line: number, feet: Feet, width: number, ground: Ground): Draft {
  const xs = [feet.head, feet.child, feet.edge].filter((x) => x !== null);
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const half = width / 2;
  const inside = (x: number): number => Math.max(half, Math.min(x, Math.max(half, ground.width - half)));
  const labels = (high - low > LONG ? [low + NEAR, high - NEAR] : [(low + high) / 2]).map(inside);
  const from = Math.min(low, ...labels.map((x) => x - half)) - ROOM / 2;
  const to = Math.max(high, ...labels.map((x) => x + half)) + ROOM / 2;
  return { ...feet, arrow, line, level: 0, labels, from, to };
}

/** Gives the pieces of a line their levels; how many there are. */
function stack(pieces: Draft[]): number {
  const sorted = [...pieces].sort((a, b) => a.to - a.from - (b.to - b.from) || a.from - b.from);
  let levels = 0;
  sorted.forEach((piece, i) => {
    const taken = new Set<number>();
    let least = 0;
    for (let k = 0; k < i; k += 1) {
      const other = sorted[k];
      if (other === undefined || other.to <= piece.from || other.from >= piece.to) continue;
      if (other.from >= piece.from && other.to <= piece.to) least = Math.max(least, other.level + 1);
      else taken.add(other.level);
    }
    while (taken.has(least)) least += 1;
    piece.level = least;
    levels = Math.max(levels, least + 1);
  });
  return levels;
}

// ------------------------------------------------------------ paths

export interface Drawn {
  /** The line of the arc. */
  line: string;
  /** The arrow head at the child's end; empty where the child is on another line. */
  tip: string;
  /** Middles of its labels. */
  xs: readonly number[];
  y: number;
}

export interface Heights {
  /** Top of the words of each line. */
  tops: readonly number[];
  /** Height of a level on each line. */
  steps: readonly number[];
}

/** What stands over the highest level: half a label. */
const CAP = 16;

/** Room above the words of a line, and the height of its levels; `least` is the room it has in any case. */
export function roomFor(levels: number, least: number): { room: number; step: number } {
  if (levels === 0) return { room: 0, step: STEP };
  const needed = (step: number): number => LIFT + levels * step - STEP + CAP;
  const step = Math.max(STEP, (least - LIFT - CAP + STEP) / levels);
  return { room: needed(step), step };
}

const TIP = 4.5;

/** A piece as paths of SVG. */
export function drawn(piece: Piece, { tops, steps }: Heights): Drawn {
  const foot = (tops[piece.line] ?? 0) - 2;
  const y = round(foot - LIFT - (piece.level + 1) * (steps[piece.line] ?? STEP) + STEP);
  const { head, child, edge } = piece;
  const ends = [head, child].filter((x) => x !== null);
  const line =
    edge === null ? bracket(ends[0] ?? 0, ends[1] ?? 0, foot, y) : hook(ends[0] ?? 0, edge, foot, y);
  return { line, tip: child === null ? "" : tip(child, foot), xs: piece.labels.map(round), y };
}

function bracket(from: number, to: number, foot: number, y: number): string {
  const way = to < from ? -1 : 1;
  const r = Math.min(6, Math.abs(to - from) / 2) * way;
  const down = Math.abs(r);
  return (
    `M${round(from)} ${foot}V${y + down}Q${round(from)} ${y} ${round(from + r)} ${y}` +
    `H${round(to - r)}Q${round(to)} ${y} ${round(to)} ${y + down}V${foot}`
  );
}

function hook(at: number, edge: number, foot: number, y: number): string {
  const r = Math.min(6, Math.abs(edge - at)) * (edge < at ? -1 : 1);
  return `M${round(at)} ${foot}V${y + Math.abs(r)}Q${round(at)} ${y} ${round(at + r)} ${y}H${round(edge)}`;
}

function tip(x: number, foot: number): string {
  return `M${round(x - TIP)} ${foot - TIP * 1.5}H${round(x + TIP)}L${round(x)} ${foot + 1}Z`;
}

function round(x: number): number {
  return Math.round(x * 10) / 10;
}
