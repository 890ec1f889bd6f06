import { describe, expect, it } from "vitest";

import type { Json, Project } from "@/api/types";
import { partOf } from "@/interfaces/compare/edit";
import { cornerOf, regionsOf } from "@/interfaces/content/regions";
import { clock, stretchesOf } from "@/interfaces/content/stretches";
import { cut, difference } from "@/interfaces/diff/parts";
import { messagesOf } from "@/interfaces/llm_io/messages";
import { gesturesOf, projectInfo, themeStyle } from "@/ui/settings";
import { snippet } from "@/ui/snippet";

describe("the line of a task", () => {
  it("is its text, or what else it can be told by", () => {
    expect(snippet({ text: "data: five  items", label: "X" })).toBe("data: five items");
    expect(snippet({ html: "<b>Invoice</b> 17" })).toBe("Invoice 17");
    expect(snippet({ image: "cats/1.jpg", label: "CAT" })).toBe("cats/1.jpg");
    expect(snippet({ image: "data:image/png;base64,AAAA", label: "CAT" })).toBe("CAT");
  });

  it("comes from its parts where it has no text of its own", () => {
    expect(snippet({ input: { text: "Where?" }, accept: { text: "Here" } })).toBe("Where?");
    expect(snippet({ input: "Where?", accept: "Here" })).toBe("Where?");
    expect(snippet({ accept: { text: "new" }, reject: { text: "old" } })).toBe("new");
    expect(snippet({ pages: [{ image: "data:," }, { text: "Second" }] })).toBe("Second");
  });

  it("says what it is when nothing of it can be read", () => {
    expect(snippet({ image: "data:," })).toBe("(a picture)");
    expect(snippet({ audio: "data:,", accept: [1] })).toBe("(a recording)");
    expect(snippet({ text: "" })).toBe("(no text)");
  });
});

describe("what a model was asked and said", () => {
  it("is told as texts, whatever shape it has", () => {
    expect(messagesOf({ llm: { response: ["a", { b: 1 }], prompt: "Who?" } })).toEqual([
      { kind: "prompt", texts: ["Who?"] },
      { kind: "response", texts: ["a", '{\n  "b": 1\n}'] },
    ]);
  });

  it("is nothing where there is nothing", () => {
    expect(messagesOf({})).toEqual([]);
    expect(messagesOf({ llm: "said" })).toEqual([]);
    expect(messagesOf({ llm: { prompt: null, response: [] } })).toEqual([]);
  });
});

describe("a difference", () => {
  const told = (before: string, after: string, style = "words"): string =>
    difference(before, after, style)
      .map(({ kind, text }) => ({ same: text, out: `[-${text}-]`, in: `{+${text}+}` })[kind])
      .join("");

  it("is told in words, characters or sentences", () => {
    expect(told("the old cat sat", "the new cat sat down")).toBe("the [-old-]{+new+} cat sat{+ down+}");
    expect(told("colour", "color", "chars")).toBe("colo[-u-]r");
    expect(told("One. Two. Three.", "One. Four. Three.", "sentences")).toBe("One. [-Two. -]{+Four. +}Three.");
    expect(told("a b", "a c", "made up")).toBe("a [-b-]{+c+}");
  });

  it("has nothing to tell of equal and all of empty texts", () => {
    expect(told("same", "same")).toBe("same");
    expect(told("", "")).toBe("");
    expect(told("", "new")).toBe("{+new+}");
    expect(told("old", "")).toBe("[-old-]");
  });

  it("is the shortest there is", () => {
    // The worked example of the paper: five changes lead from one to the other.
    const pieces = difference("ABCABBA", "CBABAC", "chars");
    const changed = pieces.filter(({ kind }) => kind !== "same").flatMap(({ text }) => [...text]);
    expect(changed).toHaveLength(5);
  });

  it("keeps both texts whole, however far apart they are", () => {
    const words = (seed: number, n: number): string =>
      Array.from({ length: n }, (_, i) => `w${(i * seed) % 97}`).join(" ");
    for (const [a, b] of [
      [words(7, 60), words(11, 55)],
      [words(3, 2_000), words(5, 2_000)],
    ] as const) {
      const pieces = difference(a, b, "words");
      const side = (gone: string): string =>
        pieces
          .filter(({ kind }) => kind !== gone)
          .map(({ text }) => text)
          .join("");
      expect(side("in")).toBe(a);
      expect(side("out")).toBe(b);
    }
  });

  it("loses no character when texts are cut", () => {
    const text = "Don’t stop… 42% of 👩🏽‍🔬 say:\n\n“no”.  End";
    for (const style of ["words", "chars", "sentences"]) expect(cut(text, style).join("")).toBe(text);
  });
});

describe("regions of a picture", () => {
  it("are boxes and outlines; spans of a text are none", () => {
    const box = { x: 1, y: 2, width: 3, height: 4, label: "CAT", color: "red" };
    const outline = { points: [[5, 6], [1, 6], [2, 9], "no"], label: "DOG" };
    const regions = regionsOf({
      spans: [box, outline, { start: 0, end: 3, label: "X" }, null, { points: [] }],
    });
    expect(regions.map(({ label }) => label)).toEqual(["CAT", "DOG"]);
    expect(regions[0]?.points).toEqual([
      [1, 2],
      [4, 2],
      [4, 6],
      [1, 6],
    ]);
    expect(regions.map(cornerOf)).toEqual([
      [1, 2],
      [1, 6],
    ]);
    expect(regionsOf({})).toEqual([]);
  });
});

describe("stretches of a recording", () => {
  it("have a start and an end", () => {
    const spans: Json[] = [{ start: 1, end: 2.5, label: "A" }, { start: 1 }, 3, { start: 0, end: 1 }];
    expect(stretchesOf({ audio_spans: spans })).toEqual([
      { start: 1, end: 2.5, label: "A" },
      { start: 0, end: 1, label: "" },
    ]);
  });

  it("are told as a clock does", () => {
    expect([0, 9.96, 62.5, 3_602.5].map(clock)).toEqual(["0:00.0", "0:10.0", "1:02.5", "1:00:02.5"]);
  });
});

describe("settings of the look", () => {
  const project = {
    dataset: "news",
    recipe: "mark",
    view_id: "text",
    labels: ["A", "B"],
    config: { project_info: ["session", "label", "lang", "view_id", "made up"] },
  } as unknown as Project;

  it("name what is known of the project", () => {
    expect(projectInfo(project, "ann")).toEqual([
      ["Seat", "ann"],
      ["Labels", "A, B"],
      ["Interface", "text"],
    ]);
    expect(projectInfo({ ...project, config: {} }, "ann")).toEqual([]);
  });

  it("take colours, and nothing else, from the theme", () => {
    expect(themeStyle({})).toBe("");
    expect(themeStyle({ custom_theme: { bgCard: "#fff", bgPage: "red;}*{display:none" } })).toBe(
      "--paper:#fff",
    );
    expect(themeStyle({ custom_theme: { accept: "#0a0" } })).toContain(
      "--accept-soft:color-mix(in srgb, #0a0",
    );
  });

  it("say what swipes stand for", () => {
    expect(gesturesOf({})).toBeNull();
    expect(gesturesOf({ swipe: true })).toEqual({ left: "accept", right: "reject" });
    expect(gesturesOf({ swipe: true, swipe_gestures: { left: "undo", right: "none" } })).toEqual({
      left: "undo",
    });
  });
});

describe("parts to compare", () => {
  it("are texts or objects", () => {
    expect([partOf("a"), partOf({ html: "b" }), partOf(null), partOf(undefined)]).toEqual([
      { text: "a" },
      { html: "b" },
      null,
      null,
    ]);
  });
});
