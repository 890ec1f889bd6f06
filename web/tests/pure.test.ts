import { describe, expect, it } from "vitest";

import { parse, plain, stringify } from "@/api/json";
import type { Changes, Json, Progress, Task } from "@/api/types";
import { Activity } from "@/core/activity";
import { contrast, labelColour, Strays } from "@/core/colour";
import { actionFor, keymapFrom, keysInOrder, normal, pressed } from "@/core/keymap";
import { merge, rebase, same } from "@/core/merge";
import { directionOf, offsetsOf } from "@/core/offsets";
import { perHour } from "@/core/rate";
import { duration, ending, fractionOf, leftFor, ownFractionOf } from "@/core/words";
import { onlyIn } from "@/ui/differences";

const press = (
  key: string,
  held: Partial<Record<"ctrlKey" | "altKey" | "metaKey" | "shiftKey", boolean>> = {},
) => pressed({ key, ctrlKey: false, altKey: false, metaKey: false, shiftKey: false, ...held });

describe("JSON", () => {
  it("keeps integers of any size, and floats as they are", () => {
    const text =
      '{"id":123456789012345678901234567890,"n":-9007199254740993,"x":0.1,"s":"12345678901234567890"}';
    const value = parse(text);
    const exact = "rawJSON" in JSON;
    expect(stringify(value)).toBe(exact ? text : JSON.stringify(JSON.parse(text)));
    expect(plain("a")).toBe("a");
    expect(plain(1.5)).toBe("1.5");
  });
});

describe("one's own share", () => {
  it.each([
    [{ fraction: null, mine: 3, remaining: 9 }, 0.25],
    [{ fraction: null, mine: 0, remaining: 0 }, null],
    [{ fraction: null, mine: 3, remaining: null }, null],
    [{ fraction: 2, mine: 0, remaining: 1 }, 1],
  ])("%j", (progress, share) => {
    expect(ownFractionOf(progress as Progress)).toBe(share);
  });
});

describe("offsets", () => {
  it("counts code points where Python does", () => {
    const text = "a👩🏽‍🔬é\u0301z";
    const offsets = offsetsOf(text);
    const points = [...text];
    expect(offsets.length).toBe(points.length);
    points.forEach((_, i) => {
      const unit = points.slice(0, i).join("").length;
      expect(offsets.toUnits(i)).toBe(unit);
      expect(offsets.toPoints(unit)).toBe(i);
    });
    expect(offsets.toUnits(points.length)).toBe(text.length);
    expect(offsets.toPoints(text.length)).toBe(points.length);
  });

  it("takes a unit inside a surrogate pair for the character it belongs to", () => {
    expect(offsetsOf("😀x").toPoints(1)).toBe(0);
  });

  it("counts a lone surrogate as one", () => {
    const offsets = offsetsOf("\ud800😀b");
    expect(offsets.length).toBe(3);
    expect(offsets.toUnits(2)).toBe(3);
  });

  it("come with a direction, from the first letter", () => {
    expect(directionOf("«1911» ولد")).toBe("rtl");
    expect(directionOf("12: Ada ولد")).toBe("ltr");
    expect(directionOf("…")).toBe("ltr");
  });

  it("is the identity for plain text", () => {
    expect(offsetsOf("abc").toUnits(2)).toBe(2);
  });
});

describe("label colours", () => {
  it.each(["light", "dark"] as const)("are legible in %s", (theme) => {
    for (let i = 0; i < 12; i += 1) {
      const { paper, ink } = labelColour(i, theme);
      expect(contrast(paper, ink)).toBeGreaterThanOrEqual(4.5);
    }
  });

  it.each(["#ffd882", "#123456", "#777777", "#f00", "#00ff00", "#7f7f00"])(
    "puts a legible ink on %s",
    (own) => {
      const { paper, ink } = labelColour(0, "light", own);
      expect(paper).toBe(own);
      expect(contrast(paper, ink)).toBeGreaterThanOrEqual(4.5);
    },
  );

  it("differ for labels outside the label set, from its own, too, as long as there are any left", () => {
    const strays = new Strays();
    const names = ["GPE", "SPEECH", "NOISE", "DATE", "MONEY", "EVENT", "FIRST", "GROUP", "LAW"];
    const places = names.map((name) => strays.placeOf(name, 3));
    expect(new Set(places).size).toBe(9);
    expect(Math.min(...places)).toBe(3);
    expect(names.map((name) => strays.placeOf(name, 3))).toEqual(places);
    expect(strays.placeOf("ONE_MORE", 3)).toBeGreaterThanOrEqual(3);
    expect(strays.placeOf("GPE", 40)).toBeLessThan(12);
  });
});

describe("keys", () => {
  it("has one spelling", () => {
    expect(normal("Command+Enter")).toBe("command+enter");
    expect(normal("option+shift+A")).toBe("alt+shift+a");
    expect(normal(" ")).toBe("space");
    expect(normal("+")).toBe("+");
    expect(press(" ")).toBe("space");
    expect(press("Z", { ctrlKey: true, shiftKey: true })).toBe("ctrl+shift+z");
    expect(press("?", { shiftKey: true })).toBe("?");
    expect(press("ArrowLeft", { shiftKey: true })).toBe("shift+arrowleft");
  });

  it("can be given to actions by the recipe, or taken away", () => {
    const keymap = keymapFrom({ accept: ["command+enter"], reject: [] });
    expect(actionFor(keymap, "command+enter")).toBe("accept");
    expect(actionFor(keymap, "a")).toBeNull();
    expect(actionFor(keymap, "x")).toBeNull();
    expect(actionFor(keymap, "space")).toBe("ignore");
  });

  it("are 1 to 9 and 0 for labels, unless set by name or index", () => {
    const labels = Array.from({ length: 11 }, (_, i) => `L${i}`);
    expect(keysInOrder(labels, undefined).slice(8)).toEqual(["9", "0", null]);
    expect(keysInOrder(["A", "B", "C"], { A: "q", "2": "1" })).toEqual(["q", "2", "1"]);
    expect(keysInOrder(["A", "B"], { B: "1" })).toEqual([null, "1"]);
  });
});

describe("changes", () => {
  const task: Task = { text: "t", spans: [{ label: "A", big: 1 }, { label: "B" }], accept: [1] };

  it("merge as the server merges them", () => {
    const changes: Changes = {
      set: { spans: [{ $keep: 1, set: { label: "C" } }, { label: "N" }] },
      unset: ["accept"],
    };
    expect(merge(task, changes)).toEqual({ text: "t", spans: [{ label: "C" }, { label: "N" }] });
    expect(task.accept).toEqual([1]);
  });

  it("are written anew against another base, shared elements kept by place", () => {
    const theirs: Task = { text: "t", spans: [{ label: "X" }, { label: "B" }], flagged: true };
    expect(rebase(task, theirs, ["spans", "accept", "flagged"])).toEqual({
      set: { spans: [{ label: "A", big: 1 }, { $keep: 1 }], accept: [1] },
      unset: ["flagged"],
    });
  });

  it("compare as JSON", () => {
    expect(same({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
    expect(same([1], [1, 2])).toBe(false);
    expect(same(null, {})).toBe(false);
  });
});

describe("time", () => {
  it("counts activity and cuts idle minutes", () => {
    const activity = new Activity();
    activity.touch(0);
    activity.touch(10_000);
    activity.touch(500_000);
    expect(activity.at(505_000)).toBe(75_000);
    activity.rest(505_000);
    expect(activity.at(900_000)).toBe(75_000);
  });

  it("leaves pauses out of the rate", () => {
    expect(perHour([0, 10])).toBeNull();
    expect(perHour([0, 10, 20, 30, 4000, 4010])).toBe(360);
  });

  it("is written for people", () => {
    expect(duration(20)).toBe("1 min");
    expect(duration(7_800)).toBe("2 h 10 min");
    expect(duration(400_000)).toBe("5 days");
  });
});

describe("endings", () => {
  const progress: Progress = {
    tasks: 10,
    done: 4,
    withdrawn: 2,
    mine: 3,
    remaining: 4,
    at_most: false,
    estimate: false,
    rows_read: 12_408,
    rows_known: null,
    fraction: null,
  };
  const facts = { detail: null, progress, unsent: 0, alsoOpen: false };

  it.each([
    [{}, "4"],
    [{ estimate: true }, "about 4"],
    [{ estimate: true, at_most: true }, "up to 4"],
    [{ remaining: null, estimate: true }, "not known yet"],
  ])("say how much is left as far as it is known: %j", (more, words) => {
    expect(leftFor({ ...progress, ...more })).toBe(words);
  });

  it("say what is the case", () => {
    const title = (state: Parameters<typeof ending>[0]["state"], detail: object | null = null): string => {
      const { title: words, text } = ending({ ...facts, state, detail: detail as never });
      return `${words}. ${text}`;
    };
    expect(title("exhausted")).toContain("You are done. You gave 3 answers");
    expect(title("waiting", { with_others: 3 })).toContain("3 tasks are with others");
    expect(title("waiting", { with_others: 1 })).toContain("One task is with others");
    expect(title("searching", { code: "rows_read", rows_read: 12_408 })).toContain("12,408 rows read");
    expect(title("searching", { code: "host_down" })).toContain("not running");
    expect(title("paused", { message: "Back at noon." })).toContain("Back at noon.");
    expect(title("failed", { row: 57, message: "KeyError: 'text'" })).toContain("failed at row 57. KeyError");
  });

  it("mention answers that wait to be sent", () => {
    expect(ending({ ...facts, state: "exhausted", unsent: 2 }).text).toContain(
      "Still to be sent: 2 answers.",
    );
  });

  it("know how much is done, or that nobody can know", () => {
    expect(fractionOf(progress, 0)).toBeNull();
    expect(fractionOf({ ...progress, rows_known: 12_408 }, 0)).toBe(0.5);
    expect(fractionOf(progress, 8)).toBe(0.5);
    expect(fractionOf({ ...progress, fraction: 1.7 }, 0)).toBe(1);
  });
});

describe("what differs between two answers", () => {
  const task = { text: "Ada 😀 met Bob", spans: [] };
  const span = (start: number, end: number, label: string): Json => ({ start, end, label });

  it("is told by the words of spans, and by values of other keys", () => {
    const mine = { ...task, spans: [span(0, 3, "PERSON"), span(10, 13, "ORG")], flagged: true, note: "x" };
    const theirs = { ...task, spans: [span(0, 3, "PERSON"), span(10, 13, "PERSON")], note: "" };
    expect(onlyIn(mine, theirs)).toEqual(["“Bob” ORG", "flagged", "note: x"]);
    expect(onlyIn(theirs, mine)).toEqual(["“Bob” PERSON"]);
    expect(onlyIn(mine, mine)).toEqual([]);
  });

  it("is short, and silent about what is the program's own", () => {
    const mine = { ...task, accept: [1, 2, 3, 4, 5, { id: 6 }], _task_hash: 5, long: "a".repeat(50) };
    const told = onlyIn(mine, { ...task, _task_hash: 6 });
    expect(told).toEqual(["1", "2", "3", "4 more"]);
    expect(onlyIn({ ...task, long: "a".repeat(50) }, task)[0]).toHaveLength("long: ".length + 40);
  });
});
