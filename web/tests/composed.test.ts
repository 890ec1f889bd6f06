import { describe, expect, it } from "vitest";

import type { Config, Task } from "@/api/types";
import { withWork } from "@/core/card";
import type { Card } from "@/core/card";
import { keymapFrom } from "@/core/keymap";
import { merge } from "@/core/merge";
import { conflictOf, readPrefs, withKey, DEFAULTS } from "@/core/prefs";
import { midnight, tally } from "@/core/today";
import { edit as blocks } from "@/interfaces/blocks/edit";
import { partsOf, trouble } from "@/interfaces/blocks/parts";
import { markdown } from "@/interfaces/content/markdown";
import { viewIdOf } from "@/interfaces/edits";
import { edit as pages, obstacle, turned } from "@/interfaces/pages/edit";
import { edit as fields } from "@/interfaces/text_input/edit";
import { fieldsOf, fitting } from "@/interfaces/text_input/fields";

const OPTIONS = [
  { id: "a", text: "A" },
  { id: "b", text: "B" },
];

describe("fields", () => {
  it("are described by the task before the settings", () => {
    const [field] = fieldsOf({ field_id: "why", field_rows: 2 }, { field_label: "L", field_rows: 5 });
    expect(field).toEqual({
      id: "why",
      label: "L",
      placeholder: "",
      rows: 2,
      autofocus: false,
      suggestions: [],
    });
    expect(fieldsOf({}, {}).map(({ id, rows }) => [id, rows])).toEqual([["user_input", 1]]);
    const two = { fields: [{ field_id: "x" }, { field_id: "y" }] };
    expect(fieldsOf(two, { field_id: "z" }).map(({ id }) => id)).toEqual(["x", "y"]);
  });

  it("store what was changed, and only that", () => {
    const task: Task = { text: "t", user_input: "old" };
    const work = fields.start(task, {});
    expect(fields.changes(task, work, {})).toEqual({ set: {}, unset: [] });
    expect(fields.changes(task, { user_input: "" }, {})).toEqual({ set: { user_input: "" }, unset: [] });
    expect(fields.changes({ n: 3 }, fields.start({ n: 3 }, { field_id: "n" }), {}).set).toEqual({});
    expect(fields.start(task, {}, { set: { user_input: "new" } })).toEqual({ user_input: "new" });
    expect(fields.summary({ user_input: "a\n b" })).toBe("“a b”");
  });

  it("offer what begins like the text before what holds it", () => {
    expect(fitting(["Paris", "London", "Lisbon", "on"], "on")).toEqual(["London", "Lisbon"]);
    expect(fitting(["Paris", "par"], "PAR")).toEqual(["Paris", "par"]);
  });
});

describe("blocks", () => {
  const config: Config = {
    html_template: "<b>{{text}}</b>",
    blocks: [
      { view_id: "html" },
      { view_id: "choice", text: null, options: OPTIONS, labels: ["X"] },
      { view_id: "text_input", field_id: "why" },
    ],
  };
  const task: Task = { text: "t", meta: { a: 1 } };

  it("see the task and the settings through their own keys", () => {
    const [html, choice, field] = partsOf(task, config);
    expect(html?.config.html_template).toBe("<b>{{text}}</b>");
    expect(choice?.config.html_template).toBeNull();
    expect(choice?.task).toEqual({ meta: { a: 1 }, options: OPTIONS, labels: ["X"] });
    expect(choice?.labels).toEqual(["X"]);
    expect(field?.writes).toEqual(["why"]);
    expect(trouble(partsOf(task, config))).toBeNull();
  });

  it("answer together, in one value", () => {
    const work = blocks.start(task, config);
    const done = [work[0], ["b"], { why: "so" }];
    expect(blocks.changes(task, done, config)).toEqual({ set: { accept: ["b"], why: "so" }, unset: [] });
    expect(blocks.problem(task, work, "accept", config)).toContain("Choose an option");
    expect(blocks.problem(task, work, "reject", config)).toBeNull();
    const answered = merge(task, blocks.changes(task, done, config));
    expect(blocks.start(answered, config)).toEqual(done);
    expect(blocks.summary(answered, config)).toBe("B · “so”");
  });

  it("write out what a block starts with, until there is an answer", () => {
    const spans = [{ start: 0, end: 1, label: "P", score: 0.5 }];
    const own: Config = { blocks: [{ view_id: "ner_manual", labels: ["P"], spans }] };
    const work = blocks.start(task, own);
    expect(blocks.changes(task, work, own).set).toEqual({ spans });
    const answered = { ...task, spans: [] };
    expect(blocks.changes(answered, blocks.start(answered, own), own).set).toEqual({});
  });

  it("refuse what cannot stand together", () => {
    const wrong = (...views: object[]) => trouble(partsOf(task, { blocks: views } as unknown as Config));
    expect(wrong()).toContain("no blocks");
    expect(wrong({ view_id: "choice" }, { view_id: "choice" })).toBe(
      "Blocks 1 (choice) and 2 (choice) would both write “accept”.",
    );
    expect(wrong({ view_id: "blocks" })).toContain("cannot show the interface “blocks” in a block");
    expect(wrong({ view_id: "text_input" }, { view_id: "text_input", field_id: "b" })).toBeNull();
  });
});

describe("pages", () => {
  const task: Task = {
    pages: [
      { view_id: "choice", options: OPTIONS, text: "1" },
      { config: { view_id: "text_input", field_id: "note" }, text: "2" },
      { view_id: "ner_manual", text: "3", spans: [{ start: 0, end: 1, label: "P", id: 7 }] },
    ],
  };

  it("are answered when each was seen and answered", () => {
    const start = pages.start(task, {});
    expect(obstacle(task, start, {})).toMatchObject({ page: 0 });
    const chosen = { ...start, works: start.works.with(0, ["a"]) };
    expect(obstacle(task, chosen, {})).toEqual({ page: 1, why: null });
    expect(pages.problem(task, turned(chosen, 1), "accept", {})).toContain("Page 3");
    expect(pages.problem(task, turned(turned(chosen, 1), 2), "accept", {})).toBeNull();
    expect(pages.problem(task, start, "ignore", {})).toBeNull();
    expect(pages.start(task, {}, undefined, true).seen).toEqual([0, 1, 2]);
  });

  it("keep every page and what was not touched in it", () => {
    const start = pages.start(task, {});
    const works = start.works.with(1, { note: "n" });
    const changes = pages.changes(task, { ...start, works }, {});
    expect(changes.set.pages).toEqual([
      { $keep: 0, set: { accept: [] } },
      { $keep: 1, set: { note: "n" } },
      { $keep: 2 },
    ]);
    const answered = merge(task, changes);
    expect(pages.start(task, {}, changes).works).toEqual(works);
    expect(pages.summary(answered)).toBe("2: “n” · 3: 1 span");
    expect(viewIdOf("html", { config: { view_id: "pages" } })).toBe("pages");
    expect(viewIdOf("html", { config: { view_id: "made up" } })).toBe("html");
  });
});

describe("a card's steps", () => {
  const card = { work: 0, past: [], future: [9], step: null, touched: false } as unknown as Card;

  it("go on while they have one name, and looking is none", () => {
    const one = withWork(card, 1, { step: "a" });
    const two = withWork(one, 2, { step: "a" });
    expect([two.past, two.future, two.touched]).toEqual([[0], [], true]);
    expect(withWork(two, 3, { step: "b" }).past).toEqual([0, 2]);
    expect(withWork(two, 3).past).toEqual([0, 2]);
    const looked = withWork(card, 5, { look: true });
    expect([looked.work, looked.past, looked.future, looked.touched]).toEqual([5, [], [9], false]);
  });
});

describe("preferences", () => {
  it("are read whatever was stored", () => {
    for (const stored of [null, "", "{", "3", "null", "[]", '{"size":"huge","keys":3}']) {
      expect(readPrefs(stored)).toEqual(DEFAULTS);
    }
    const own = { size: "large", width: "full", keys: { accept: ["Ctrl+Enter"], nonsense: ["q"] } };
    expect(readPrefs(JSON.stringify(own))).toEqual({
      size: "large",
      width: "full",
      keys: { accept: ["ctrl+enter"] },
    });
  });

  it("know what a key means already, and can take it over", () => {
    const keymap = keymapFrom({ accept: ["j"] }, {});
    expect(conflictOf(keymap, "flag", "j", [])).toEqual({ kind: "action", action: "accept" });
    expect(conflictOf(keymap, "flag", "1", ["1"])).toEqual({ kind: "card" });
    expect(conflictOf(keymap, "flag", "f", [])).toBeNull();
    const prefs = withKey(DEFAULTS, keymap, "flag", "j");
    expect(prefs.keys).toEqual({ flag: ["j"], accept: [] });
    const own = keymapFrom({ accept: ["j"] }, prefs.keys);
    expect([own.flag, own.accept]).toEqual([["j"], []]);
    expect(withKey(DEFAULTS, keymap, "flag", null).keys).toEqual({ flag: [] });
  });

  it("count a day from its midnight", () => {
    const now = new Date(2026, 5, 3, 14, 30);
    const start = midnight(now);
    const past = (at: number, decision: string, flagged = false) => ({ at, decision, task: { flagged } });
    const answers = [past(start + 9, "accept", true), past(start, "reject"), past(start - 1, "accept")];
    expect(tally(answers as unknown as Parameters<typeof tally>[0], start)).toEqual({
      total: 2,
      accept: 1,
      reject: 1,
      ignore: 0,
      flagged: 1,
    });
  });
});

describe("Markdown", () => {
  it.each([
    ["# Title\ntext", "<h3>Title</h3>\n<p>text</p>"],
    [
      "a *b* **c** `d*e*` _f_ g_h_i",
      "<p>a <em>b</em> <strong>c</strong> <code>d*e*</code> <em>f</em> g_h_i</p>",
    ],
    ["- a\n- b\n  - c\n\n1. d", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>\n<ol><li>d</li></ol>"],
    ["> quoted\n> more", "<blockquote><p>quoted\nmore</p></blockquote>"],
    ["```\n<b> *x*\n```", "<pre><code>&lt;b&gt; *x*</code></pre>"],
    ["[a](http://b.c/?d=1&e) <i>", '<p><a href="http://b.c/?d=1&amp;e">a</a> &lt;i&gt;</p>'],
    [
      "| a | b |\n|---|---|\n| 1 | 2 |",
      "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>",
    ],
    ["a\n\n---\n#nothing", "<p>a</p>\n<hr>\n<p>#nothing</p>"],
    ["line  \nbroken", "<p>line<br>broken</p>"],
    ["5 * 3 * 2 = 30", "<p>5 * 3 * 2 = 30</p>"],
    ["```\nopen", "<pre><code>open</code></pre>"],
    ["", ""],
  ])("%j", (text, html) => {
    expect(markdown(text)).toBe(html);
  });
});
