/** Which key presses belong to the page, and which to a field, a button or a dialog. */

import { type KeyPress, pressed } from "@/core/keymap";

const FIELDS = "input, textarea, select, [contenteditable]";
/** Inputs that nothing is written into: letters are keys of the page there. */
const SET = "input:is([type=range], [type=checkbox], [type=radio], [type=color], [type=button], [type=file])";
const SETTING = new Set([
  ...["space", "enter", "home", "end", "pageup", "pagedown"],
  ...["arrowleft", "arrowright", "arrowup", "arrowdown"],
]);
const NATIVE = new Set(["space", "enter"]);
/** With a modifier, these edit the text of a field. */
const EDITING = new Set([
  ..."abceiuvxyz",
  "arrowleft",
  "arrowright",
  "home",
  "end",
  "backspace",
  "delete",
  "insert",
]);

/** The key in its one spelling, or null when the element that has the focus wants it. */
export function pageKey(event: KeyboardEvent & KeyPress): string | null {
  if (event.defaultPrevented || event.isComposing) return null;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("dialog") != null) return null;
  const key = pressed(event);
  if (target?.matches(SET) === true) return SETTING.has(key) ? null : key;
  if (target?.matches(FIELDS) === true) return isCommand(event, key) ? key : null;
  const presses = target?.matches("button, a, audio, video, summary") === true;
  return presses && NATIVE.has(key) ? null : key;
}

/** A key that means nothing to a field, because it is held with ctrl, alt or command. */
function isCommand(event: KeyboardEvent & KeyPress, key: string): boolean {
  const held = event.ctrlKey || event.metaKey || event.altKey;
  const writes = event.getModifierState("AltGraph") || (event.altKey && event.key.length === 1);
  return held && !writes && !EDITING.has(key.split("+").at(-1) ?? "");
}
