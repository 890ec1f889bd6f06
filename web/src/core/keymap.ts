/** Keys: which action a key press means, and how a key is written on a button. */

import { m, t } from "@/core/say";

export const ACTIONS = {
  accept: ["a", "ctrl+enter", "command+enter"],
  reject: ["x"],
  ignore: ["space"],
  undo: ["backspace", "delete"],
  step_back: ["ctrl+z", "command+z"],
  redo: ["ctrl+shift+z", "command+shift+z", "ctrl+y"],
  back: ["[", "alt+arrowleft"],
  forward: ["]", "alt+arrowright"],
  current: ["\\"],
  flag: ["f"],
  comment: ["c"],
  history: ["h"],
  instructions: ["i"],
  theme: ["t"],
  session: ["s"],
  pause: ["shift+p"],
  settings: ["ctrl+,", "command+,"],
  retry: ["ctrl+s", "command+s"],
  help: ["?"],
} as const satisfies Record<string, readonly string[]>;

export type Action = keyof typeof ACTIONS;
export type Keymap = Record<Action, string[]>;

export const ACTION_WORDS: Record<Action, string> = {
  accept: m("Accept"),
  reject: m("Reject"),
  ignore: m("Ignore"),
  undo: m("Undo the last answer"),
  step_back: m("Undo the last step on this card, then the last answer"),
  redo: m("Redo what was undone"),
  back: m("Back to the answer before"),
  forward: m("Forward to the answer after"),
  current: m("Go to the open task"),
  flag: m("Flag"),
  comment: m("Comment"),
  history: m("Search my answers"),
  instructions: m("Instructions"),
  theme: m("Light or dark"),
  session: m("Your day: what you answered, and how fast"),
  pause: m("Take a break: the clock stands still"),
  settings: m("Settings: text size, width, keys"),
  retry: m("Send unsent answers now"),
  help: m("All keys"),
};

/** The part of a keyboard event that matters here. */
export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
}

const ALIASES: Record<string, string> = {
  " ": "space",
  spacebar: "space",
  esc: "escape",
  del: "delete",
  return: "enter",
  left: "arrowleft",
  right: "arrowright",
  up: "arrowup",
  down: "arrowdown",
  cmd: "command",
  meta: "command",
  option: "alt",
  opt: "alt",
  control: "ctrl",
};

const MODIFIERS = ["ctrl", "alt", "shift", "command"];

/** `config.keymap` laid over the defaults, and the person's own over both; an empty list switches a key off. */
export function keymapFrom(overrides: unknown, own: Partial<Keymap> = {}): Keymap {
  const given = overrides !== null && typeof overrides === "object" ? { ...overrides, ...own } : own;
  const entries = Object.entries(ACTIONS).map(([action, keys]) => {
    const wanted: unknown = (given as Record<string, unknown>)[action];
    const chosen = Array.isArray(wanted)
      ? wanted.map(String)
      : typeof wanted === "string"
        ? [wanted]
        : [...keys];
    return [action, chosen.map(normal)];
  });
  return Object.fromEntries(entries) as Keymap;
}

/** One spelling for each key: modifiers in a fixed order, names in lower case. */
export function normal(written: string): string {
  const parts = (written === "+" ? [written] : written.split("+")).map((part) => {
    const lower = part.length > 1 ? part.trim().toLowerCase() : part.toLowerCase();
    return ALIASES[lower] ?? lower;
  });
  const held = MODIFIERS.filter((modifier) => parts.includes(modifier));
  const key = parts.find((part) => !MODIFIERS.includes(part)) ?? "";
  return [...held, key].join("+");
}

/** The key press in the same spelling. Shift is only told for letters and named keys: `?` is `?` on any layout. */
export function pressed(event: KeyPress): string {
  const lower = event.key.toLowerCase();
  const key = ALIASES[lower] ?? lower;
  const symbol = key.length === 1 && key.toUpperCase() === key;
  const held = [
    event.ctrlKey ? "ctrl" : "",
    event.altKey ? "alt" : "",
    event.shiftKey && !symbol ? "shift" : "",
    event.metaKey ? "command" : "",
  ].filter((name) => name !== "");
  return [...held, key].join("+");
}

export function actionFor(keymap: Keymap, key: string): Action | null {
  const found = Object.entries(keymap).find(([, keys]) => keys.includes(key));
  return found === undefined ? null : (found[0] as Action);
}

/** Keys of the options of a list: `config.keymap_by_label` by name or index, else `usual`, or 1-9 and 0 in order. */
export function keysInOrder(
  names: readonly string[],
  overrides: unknown,
  usual: readonly (string | null)[] | null = null,
): (string | null)[] {
  const given = overrides !== null && typeof overrides === "object" ? overrides : {};
  const own = given as Record<string, unknown>;
  const chosen = names.map((name, i) => own[name] ?? own[String(i)]);
  const taken = new Set(chosen.filter((key) => typeof key === "string").map((key) => normal(key)));
  return chosen.map((key, i) => {
    if (typeof key === "string") return normal(key);
    const inOrder = i < 10 ? String((i + 1) % 10) : null;
    const digit = usual === null ? inOrder : (usual[i] ?? null);
    return digit !== null && !taken.has(digit) ? digit : null;
  });
}

const SIGNS: Record<string, string> = {
  space: m("space"),
  backspace: "⌫",
  delete: "del",
  enter: "⏎",
  escape: "esc",
  arrowleft: "←",
  arrowright: "→",
  arrowup: "↑",
  arrowdown: "↓",
  command: "⌘",
};

/** How a key is written for people. */
export function shown(key: string): string {
  if (key === "+") return key;
  return key
    .split("+")
    .map((part) => (SIGNS[part] === undefined ? part : t(SIGNS[part])))
    .join(" ");
}
