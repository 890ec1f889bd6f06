import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { parse } from "svelte/compiler";
import { afterEach, describe, expect, it } from "vitest";

import { speak, t } from "@/core/say";
import { count, number } from "@/core/words";
import { de } from "@/words/de";

const SOURCES = fileURLToPath(new URL("../src", import.meta.url));
/** The page of operators speaks English. */
const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter(
  (name) => /\.(ts|svelte)$/.test(name) && !/^(admin|words)\/|core\/say\.ts$/.test(name),
);
const read = (name: string): string => readFileSync(`${SOURCES}/${name}`, "utf8");
const said = new Set(
  files.flatMap((name) =>
    [...read(name).matchAll(/\b[tm]\(\s*("(?:[^"\\]|\\.)*")/g)].map(
      ([, words]) => JSON.parse(words ?? "") as string,
    ),
  ),
);

describe("another language", () => {
  it("has all words that the page says, and no others", () => {
    expect(Object.keys(de).sort()).toEqual([...said].sort());
  });

  it("has a place for every value", () => {
    const places = (words: string): string[] => (words.match(/\{\d\}/g) ?? []).sort();
    const wrong = Object.entries(de).filter(
      ([english, own]) => places(english).join() !== places(own).join(),
    );
    expect(wrong).toEqual([]);
  });

  it("is asked for all words of the markup", () => {
    const left = files.filter((name) => name.endsWith(".svelte")).flatMap((name) => wordsIn(read(name)));
    expect(left).toEqual([]);
  });
});

interface Node {
  type?: string;
  name?: string;
  data?: string;
  value?: unknown;
}

/** Words that stand in the markup itself: as text, or in an attribute that is read out. */
function wordsIn(source: string): string[] {
  const found: string[] = [];
  const look = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(look);
    else if (node !== null && typeof node === "object") {
      const { type, name, data, value } = node as Node;
      if (type === "StyleDirective") return;
      if (type === "Attribute") {
        if (/^(aria-label|title|placeholder)$/.test(name ?? "")) look(value);
        return;
      }
      if (type === "Text" && /[a-z]{2}/i.test(data ?? "")) found.push(data ?? "");
      for (const part of Object.values(node)) look(part);
    }
  };
  look(parse(source, { modern: true }).fragment);
  return found;
}

describe("the words of the page", () => {
  afterEach(() => speak("en", null));

  it("are English where nothing else is wanted or known", async () => {
    await speak("fr", null);
    expect([t("Accept"), count(1, "answer"), count(1200, "row")]).toEqual([
      "Accept",
      "1 answer",
      "1,200 rows",
    ]);
  });

  it("are German, with German figures", async () => {
    await speak("de", null);
    expect([t("Accept"), count(1, "answer"), number(12_408)]).toEqual(["Annehmen", "1 Antwort", "12.408"]);
    expect(t("Page {0} of {1}", 2, 3)).toBe("Seite 2 von 3");
  });

  it("are the recipe's own where it has some", async () => {
    await speak("de", { Accept: "Passt" });
    expect([t("Accept"), t("Reject")]).toEqual(["Passt", "Ablehnen"]);
    await speak("en", { "Page {0}": "Sheet {0}" });
    expect([t("Page {0}", 4), t("Accept")]).toEqual(["Sheet 4", "Accept"]);
  });
});
