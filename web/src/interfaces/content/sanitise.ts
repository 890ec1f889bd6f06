/** Foreign HTML made harmless: media, tables and style stay; scripts, handlers and forms go. */

import DOMPurify from "dompurify";
import Mustache from "mustache";

import type { Task } from "@/api/types";

export interface Clean {
  html: string;
  /** What was taken out, in words: "script", "onclick". */
  removed: string[];
}

const OPTIONS = {
  ADD_TAGS: ["video", "audio", "source", "track"],
  ADD_ATTR: ["target", "controls", "poster"],
  FORBID_TAGS: ["form"],
  FORCE_BODY: true,
};

/** The empty element that `FORCE_BODY` puts before everything, and takes out again. */
const FORCED = "remove";

/** The template filled with the task's fields: `{{field}}` is escaped, `{{{field}}}` is HTML. */
export function fill(template: string, task: Task): string {
  return Mustache.render(template, task);
}

/**
 * Whether HTML names colours for a light page alone: it is shown on white in the dark, too, where black letters
 * of its own could not be read.
 */
export function hasColours(html: string): boolean {
  if (/light-dark\(|prefers-color-scheme/i.test(html)) return false;
  return /["';{\s](background(-color)?|color)\s*:|\s(bgcolor|color)\s*=/i.test(html);
}

export function sanitise(html: string): Clean {
  const clean = DOMPurify.sanitize(html, OPTIONS);
  const removed = DOMPurify.removed.map((gone) => {
    if ("element" in gone) return gone.element.nodeName.toLowerCase().replace("#", "");
    return gone.attribute?.name ?? "attribute";
  });
  return { html: clean, removed: [...new Set(removed)].filter((name) => name !== FORCED) };
}
