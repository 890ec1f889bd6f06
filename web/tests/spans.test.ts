import { describe, expect, it } from "vitest";

import type { Json, Task } from "@/api/types";
import { merge } from "@/core/merge";
import { extent, moved, placed } from "@/interfaces/spans/cursor";
import { documentOf, snap } from "@/interfaces/spans/document";
import { arrange, edit, mark, relabel, remove, spanAt } from "@/interfaces/spans/edit";
import { nerTask } from "@dev/samples";

const TOKENS = { characters: false, newlines: false };

function at(text: string, covered: string): [number, number] {
  const start = [...text.slice(0, text.indexOf(covered))].length;
  return [start, start + [...covered].length];
}

describe("snapping", () => {
  const text = "Ada 👩🏽‍🔬 met Bob\nin São Paulo";
  const doc = documentOf(nerTask(text), false);

  it("widens to whole tokens and knows their ids", () => {
    const [start, end] = at(text, "met Bob");
    expect(snap(doc, start + 1, end - 1, TOKENS)).toEqual({ start, end, token_start: 2, token_end: 3 });
    expect(snap(doc, end - 1, start + 1, TOKENS)).toEqual({ start, end, token_start: 2, token_end: 3 });
  });

  it("counts an emoji with modifiers as Python does", () => {
    const [start, end] = at(text, "👩🏽‍🔬");
    expect(end - start).toBe(4);
    expect(snap(doc, start + 1, start + 2, TOKENS)).toMatchObject({ start, end });
  });

  it("finds nothing between tokens", () => {
    expect(snap(doc, 3, 4, TOKENS)).toBeNull();
    expect(snap(documentOf({ text: "" }, false), 0, 0, TOKENS)).toBeNull();
  });

  it("leaves newline tokens out at the ends unless they may be marked", () => {
    const lines: Task = {
      text: "a\nb",
      tokens: [
        { text: "a", start: 0, end: 1, id: 0, ws: false },
        { text: "\n", start: 1, end: 2, id: 1, ws: false },
        { text: "b", start: 2, end: 3, id: 2, ws: false },
      ],
    };
    const read = documentOf(lines, false);
    expect(snap(read, 0, 2, TOKENS)).toMatchObject({ start: 0, end: 1 });
    expect(snap(read, 1, 2, TOKENS)).toBeNull();
    expect(snap(read, 0, 3, TOKENS)).toMatchObject({ start: 0, end: 3, token_end: 2 });
    expect(snap(read, 1, 2, { ...TOKENS, newlines: true })).toMatchObject({ token_start: 1 });
  });

  it("refuses disabled tokens", () => {
    const task = nerTask("one two three");
    (task.tokens as Task[])[1] = { ...(task.tokens as Task[])[1], disabled: true };
    const read = documentOf(task, false);
    expect(snap(read, 0, 13, TOKENS)).toBeNull();
    expect(snap(read, 0, 2, TOKENS)).toMatchObject({ start: 0, end: 3 });
  });

  it("splits at white space where a task has no tokens, and stores no ids", () => {
    expect(snap(documentOf({ text: "São Paulo" }, false), 1, 2, TOKENS)).toEqual({ start: 0, end: 3 });
  });

  it("takes characters as they are read: letters with their accents", () => {
    const plain: Task = { text: "ne\u0301e" };
    const read = documentOf(plain, true);
    expect(snap(read, 2, 3, { ...TOKENS, characters: true })).toEqual({ start: 1, end: 3 });
  });

  it("gives token ids to characters only where the borders agree", () => {
    const task = nerTask("over the top");
    const read = documentOf(task, true);
    const characters = { ...TOKENS, characters: true };
    expect(snap(read, 5, 8, characters)).toEqual({ start: 5, end: 8, token_start: 1, token_end: 1 });
    expect(snap(read, 5, 7, characters)).toEqual({ start: 5, end: 7 });
  });

  it("stays fast on a long document", () => {
    const long = documentOf(nerTask("word ".repeat(20_000).trim()), false);
    const started = performance.now();
    for (let i = 0; i < 2_000; i += 1) snap(long, i * 40, i * 40 + 9, TOKENS);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe("spans", () => {
  const task: Task = {
    text: "Ada Lovelace met Bob in London",
    spans: [
      { start: 0, end: 12, token_start: 0, token_end: 1, label: "PERSON", score: 0.9 },
      { start: 24, end: 30, label: "PLACE", source: "m" },
    ],
  };

  it("that nobody touched are not sent", () => {
    const work = edit.start(task, {});
    expect(edit.changes(task, work, {})).toEqual({ set: {}, unset: [] });
  });

  it("are copied by the server unless they are new", () => {
    const work = mark(edit.start(task, {}), { start: 17, end: 20, token_start: 3, token_end: 3 }, "PERSON");
    expect(edit.changes(task, work, {}).set.spans).toEqual([
      { $keep: 0 },
      { start: 17, end: 20, token_start: 3, token_end: 3, label: "PERSON" },
      { $keep: 1 },
    ]);
  });

  it("keep their other keys when the label changes", () => {
    const work = edit.start(task, {});
    const [first] = work;
    if (first === undefined) throw new Error("no span");
    const changes = edit.changes(task, relabel(work, first, "ORG"), {});
    expect(changes.set.spans).toEqual([{ $keep: 0, set: { label: "ORG" } }, { $keep: 1 }]);
    expect(merge(task, changes).spans).toMatchObject([{ label: "ORG", score: 0.9 }, { source: "m" }]);
  });

  it("make way for a new one that overlaps them", () => {
    const work = mark(edit.start(task, {}), { start: 4, end: 16 }, "X");
    expect(work.map((span) => span.label)).toEqual(["PLACE", "X"]);
  });

  it("change label when the same stretch is marked again", () => {
    const work = mark(edit.start(task, {}), { start: 24, end: 30 }, "ORG");
    expect(work).toHaveLength(2);
    expect(spanAt(work, 25)).toMatchObject({ label: "ORG", origin: 1 });
  });

  it("can be removed to the last, and an empty list is an answer", () => {
    let work = edit.start(task, {});
    for (const span of work) work = remove(work, span);
    expect(edit.changes(task, work, {}).set.spans).toEqual([]);
    expect(edit.changes({ text: "a" }, edit.start({ text: "a" }, {}), {}).set.spans).toEqual([]);
  });

  it("keep what is their own when a server tells a draft whole", () => {
    const first = { start: 0, end: 3, label: "PERSON", score: 0.5, id: 7 };
    const second = { start: 4, end: 7, label: "ORG", id: 8 };
    const given: Task = { text: "Ada met Bob", spans: [first, second] };
    const drafted: Json[] = [first, { ...second, label: "PERSON" }, { start: 8, end: 11, label: "PERSON" }];
    const work = edit.start(given, {}, { set: { spans: drafted }, unset: [] });
    expect(edit.changes(given, work, {}).set.spans).toEqual([
      { $keep: 0 },
      { $keep: 1, set: { label: "PERSON" } },
      { start: 8, end: 11, label: "PERSON" },
    ]);
  });

  it("come back from a draft as they were", () => {
    const added = mark(edit.start(task, {}), { start: 17, end: 20 }, "PERSON");
    const first = added.find((span) => span.origin === 0);
    if (first === undefined) throw new Error("no span");
    const work = relabel(added, first, "ORG");
    const changes = edit.changes(task, work, {});
    expect(edit.changes(task, edit.start(task, {}, changes), {})).toEqual(changes);
  });

  it("that are no spans at all stay in the document", () => {
    const odd: Task = { text: "abc", spans: [{ note: "?" }, { start: 0, end: 1, label: "A" }] };
    expect(edit.changes(odd, edit.start(odd, {}), {})).toEqual({ set: {}, unset: [] });
    const work = mark(edit.start(odd, {}), { start: 1, end: 2 }, "B");
    expect(merge(odd, edit.changes(odd, work, {})).spans).toEqual([
      { note: "?" },
      { start: 0, end: 1, label: "A" },
      { start: 1, end: 2, label: "B" },
    ]);
  });

  it("that overlap from the start are kept but not drawn", () => {
    const both: Task = {
      text: "abcdef",
      spans: [
        { start: 0, end: 4, label: "A" },
        { start: 2, end: 6, label: "B" },
      ],
    };
    const { shown, hidden } = arrange(edit.start(both, {}));
    expect([shown.length, hidden.length]).toEqual([1, 1]);
  });
});

describe("the cursor", () => {
  const doc = documentOf(nerTask("One two. Three four.\nFive six"), false);

  it("enters at the near end and stops at the far one", () => {
    expect(moved(doc, null, 1, "step", false)).toEqual({ anchor: 0, focus: 0 });
    expect(moved(doc, null, -1, "step", false)?.focus).toBe(doc.steps.length - 1);
    expect(moved(doc, placed(null, 0, false), -1, "step", false)?.focus).toBe(0);
  });

  it("stretches and leaps by sentence and line", () => {
    const start = placed(null, 0, false);
    expect(moved(doc, start, 1, "step", true)).toEqual({ anchor: 0, focus: 1 });
    const second = moved(doc, start, 1, "leap", false);
    expect(second?.focus).toBe(3);
    const third = moved(doc, second, 1, "leap", false);
    expect(third?.focus).toBe(6);
    expect(moved(doc, third, -1, "leap", false)?.focus).toBe(3);
    expect(moved(doc, third, 1, "all", true)).toEqual({ anchor: 6, focus: 7 });
  });

  it("covers code points from its first to its last step", () => {
    expect(extent(doc, { anchor: 1, focus: 0 })).toEqual({ start: 0, end: 7 });
  });

  it("has nowhere to stand in an empty text", () => {
    expect(moved(documentOf({ text: "" }, false), null, 1, "step", false)).toBeNull();
  });
});
