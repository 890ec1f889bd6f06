/** Foreign HTML made harmless: media, tables and style stay; scripts, handlers and forms go. */

import DOMPurify from "dompurify";
import Mustache from "mustache";

import { plain } from "@/api/json";
import type { Task } from "@/api/types";

export interface Clean {
  html: string;
  /** What was taken out, in words: "script", "onclick". */
  removed: string[];
}

type Purifier = Pick<typeof DOMPurify, "sanitize" | "removed">;

const MEDIA = {
  ADD_TAGS: ["video", "audio", "source", "track"],
  ADD_ATTR: ["target", "controls", "poster"],
  FORCE_BODY: true,
};
const DATA = { ...MEDIA, FORBID_TAGS: ["form"] };
/** For what stands in the page itself, where styles would reach everything. */
const OPEN_DATA = { ...MEDIA, FORBID_TAGS: ["form", "style"] };
const OF_RECIPE = { ...MEDIA, ADD_ATTR: [...MEDIA.ADD_ATTR, "contenteditable"] };

/** The empty element that `FORCE_BODY` puts before everything, and takes out again. */
const FORCED = "remove";

/** A template whose raw values come out of `clean`. */
class Writer extends Mustache.Writer {
  constructor(private readonly clean: (html: string) => string) {
    super();
  }

  override unescapedValue(token: string[], context: Mustache.Context): string {
    const value: unknown = context.lookup(token[1] ?? "");
    return value === null || value === undefined ? "" : this.clean(plain(value));
  }
}

function escape(value: unknown): string {
  return Mustache.escape(plain(value));
}

/** The template filled with the task's fields: `{{field}}` is escaped, `{{{field}}}` is HTML. */
export function fill(template: string, task: Task, clean: (html: string) => string = (html) => html): string {
  return new Writer(clean).render(template, task, undefined, { escape });
}

/**
 * Whether HTML names colours for a light page alone: it is shown on white in the dark, too, where black letters
 * of its own could not be read.
 */
export function hasColours(html: string): boolean {
  if (/light-dark\(|prefers-color-scheme/i.test(html)) return false;
  return /["';{\s](background(-color)?|color)\s*:|\s(bgcolor|color)\s*=/i.test(html);
}

/** `open`: it is shown in the page itself rather than closed off. */
export function sanitise(html: string, { open = false } = {}): Clean {
  return cleaned(DOMPurify, html, open ? OPEN_DATA : DATA);
}

/**
 * A template of the recipe, filled. Its own styles, forms and handlers stay; of the values that are filled in
 * raw only what data may hold.
 */
export function fillTrusted(template: string, task: Task, handlers: ReadonlySet<string>): Clean {
  const lost: string[] = [];
  const html = fill(template, task, (value) => {
    const clean = sanitise(value, { open: true });
    lost.push(...clean.removed);
    return clean.html;
  });
  const clean = cleaned(purifierFor(handlers), html, OF_RECIPE);
  return { html: clean.html, removed: [...new Set([...lost, ...clean.removed])] };
}

function purifierFor(handlers: ReadonlySet<string>): Purifier {
  const purifier = DOMPurify(window);
  purifier.addHook("uponSanitizeAttribute", (_, data) => {
    if (data.attrName.startsWith("on") && handlers.has(data.attrValue)) data.forceKeepAttr = true;
  });
  return purifier;
}

function cleaned(purifier: Purifier, html: string, options: typeof MEDIA): Clean {
  const clean = purifier.sanitize(html, options);
  const removed = purifier.removed.map((gone) => {
    if ("element" in gone) return gone.element.nodeName.toLowerCase().replace("#", "");
    return gone.attribute?.name ?? "attribute";
  });
  return { html: clean, removed: [...new Set(removed)].filter((name) => name !== FORCED) };
}
