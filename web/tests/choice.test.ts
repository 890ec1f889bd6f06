import { describe, expect, it } from "vitest";

import type { Task } from "@/api/types";
import { edit, optionsOf, toggle } from "@/interfaces/choice/edit";
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
    expect(optionsOf({ options: ["x", 3] })).toEqual([
      { id: "x", text: "x" },
      { id: 3, text: "3" },
    ]);
  });

  it("says what was chosen", () => {
    expect(edit.summary({ ...task, accept: ["b", 9] })).toBe("B, 9");
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
