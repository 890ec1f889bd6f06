/**
 * What the recipe itself brought for the page. It is kept apart from the settings, which a task may lay its own
 * over: data never becomes trusted.
 */

import type { Config } from "@/api/types";

export interface CodeFile {
  /** "inline" for a text of the recipe, else the name or the address of the file. */
  name: string;
  href: string;
}

export interface CustomCode {
  styles: readonly CodeFile[];
  scripts: readonly CodeFile[];
  /** Templates that the recipe gave, word by word. */
  templates: readonly string[];
  /** Handlers that stand in these templates, and that the page may run. */
  handlers: readonly string[];
  /** The recipe answers for all HTML of its tasks (`html_trust`). */
  all: boolean;
}

let trusted: CustomCode | null = null;

export function customCodeOf(config: Config): CustomCode | null {
  const { custom_code: code } = config;
  return code === undefined || code === null ? null : (code as unknown as CustomCode);
}

/** Called once, before the first task is shown. */
export function trust(code: CustomCode | null): void {
  trusted = code;
}

export function trustedCode(): CustomCode | null {
  return trusted;
}

/** Whether the page has to be loaded with this code in mind, because its policy names it. */
export function needsPolicy({ styles, scripts, handlers, all }: CustomCode): boolean {
  const elsewhere = [...styles, ...scripts].some(({ href }) => /^https?:/.test(href));
  return elsewhere || all || handlers.length > 0;
}
