import { describe, expect, it } from "vitest";

import type { Draft, Json, LeasedTask, Task } from "@/api/types";
import {
  type Card,
  changesOf,
  documentOf,
  leasedCard,
  type Reading,
  submission,
  withValues,
  withWork,
} from "@/core/card";
import { edit as choice } from "@/interfaces/choice/edit";
import { customCodeOf, needsPolicy } from "@/interfaces/content/trust";
import { edit as spans } from "@/interfaces/spans/edit";
import { editOf } from "@/interfaces/edits";

const OPTIONS = [
  { id: "a", text: "A" },
  { id: "b", text: "B" },
];
const SPANS: Json[] = [
  { start: 0, end: 3, label: "X", score: 0.5 },
  { start: 4, end: 7, label: "Y" },
];

function cardOf(task: Task, reading: Reading, draft: Partial<Draft> | null = null): Card {
  const leased = { task_id: "1", row: 1, task, revision: 0 } as unknown as LeasedTask;
  return leasedCard(leased, draft, reading);
}

describe("values from scripts", () => {
  const asking: Reading = { edit: editOf("choice"), config: {} };
  const marking: Reading = { edit: spans as Reading["edit"], config: {} };

  it("are sent beside the work, which stays as it is", () => {
    const start = cardOf({ text: "one", options: OPTIONS }, asking);
    const chosen = withWork(start, choice.start({ accept: ["b"] }, {}));
    const card = withValues(chosen, { note: "n", text: undefined }, asking);
    expect([card.work, card.past.length]).toEqual([["b"], 1]);
    expect(changesOf(card, asking)).toEqual({ set: { accept: ["b"], note: "n" }, unset: ["text"] });
    expect(documentOf(card, asking)).toEqual({ options: OPTIONS, accept: ["b"], note: "n" });
  });

  it("that are there already change nothing", () => {
    const card = cardOf({ text: "one", options: OPTIONS }, asking);
    expect(withValues(card, { text: "one" }, asking)).toBe(card);
  });

  it("replace the work they concern", () => {
    const card = withWork(cardOf({ options: OPTIONS }, asking), ["b"]);
    const next = withValues(card, { accept: ["a"] }, asking);
    expect([next.work, next.past]).toEqual([["a"], []]);
    expect(changesOf(withWork(next, ["a", "b"]), asking).set).toEqual({ accept: ["a", "b"] });
  });

  it("are sent whole, for the server cannot keep what it does not have", () => {
    const card = cardOf({ text: "one two", spans: SPANS }, marking);
    const next = withValues(card, { spans: [...SPANS].reverse() }, marking);
    const { set } = changesOf(next, marking);
    expect(JSON.stringify(set.spans)).not.toContain("$keep");
    expect(set.spans).toHaveLength(2);
  });

  it("come back with a draft", () => {
    const draft = { set: { accept: ["b"], note: "n", flagged: true }, unset: ["text"] };
    const card = cardOf({ text: "one", options: OPTIONS }, asking, draft);
    expect(card.task).toEqual({ options: OPTIONS, note: "n" });
    expect([card.work, card.flagged, [...card.own].sort()]).toEqual([["b"], true, ["note", "text"]]);
    expect(changesOf(card, asking)).toEqual({
      set: { accept: ["b"], note: "n", flagged: true },
      unset: ["text"],
    });
  });

  it("are told apart in the answer, for a conflict", () => {
    const card = withValues(cardOf({ options: OPTIONS }, asking), { note: "n" }, asking);
    const given = { decision: "accept" as const, reason: null, now: 0, shownAt: null, activeMs: null };
    expect(submission(card, asking, given).past.own).toEqual(["note"]);
  });
});

describe("code of the recipe", () => {
  const none = { styles: [], scripts: [], templates: [], handlers: [], all: false };

  it("is what the server says, not a task", () => {
    expect(customCodeOf({})).toBeNull();
    expect(customCodeOf({ custom_code: none })).toEqual(none);
  });

  it("needs a policy for what is not ours", () => {
    expect(needsPolicy({ ...none, scripts: [{ name: "inline", href: "api/v1/custom/a/b.js" }] })).toBe(false);
    expect(needsPolicy({ ...none, styles: [{ name: "x", href: "https://x.test/a.css" }] })).toBe(true);
    expect(needsPolicy({ ...none, handlers: ["go()"] })).toBe(true);
    expect(needsPolicy({ ...none, all: true })).toBe(true);
  });
});
