/** Which key presses belong to the page, and which to a field, a button or a dialog. */

import { type KeyPress, pressed } from "@/core/keymap";

const FIELDS = "input, textarea, select, [contenteditable]";
const NATIVE = new Set(["space", "enter"]);

/** The key in its one spelling, or null when the element that has the focus wants it. */
export function pageKey(event: KeyboardEvent & KeyPress): string | null {
  if (event.defaultPrevented || event.isComposing) return null;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("dialog") != null || target?.matches(FIELDS) === true) return null;
  const key = pressed(event);
  const presses = target?.matches("button, a, audio, video, summary") === true;
  return presses && NATIVE.has(key) ? null : key;
}
