/** Everything that stands over and under the words: arcs with their labels, bands of spans with theirs. */

import { arrange, type Arrow, type Drawn, drawn, roomFor } from "@/interfaces/relations/arcs";
import type { Relation } from "@/interfaces/relations/edit";
import { type End, placeOf } from "@/interfaces/relations/ends";
import { boxesOf, boxOf, lanesOf, type Places, type Tag } from "@/interfaces/relations/places";
import type { Document } from "@/interfaces/spans/document";

export interface Arc {
  relation: Relation;
  pieces: Drawn[];
  /** Of its label. */
  width: number;
}

export interface Band {
  end: End;
  /** Parts of the span, one for each line. */
  boxes: Rect[];
  /** Where its name begins, at the side where the text does. */
  x: number;
  y: number;
}

export interface Rect {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** What is known before lines have their places: how much room each needs. */
export interface Plan {
  arcs: { relation: Relation; arrow: number; width: number }[];
  pieces: ReturnType<typeof arrange>["pieces"];
  rooms: number[];
  steps: number[];
  tags: { end: End; tag: Tag; lane: number; from: number; to: number }[];
  depths: number[];
}

export interface Look {
  rtl: boolean;
  /** Room above a line with arcs, at the least. */
  least: number;
  /** Width of a label on an arc, and of a span's name. */
  arcWidth: (label: string) => number;
  tagWidth: (label: string) => number;
}

/** Height of a lane for names of spans. */
export const LANE = 19;
const BESIDE = 3;

export function planned(
  doc: Document,
  places: Places,
  relations: readonly Relation[],
  spans: readonly End[],
  look: Look,
): Plan {
  const arrows: Arrow[] = [];
  const arcs = relations.flatMap((relation) => {
    const [head, child] = [boxFor(doc, places, relation.head), boxFor(doc, places, relation.child)];
    if (head === null || child === null) return [];
    const width = look.arcWidth(relation.label);
    arrows.push({ head, child, width });
    return [{ relation, arrow: arrows.length - 1, width }];
  });
  const lines = places.firsts.length;
  const { pieces, levels } = arrange(arrows, { lines, width: places.width, rtl: look.rtl });
  const rooms = levels.map((count) => roomFor(count, look.least));
  const tags = spans.flatMap((end) => tagFor(doc, places, end, look));
  const { lanes, depths } = lanesOf(
    tags.map(({ tag }) => tag),
    lines,
  );
  return {
    arcs,
    pieces,
    rooms: rooms.map(({ room }) => room),
    steps: rooms.map(({ step }) => step),
    tags: tags.map((one, i) => ({ ...one, lane: lanes[i] ?? 0 })),
    depths,
  };
}

function placesIn(doc: Document, end: End): [number, number] {
  return [placeOf(doc, end.token_start), placeOf(doc, end.token_end)];
}

function boxFor(doc: Document, places: Places, end: End): ReturnType<typeof boxOf> {
  const [from, to] = placesIn(doc, end);
  return from < 0 || to < from ? null : boxOf(places, from, to);
}

function tagFor(doc: Document, places: Places, end: End, look: Look): Omit<Plan["tags"][number], "lane">[] {
  const [from, to] = placesIn(doc, end);
  const [box] = from < 0 || to < from ? [] : boxesOf(places, from, to);
  if (box === undefined) return [];
  const width = look.tagWidth(end.label ?? "");
  const left = look.rtl ? box.right - width : box.left;
  return [{ end, tag: { line: box.line, left, right: left + width + BESIDE }, from, to }];
}

/** The arcs; those that run as `before` are the same objects, and nothing of them is drawn again. */
export function arcsOf(
  { arcs, pieces, steps }: Plan,
  tops: readonly number[],
  before: readonly Arc[],
): Arc[] {
  const known = new Map(before.map((arc) => [arc.relation, arc]));
  return arcs.map(({ relation, arrow, width }) => {
    const made = {
      relation,
      width,
      pieces: (pieces[arrow] ?? []).map((piece) => drawn(piece, { tops, steps })),
    };
    const old = known.get(relation);
    return old !== undefined && runsAlike(old, made) ? old : made;
  });
}

function runsAlike(a: Arc, b: Arc): boolean {
  if (a.width !== b.width || a.pieces.length !== b.pieces.length) return false;
  return a.pieces.every((piece, i) => {
    const other = b.pieces[i];
    return piece.line === other?.line && piece.tip === other.tip && piece.xs.join() === other.xs.join();
  });
}

export function bandsOf(plan: Plan, places: Places, tops: readonly number[], height: number): Band[] {
  return plan.tags.map(({ end, tag, lane, from, to }) => ({
    end,
    boxes: boxesOf(places, from, to).map((box) => rectOf(box, tops, height)),
    x: tag.left,
    y: (tops[tag.line] ?? 0) + height + lane * LANE + 1,
  }));
}

/** The boxes of an end on the screen. */
export function rectsOf(
  doc: Document,
  places: Places,
  end: Pick<End, "token_start" | "token_end">,
  tops: readonly number[],
  height: number,
): Rect[] {
  const [from, to] = [placeOf(doc, end.token_start), placeOf(doc, end.token_end)];
  return from < 0 || to < from ? [] : boxesOf(places, from, to).map((box) => rectOf(box, tops, height));
}

function rectOf(
  { line, left, right }: { line: number; left: number; right: number },
  tops: readonly number[],
  height: number,
): Rect {
  const top = tops[line] ?? 0;
  return { left: left - BESIDE, top: top - 1, width: right - left + 2 * BESIDE, height: height + 2 };
}
