import { describe, expect, it } from "vitest";

import type { Config, Json, Task } from "@/api/types";
import { edit, keysOfScale, optionsOf, pointBeside, rankOf, toggle } from "@/interfaces/choice/edit";
import { EDITS, VIEW_IDS } from "@/interfaces/edits";

const task: Task = {
  text: "?",
  options: [{ id: 7, text: "Seven" }, { id: "b", text: "B" }, { id: 9 }],
};
const multiple = { choice_style: "multiple" };

describe("choice", () => {
  it("replaces the selection in a single choice and adds to a multiple one, in option order", () => {
    expect(toggle(task, [7], "b", {})).toEqual(["b"]);
    expect(toggle(task, [9], 7, multiple)).toEqual([7, 9]);
    expect(toggle(task, [7, 9], 7, multiple)).toEqual([9]);
  });

  it("stores a list, for a single choice too, and nothing when nothing changed", () => {
    expect(edit.changes(task, ["b"], {})).toEqual({ set: { accept: ["b"] }, unset: [] });
    expect(edit.changes(task, [], multiple)).toEqual({ set: { accept: [] }, unset: [] });
    expect(edit.changes({ ...task, accept: [7] }, [7], {})).toEqual({ set: {}, unset: [] });
  });

  it("starts with the recipe's preselection, or the draft's", () => {
    expect(edit.start({ ...task, accept: [9] }, {})).toEqual([9]);
    expect(edit.start({ ...task, accept: [9] }, {}, { set: { accept: [7] } })).toEqual([7]);
  });

  it("stores under the key it was told", () => {
    const config = { choice_key: "tone" };
    expect(edit.start({ ...task, accept: [9], tone: [7] }, config)).toEqual([7]);
    expect(edit.changes(task, ["b"], config)).toEqual({ set: { tone: ["b"] }, unset: [] });
    expect(edit.summary({ ...task, tone: ["b"] }, config)).toBe("B");
  });

  it.each([
    [{}, "accept", true],
    [{ choice_accept_empty: true }, "accept", false],
    [multiple, "accept", false],
    [{ ...multiple, choice_accept_empty: false }, "accept", true],
    [{}, "reject", false],
  ] as const)("with %j and nothing selected refuses %s: %s", (config, decision, refused) => {
    expect(edit.problem(task, [], decision, config) !== null).toBe(refused);
  });

  it("reads options that are bare values", () => {
    expect(optionsOf({ options: ["x", 3] }, {})).toEqual([
      { id: "x", text: "x" },
      { id: 3, text: "3" },
    ]);
  });

  it("says what was chosen", () => {
    expect(edit.summary({ ...task, accept: ["b", 9] })).toBe("B, 9");
  });
});

describe("options that are labels", () => {
  const task: Task = { options: ["A", "B"].map((id) => ({ id, text: id })) };
  const change = (kind: string, label: string, name: string | null = null): Json => ({
    kind,
    label,
    new: name,
  });
  const changes = [change("add", "C"), change("rename", "A", "AA"), change("retire", "B")];
  const config = { label_changes: { known: ["A", "B", "C", "AA"], changes } };
  const ids = (given: Task, settings: Config = config): Json[] =>
    optionsOf(given, settings).map(({ id }) => id);

  it("follow the changes, and the answer holds what there was to choose from", () => {
    expect(ids(task)).toEqual(["AA", "C"]);
    const answered = { options: optionsOf(task, config) as unknown as Json[], accept: ["C"] };
    expect(edit.changes(task, ["C"], config)).toEqual({ set: answered, unset: [] });
    expect(edit.changes({ ...task, ...answered }, ["C"], config)).toEqual({ set: {}, unset: [] });
  });

  it("are merged, and no label comes twice", () => {
    const merged = [change("add", "B"), change("merge", "A", "B")];
    expect(ids(task, { label_changes: { known: ["A", "B"], changes: merged } })).toEqual(["B"]);
  });

  it("keep what was chosen before", () => {
    expect(ids({ ...task, accept: ["B"] })).toEqual(["AA", "C", "B"]);
    expect(edit.start({ ...task, accept: ["B"] }, config)).toEqual(["B"]);
  });

  it("stay where they are something else", () => {
    expect(ids({ options: [{ id: "yes" }, { id: "A" }] })).toEqual(["yes", "A"]);
    expect(ids({ options: [{ id: 1 }] })).toEqual([1]);
  });
});

describe("a scale", () => {
  const rating = { choice_style: "rating" };
  const scale: Task = { options: [{ id: 0 }, { id: 1 }, { id: 2 }] };

  it("has one point chosen, and needs one", () => {
    expect(toggle(scale, [1], 2, rating)).toEqual([2]);
    expect(edit.problem(scale, [], "accept", rating)).toContain("Choose an option");
    expect(edit.problem(scale, [0], "accept", rating)).toBeNull();
  });

  it("is walked along from either end", () => {
    const walked = (work: number[], step: 1 | -1): unknown => pointBeside(scale, work, step, {})?.id;
    expect([walked([], 1), walked([], -1), walked([1], 1), walked([2], 1)]).toEqual([0, 2, 2, undefined]);
  });

  it("has its numbers as keys", () => {
    const ids = (...given: Json[]): ReturnType<typeof keysOfScale> =>
      keysOfScale(given.map((id) => ({ id })));
    expect(ids(0, 9, 10)).toEqual(["0", "9", null]);
    expect(ids(1, 10, 11)).toEqual(["1", "0", null]);
    expect([ids("bad", "good"), ids(-1, 0), ids(0.5)]).toEqual([null, null, null]);
  });
});

describe("a ranking", () => {
  const ranking = { choice_style: "ranking" };

  it("holds the options in the order in which they were chosen", () => {
    const ranked = toggle(task, toggle(task, toggle(task, [], 9, ranking), 7, ranking), "b", ranking);
    expect(ranked).toEqual([9, 7, "b"]);
    expect([rankOf(ranked, "b"), rankOf(ranked, 8)]).toEqual([3, 0]);
    expect(toggle(task, ranked, 7, ranking)).toEqual([9, "b"]);
    expect(edit.summary({ ...task, accept: [...ranked] }, ranking)).toBe("9 > Seven > B");
  });

  it("is accepted with all options, or where none is allowed, with none", () => {
    const may = { ...ranking, choice_accept_empty: true };
    expect(edit.problem(task, [9], "accept", ranking)).toBe(
      "Rank all 3 options first (1 so far), or reject or ignore the task.",
    );
    expect(edit.problem(task, [], "accept", ranking)).not.toBeNull();
    expect(edit.problem(task, [], "accept", may)).toBeNull();
    expect(edit.problem(task, [9], "accept", may)).not.toBeNull();
    expect(edit.problem(task, [9, 7, "b"], "accept", ranking)).toBeNull();
  });
});

describe("the registry", () => {
  it("names every interface once", () => {
    expect(new Set(VIEW_IDS).size).toBe(VIEW_IDS.length);
    expect(VIEW_IDS).toEqual(
      expect.arrayContaining([
        "text",
        "classification",
        "choice",
        "ner",
        "ner_manual",
        "spans",
        "spans_manual",
        "html",
      ]),
    );
    expect(EDITS.classification.summary({ label: "A" })).toBe("A");
  });
});
