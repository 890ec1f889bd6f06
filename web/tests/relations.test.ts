import { describe, expect, it } from "vitest";

import type { Config, Json, Task } from "@/api/types";
import { merge, same } from "@/core/merge";
import { arrange as arrangeArcs, drawn, roomFor, STEP } from "@/interfaces/relations/arcs";
import {
  change,
  edit,
  relate,
  type Relation,
  type RelationWork,
  turned,
  without,
  withoutOdd,
} from "@/interfaces/relations/edit";
import { docOf, type End, spanEnd, unitAt, unitsOf, wordEnd } from "@/interfaces/relations/ends";
import { withSpans } from "@/interfaces/relations/follow";
import { lanesOf, type Places, placesOf, wordAt } from "@/interfaces/relations/places";
import { mark, relabel, remove, resize, type SpanWork } from "@/interfaces/spans/edit";
import { nerTask } from "@dev/samples";

const TEXT = "Ada Lovelace met Charles Babbage in London";
const SPANS: Json = [
  { start: 0, end: 12, token_start: 0, token_end: 1, label: "PERSON", note: 7 },
  { start: 36, end: 42, token_start: 6, token_end: 6, label: "PLACE" },
];
const BOTH: Config = { relations_span_labels: ["PERSON", "PLACE"] } as Config;
const ALONE: Config = {} as Config;

const task = (more: Task = {}): Task => ({ ...nerTask(TEXT), spans: SPANS, ...more });
const doc = docOf(task());

function word(place: number): End {
  const end = wordEnd(doc.tokens[place]);
  if (end === null) throw new Error(`no word ${place}`);
  return end;
}

function span(work: RelationWork, place: number): End {
  const found = work.spans[place];
  const end = found === undefined ? null : spanEnd(doc, found);
  if (end === null) throw new Error(`no span ${place}`);
  return end;
}

const started = (more: Task = {}, config = BOTH): RelationWork => edit.start(task(more), config);
const drawnTo = (work: RelationWork): [string, string, string][] =>
  work.relations.map(({ head, child, label }) => [words(head), words(child), label]);
const words = ({ start, end }: End): string => TEXT.slice(start, end);
const draw = (work: RelationWork, head: End, child: End, label = "IN"): RelationWork =>
  relate(work, { head, child, label, color: "#ffd882" });

describe("relations", () => {
  it("are stored as exports have them", () => {
    const work = started();
    const made = draw(draw(work, span(work, 0), word(3), "MET"), span(work, 0), span(work, 1));
    expect(drawnTo(made)).toEqual([
      ["Ada Lovelace", "Charles", "MET"],
      ["Ada Lovelace", "London", "IN"],
    ]);
    const { relations } = merge(task(), edit.changes(task(), made, ALONE));
    const ada = { start: 0, end: 12, token_start: 0, token_end: 1, label: "PERSON" };
    expect(relations).toEqual([
      {
        head: 1,
        child: 3,
        head_span: ada,
        child_span: { start: 17, end: 24, token_start: 3, token_end: 3, label: null },
        color: "#ffd882",
        label: "MET",
      },
      {
        head: 1,
        child: 6,
        head_span: ada,
        child_span: { start: 36, end: 42, token_start: 6, token_end: 6, label: "PLACE" },
        color: "#ffd882",
        label: "IN",
      },
    ]);
    expect(Object.keys((relations as Task[])[0] ?? {})).toEqual([
      "head",
      "child",
      "head_span",
      "child_span",
      "color",
      "label",
    ]);
  });

  it("of a task may name their tokens alone, and are kept to the letter", () => {
    const given: Json = [{ child: 6, head: 1, label: "IN", score: 0.5 }];
    const work = started({ relations: given });
    expect(drawnTo(work)).toEqual([["Ada Lovelace", "London", "IN"]]);
    expect(edit.changes(task({ relations: given }), work, ALONE)).toEqual({ set: {}, unset: [] });
    const [relation] = work.relations as [Relation];
    const next = change(work, relation, turned({ ...relation, label: "OF" }));
    const changed = merge(task({ relations: given }), edit.changes(task({ relations: given }), next, ALONE));
    expect(changed.relations).toEqual([
      expect.objectContaining({ child: 1, head: 6, label: "OF", score: 0.5 }),
    ]);
    expect((changed.relations as Task[])[0]).not.toHaveProperty("color");
  });

  it("are made once, and in both directions", () => {
    const work = draw(started(), word(2), word(3));
    expect(draw(work, word(2), word(3))).toBe(work);
    const both = draw(work, word(3), word(2));
    const [first] = both.relations as [Relation];
    expect(both.relations).toHaveLength(2);
    expect(change(both, first, turned(first))).toBe(both);
    expect(without(both, first).relations).toHaveLength(1);
  });

  it("that cannot be drawn are kept until they are removed", () => {
    const given: Json = [{ head: 99, child: 1, label: "X" }, "odd", { head: 2, child: 3, label: "Y" }];
    const work = started({ relations: given });
    expect(work.odd).toEqual([0, 1]);
    expect(drawnTo(work)).toEqual([["met", "Charles", "Y"]]);
    expect(edit.changes(task({ relations: given }), work, ALONE).set).toEqual({});
    const next = withoutOdd(work, 1);
    expect(
      merge(task({ relations: given }), edit.changes(task({ relations: given }), next, ALONE)).relations,
    ).toEqual([given[0], given[2]]);
  });

  it("come back from a draft, as the page or the server tells it", () => {
    const given: Json = [{ head: 1, child: 6, label: "IN", note: "mine" }];
    const start = started({ relations: given });
    const [relation] = start.relations as [Relation];
    const work = draw(change(start, relation, { ...relation, label: "AT" }), word(2), word(3));
    const changes = edit.changes(task({ relations: given }), work, BOTH);
    const again = edit.start(task({ relations: given }), BOTH, changes);
    expect(drawnTo(again)).toEqual(drawnTo(work));
    const told = merge(task({ relations: given }), changes);
    const whole = edit.start(task({ relations: given }), BOTH, {
      set: { relations: told.relations ?? null },
    });
    expect(whole.relations.map(({ origin }) => origin)).toEqual([0, null]);
    expect(
      same(merge(task({ relations: given }), edit.changes(task({ relations: given }), whole, BOTH)), told),
    ).toBe(true);
  });

  it("leave spans alone where those are not marked", () => {
    const work = started({}, ALONE);
    const moved = { ...work, spans: [] };
    expect(edit.changes(task(), moved, ALONE).set).toEqual({ relations: [] });
    expect(edit.changes(task(), moved, BOTH).set).toEqual({ relations: [], spans: [] });
    const writes = edit.writes as (task: Task, config: Config) => readonly string[];
    expect([writes(task(), ALONE), writes(task(), BOTH)]).toEqual([["relations"], ["relations", "spans"]]);
  });
});

describe("spans beside relations", () => {
  const start = started();
  const related = draw(draw(start, span(start, 0), span(start, 1)), word(2), span(start, 1), "AT");
  const after = (spans: SpanWork): [string, string, string][] => drawnTo(withSpans(doc, related, spans));
  const [ada, london] = related.spans as [SpanWork[number], SpanWork[number]];

  it("are told with their text and what they are", () => {
    const work = withSpans(
      doc,
      started(),
      mark(started().spans, { start: 17, end: 24, token_start: 3, token_end: 3 }, "PERSON"),
    );
    const { spans } = merge(task(), edit.changes(task(), work, BOTH));
    expect((spans as Task[])[1]).toEqual({
      text: "Charles",
      start: 17,
      token_start: 3,
      token_end: 3,
      end: 24,
      type: "span",
      label: "PERSON",
    });
    expect((spans as Task[])[0]).toEqual((SPANS as Task[])[0]);
  });

  it("take their relations along when they change", () => {
    const renamed = withSpans(doc, related, relabel(related.spans, london, "CITY"));
    expect(renamed.relations.map(({ child }) => child.label)).toEqual(["CITY", "CITY"]);
    const wider = resize(
      related.spans,
      london,
      { start: 33, end: 42, token_start: 5, token_end: 6 },
      { overlap: false },
    );
    expect(after(wider ?? [])).toEqual([
      ["Ada Lovelace", "in London", "IN"],
      ["met", "in London", "AT"],
    ]);
  });

  it("are drawn to when they are marked over words", () => {
    const over = mark(related.spans, { start: 13, end: 24, token_start: 2, token_end: 3 }, "X");
    expect(after(over)).toEqual([
      ["Ada Lovelace", "London", "IN"],
      ["met Charles", "London", "AT"],
    ]);
    const inside = draw(start, word(2), word(3));
    expect(drawnTo(withSpans(doc, inside, mark(inside.spans, { start: 13, end: 24 }, "X")))).toEqual([
      ["met", "Charles", "IN"],
    ]);
  });

  it("take over what they are marked over, and two that become one are not related", () => {
    const over = mark(related.spans, { start: 4, end: 16, token_start: 1, token_end: 2 }, "X");
    expect(after(over)).toEqual([
      ["Lovelace met", "London", "IN"],
      ["Lovelace met", "London", "AT"],
    ]);
    expect(after(mark(related.spans, { start: 0, end: 42, token_start: 0, token_end: 6 }, "X"))).toEqual([]);
  });

  it("take their relations with them when they are removed", () => {
    expect(after(remove(related.spans, ada))).toEqual([["met", "London", "AT"]]);
    expect(after(related.spans)).toEqual(drawnTo(related));
  });
});

describe("what can be picked", () => {
  it("are spans, and words outside of them that are not disabled", () => {
    const tokens = (nerTask(TEXT).tokens as Task[]).map((token, i) => ({
      ...token,
      disabled: i === 2 || i === 6,
    }));
    const disabled = docOf({ text: TEXT, tokens });
    const { spans } = edit.start({ text: TEXT, tokens, spans: SPANS }, BOTH);
    expect(unitsOf(disabled, spans).map(words)).toEqual(["Ada Lovelace", "Charles", "Babbage", "in"]);
    const at = (place: number): string | null => {
      const token = disabled.tokens[place];
      const unit = token === undefined ? null : unitAt(disabled, spans, token);
      return unit === null ? null : words(unit);
    };
    expect([0, 1, 2, 3, 6].map(at)).toEqual(["Ada Lovelace", "Ada Lovelace", null, "Charles", null]);
  });
});

describe("arcs", () => {
  const ground = { lines: 2, width: 400, rtl: false };
  const box = (left: number, line = 0): { line: number; left: number; right: number } => ({
    line,
    left,
    right: left + 40,
  });
  const arrow = (head: number, child: number) => ({ head: box(head), child: box(child), width: 30 });

  it("run over those that they span", () => {
    const { pieces, levels } = arrangeArcs([arrow(0, 300), arrow(100, 200), arrow(300, 220)], ground);
    expect(pieces.map(([piece]) => piece?.level)).toEqual([1, 0, 0]);
    expect(levels).toEqual([2, 0]);
  });

  it("stand beside each other on a word, those that go further inside", () => {
    const { pieces } = arrangeArcs([arrow(200, 300), arrow(200, 360), arrow(0, 200)], ground);
    const [near, far, left] = pieces.map(([piece]) => piece);
    const feet = [left?.child, far?.head, near?.head].map((x) => x ?? NaN);
    expect(feet).toEqual([...feet].sort((a, b) => a - b));
    expect(new Set(feet).size).toBe(3);
  });

  it("leave one line and come back on the other", () => {
    const down = { head: box(50), child: box(80, 1), width: 30 };
    const [[from, to] = []] = arrangeArcs([down], ground).pieces;
    expect([from?.line, from?.edge, to?.line, to?.edge]).toEqual([0, 400, 1, 0]);
    const [[start, end] = []] = arrangeArcs([down], { ...ground, rtl: true }).pieces;
    expect([start?.edge, end?.edge]).toEqual([0, 400]);
  });

  it("keep their labels inside the text and apart from each other", () => {
    const { pieces } = arrangeArcs(
      [
        { ...arrow(0, 45), width: 120 },
        { ...arrow(60, 110), width: 120 },
      ],
      ground,
    );
    expect(pieces[0]?.[0]?.labels).toEqual([60]);
    expect(pieces.map(([piece]) => piece?.level).sort()).toEqual([0, 1]);
  });

  it("are paths with a tip at the child", () => {
    const [[piece] = []] = arrangeArcs([arrow(0, 300)], ground).pieces;
    if (piece === undefined) throw new Error("no piece");
    const { line, tip, xs, y } = drawn(piece, { tops: [100, 200], steps: [STEP, STEP] });
    expect(line).toMatch(/^M20 98V89Q20 83 26 83H314Q320 83 320 89V98$/);
    expect([tip.startsWith("M315.5"), xs, y]).toEqual([true, [170], 83]);
    const [[loop] = []] = arrangeArcs([arrow(100, 100)], ground).pieces;
    expect([loop?.head, loop?.child]).toEqual([107, 133]);
  });

  it("that do not fit into a window have a label near either end", () => {
    const [[piece] = []] = arrangeArcs([arrow(0, 3000)], { lines: 1, width: 3040, rtl: false }).pieces;
    expect(piece?.labels).toEqual([170, 2870]);
  });

  it("fill the room that they are given", () => {
    expect(roomFor(0, 150)).toEqual({ room: 0, step: STEP });
    expect(roomFor(2, 0).step).toBe(STEP);
    expect(roomFor(2, 150).room).toBe(150);
  });

  it("of hundreds are laid out in a moment", () => {
    const many = Array.from({ length: 500 }, (_, i) => arrow((i * 37) % 9000, (i * 91) % 9000));
    const { pieces, levels } = arrangeArcs(many, { lines: 1, width: 9040, rtl: false });
    const flat = pieces.flat();
    for (const [i, one] of flat.entries()) {
      for (const other of flat.slice(i + 1)) {
        if (one.level !== other.level) continue;
        const [a, b] = [one, other].map(({ head, child }) => [
          Math.min(head ?? 0, child ?? 0),
          Math.max(head ?? 0, child ?? 0),
        ]);
        expect((a?.[1] ?? 0) <= (b?.[0] ?? 0) || (b?.[1] ?? 0) <= (a?.[0] ?? 0)).toBe(true);
      }
    }
    expect(levels[0]).toBeLessThan(300);
  });
});

describe("words on the screen", () => {
  const rect = (left: number, top: number): { left: number; right: number; top: number; bottom: number } => ({
    left,
    right: left + 30,
    top,
    bottom: top + 20,
  });
  const places: Places = placesOf([rect(0, 10), rect(40, 11), null, rect(0, 60)], 100);

  it("stand on lines", () => {
    expect(places.firsts).toEqual([0, 3]);
    expect(places.words.map((one) => one?.line)).toEqual([0, 0, undefined, 1]);
  });

  it("are found near a point", () => {
    const tops = [10, 60];
    expect([
      wordAt(places, tops, 45, 15),
      wordAt(places, tops, 33, 15),
      wordAt(places, tops, 95, 15),
    ]).toEqual([1, 0, -1]);
  });

  it("have names under them in lanes", () => {
    const tags = [
      { line: 0, left: 0, right: 50 },
      { line: 0, left: 40, right: 60 },
      { line: 0, left: 55, right: 90 },
      { line: 1, left: 0, right: 10 },
    ];
    expect(lanesOf(tags, 2)).toEqual({ lanes: [0, 1, 0, 0], depths: [2, 1] });
  });
});
