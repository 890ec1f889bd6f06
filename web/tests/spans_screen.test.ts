import { describe, expect, it } from "vitest";

import { blocksOf } from "@/interfaces/spans/blocks";
import { documentOf, moveBorder, occurrences } from "@/interfaces/spans/document";
import { edit, inOrder, markAll, resize, type Span, type SpanWork } from "@/interfaces/spans/edit";
import { withMet } from "@/interfaces/spans/labels";
import { type Laid, labelWidth, NO_SPANS, relaid } from "@/interfaces/spans/lanes";
import { type Lines, stepAtEdge, stepBeside } from "@/interfaces/spans/lines";
import { nerTask } from "@dev/samples";

const WORDS = { newlines: false };

function span(start: number, end: number, label = "A"): Span {
  return { start, end, label, origin: null };
}

describe("a border", () => {
  const doc = documentOf(nerTask("one two three"), false);

  it("moves by a token, with the ids of the tokens", () => {
    const two = { start: 4, end: 7 };
    expect(moveBorder(doc, two, "end", 1, WORDS)).toEqual({
      start: 4,
      end: 13,
      token_start: 1,
      token_end: 2,
    });
    expect(moveBorder(doc, two, "start", -1, WORDS)).toMatchObject({ start: 0, end: 7 });
    expect(moveBorder(doc, { start: 0, end: 7 }, "start", 1, WORDS)).toMatchObject({ start: 4, end: 7 });
    expect(moveBorder(doc, { start: 0, end: 7 }, "end", -1, WORDS)).toMatchObject({ start: 0, end: 3 });
  });

  it("neither leaves the text nor crosses the other one", () => {
    expect(moveBorder(doc, { start: 0, end: 3 }, "start", -1, WORDS)).toBeNull();
    expect(moveBorder(doc, { start: 8, end: 13 }, "end", 1, WORDS)).toBeNull();
    expect(moveBorder(doc, { start: 4, end: 7 }, "start", 1, WORDS)).toBeNull();
    expect(moveBorder(doc, { start: 4, end: 7 }, "end", -1, WORDS)).toBeNull();
  });

  it("does not take in what is disabled", () => {
    const task = nerTask("one two three");
    const tokens = Array.isArray(task.tokens) ? [...task.tokens] : [];
    tokens[1] = { ...(tokens[1] as object), disabled: true };
    const read = documentOf({ ...task, tokens }, false);
    expect(moveBorder(read, { start: 0, end: 3 }, "end", 1, WORDS)).toBeNull();
  });

  it("that is beside the tokens comes to the next one", () => {
    expect(moveBorder(doc, { start: 5, end: 6 }, "end", 1, WORDS)).toMatchObject({ start: 5, end: 7 });
  });
});

describe("the same words", () => {
  it("are found as whole tokens, apart from each other and from the given ones", () => {
    const doc = documentOf(nerTask("Ada met Adam . Ada met Ada"), false);
    const places = occurrences(doc, { start: 0, end: 3 });
    expect(places.map(({ start }) => start)).toEqual([15, 23]);
    expect(places[0]).toMatchObject({ token_start: 4, token_end: 4 });
  });

  it("do not overlap", () => {
    const doc = documentOf(nerTask("a b a b a"), false);
    expect(occurrences(doc, { start: 0, end: 5 })).toEqual([]);
    const more = documentOf(nerTask("x x x x x"), false);
    expect(occurrences(more, { start: 0, end: 3 }).map(({ start }) => start)).toEqual([4]);
  });

  it("are marked where nothing is in the way", () => {
    const work = [span(4, 9, "B")];
    const marked = markAll(work, [span(0, 3), span(4, 7)], "A", { overlap: false });
    expect(marked).toMatchObject({ marked: 1, left: 1 });
    expect(markAll(work, [span(0, 3), span(4, 7)], "A", { overlap: true })).toMatchObject({ marked: 2 });
  });
});

describe("resizing", () => {
  const [first, second] = [span(0, 4), span(6, 9)];
  const work = [first, second];

  it("stops at a neighbour unless spans may overlap", () => {
    expect(resize(work, first, { start: 0, end: 7 }, { overlap: false })).toBeNull();
    expect(resize(work, first, { start: 0, end: 7 }, { overlap: true })).toMatchObject([{ end: 7 }, {}]);
  });

  it("leaves the other spans the same, and the work where nothing changes", () => {
    expect(resize(work, first, { start: 1, end: 4 }, { overlap: false })?.[1]).toBe(second);
    expect(resize(work, first, { start: 0, end: 4 }, { overlap: false })).toBe(work);
  });

  it("drops token ids that are not those of the new borders", () => {
    const given = {
      text: "abc def",
      spans: [{ start: 0, end: 3, token_start: 0, token_end: 0, label: "A" }],
    };
    const start = edit.start(given, {});
    const [one] = start;
    if (one === undefined) throw new Error("no span");
    const next = resize(start, one, { start: 1, end: 3 }, { overlap: true });
    expect(edit.changes(given, next ?? [], {}).set.spans).toEqual([
      { $keep: 0, set: { start: 1, end: 3 }, unset: ["token_start", "token_end"] },
    ]);
  });
});

describe("lanes", () => {
  const none = (): number => 0;
  const lanes = (spans: Span[], width = none): number[] => {
    const { laid } = relaid(NO_SPANS, inOrder(spans), width);
    return spans.map((one) => laid.lanes[laid.spans.indexOf(one)] ?? -1);
  };

  it("part what overlaps, outer spans first, and are used again", () => {
    expect(lanes([span(0, 10), span(0, 4), span(2, 3), span(5, 8), span(10, 12)])).toEqual([0, 1, 2, 1, 0]);
  });

  it("leave room for labels that are longer than their words", () => {
    const near = [span(0, 2, "ORGANISATION"), span(3, 5)];
    expect(lanes(near)).toEqual([0, 0]);
    expect(lanes(near, labelWidth as () => number)).toEqual([0, 1]);
  });

  it("are those of a fresh start after every change, and nothing else is told to differ", () => {
    let seed = 7;
    const random = (most: number): number => (seed = (seed * 48271) % 2147483647) % most;
    let work: SpanWork = [];
    let laid: Laid = NO_SPANS;
    for (let step = 0; step < 500; step += 1) {
      const start = random(120);
      const victim = work[random(work.length + 1)];
      const kept = step % 3 === 0 ? work.filter((one) => one !== victim) : work;
      work = [...kept, span(start, start + 1 + random(9), "ABCDEFGH".slice(random(7)))];
      if (step % 60 === 59) work = [];
      const { laid: next, first, before, after } = relaid(laid, inOrder(work), labelWidth);
      expect(next).toEqual(relaid(NO_SPANS, inOrder(work), labelWidth).laid);
      const outside = ({ spans, lanes }: Laid, until: number): unknown =>
        spans.flatMap((one, at) => (at < first || at >= until ? [[one, lanes[at]]] : []));
      expect(outside(next, after)).toEqual(outside(laid, before));
      laid = next;
    }
  });

  it("far from a change are left alone", () => {
    const old = [span(0, 4), span(20, 24), span(22, 26), span(40, 44), span(60, 64)];
    const { laid } = relaid(NO_SPANS, old, none);
    const [a, b, c, d, e] = old as [Span, Span, Span, Span, Span];
    const change = relaid(laid, [a, b, c, span(23, 25), d, e], none);
    expect(change).toMatchObject({ first: 1, before: 3, after: 4 });
  });
});

describe("blocks", () => {
  function whole(text: string): string[] {
    const blocks = blocksOf(text);
    expect(blocks.map(({ start, end }) => text.slice(start, end)).join("")).toBe(text);
    return blocks.map(({ start, end }) => text.slice(start, end));
  }

  it("are whole lines", () => {
    const lines = Array.from({ length: 40 }, (_, n) => `Line ${n} of a text that goes on and on.\n`);
    expect(whole(lines.join("")).every((block) => block.endsWith("\n") && block.length <= 480)).toBe(true);
    expect(whole("")).toEqual([]);
    expect(whole("short")).toEqual(["short"]);
  });

  it("of one long line end with sentences, else with words, and never inside a character", () => {
    expect(whole("This is a sentence. ".repeat(200)).every((block) => block.endsWith(". "))).toBe(true);
    expect(whole("word ".repeat(800)).every((block) => block.endsWith(" "))).toBe(true);
    expect(whole(`a${"👍".repeat(2000)}`).every((block) => !/^[\udc00-\udfff]/.test(block))).toBe(true);
  });
});

describe("lines on the screen", () => {
  /** Ten letters wide: words of "aaa bbb" as they would be set. */
  function lines(words: string[][], blank: (step: number) => boolean = () => false): Lines {
    const places = words.flatMap((line, y) => {
      let x = 0;
      return line.map((word) => {
        const left = x;
        x += word.length + 1;
        return { left, right: x - 1, top: y * 10, bottom: y * 10 + 8 };
      });
    });
    return { count: places.length, placeOf: (at) => places[at] ?? null, blank };
  }
  const set = lines([["one", "two", "three"], ["a"], ["four", "five", "six"]]);

  it("are entered where they are nearest", () => {
    expect(stepBeside(set, 2, 1)).toBe(3);
    expect(stepBeside(set, 3, 1)).toBe(4);
    expect(stepBeside(set, 6, -1)).toBe(3);
    expect(
      stepBeside(
        lines([
          ["one", "two"],
          ["three", "x"],
        ]),
        1,
        1,
      ),
    ).toBe(2);
    expect(
      stepBeside(
        lines([
          ["one", "two"],
          ["x", "three"],
        ]),
        1,
        1,
      ),
    ).toBe(3);
  });

  it("end somewhere", () => {
    expect(stepBeside(set, 1, -1)).toBeNull();
    expect(stepBeside(set, 5, 1)).toBeNull();
    expect([stepAtEdge(set, 1, 1), stepAtEdge(set, 1, -1), stepAtEdge(set, 5, 1)]).toEqual([2, 0, 6]);
  });

  it("that are blank are passed over", () => {
    expect(
      stepBeside(
        lines([["one"], ["-"], ["two"]], (at) => at === 1),
        0,
        1,
      ),
    ).toBe(2);
  });
});

describe("labels without a label set", () => {
  it("have places of their own, the same in every task", () => {
    const first = withMet(["X"], [span(0, 1, "B"), span(1, 2, "X"), span(2, 3, "A")]);
    expect(first).toEqual(["X", "B", "A"]);
    expect(withMet(["X"], [span(0, 1, "C"), span(1, 2, "A")])).toEqual(["X", "B", "A", "C"]);
  });
});
