/** What a person prefers, whatever the project: the size of texts, the width of the card, their own keys. */

import { type Action, ACTIONS, type Keymap, normal } from "@/core/keymap";

export const SIZES = { small: 90, normal: 100, large: 115, larger: 130, largest: 150 } as const;
export const WIDTHS = { recipe: null, narrow: "42rem", wide: "72rem", full: "100%" } as const;

export type Size = keyof typeof SIZES;
export type Width = keyof typeof WIDTHS;

export interface Prefs {
  size: Size;
  width: Width;
  keys: Partial<Record<Action, string[]>>;
}

export const DEFAULTS: Prefs = { size: "normal", width: "recipe", keys: {} };

/** What was remembered; anything that is no preference is left out. */
export function readPrefs(stored: string | null): Prefs {
  const given = parsed(stored);
  const keys = Object.entries(objectOf(given.keys)).filter(([action]) => Object.hasOwn(ACTIONS, action));
  return {
    size: isKey(SIZES, given.size) ? given.size : DEFAULTS.size,
    width: isKey(WIDTHS, given.width) ? given.width : DEFAULTS.width,
    keys: Object.fromEntries(keys.map(([action, own]) => [action, listOf(own).map(normal)])),
  };
}

function parsed(stored: string | null): Record<string, unknown> {
  try {
    return objectOf(stored === null ? null : JSON.parse(stored));
  } catch {
    return {};
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function isKey<T extends object>(among: T, name: unknown): name is keyof T {
  return typeof name === "string" && Object.hasOwn(among, name);
}

/** What a key means already: another action, or something on this card, which comes before every action. */
export type Conflict = { kind: "action"; action: Action } | { kind: "card" };

export function conflictOf(
  keymap: Keymap,
  action: Action,
  key: string,
  onCard: readonly string[],
): Conflict | null {
  if (onCard.includes(key)) return { kind: "card" };
  const other = (Object.keys(keymap) as Action[]).find((one) => one !== action && keymap[one].includes(key));
  return other === undefined ? null : { kind: "action", action: other };
}

/** The preferences with this key alone for the action, taken from any other that had it. */
export function withKey(prefs: Prefs, keymap: Keymap, action: Action, key: string | null): Prefs {
  const others = (Object.keys(keymap) as Action[]).filter(
    (one) => one !== action && key !== null && keymap[one].includes(key),
  );
  const robbed = others.map((one): [Action, string[]] => [one, keymap[one].filter((k) => k !== key)]);
  return {
    ...prefs,
    keys: { ...prefs.keys, ...Object.fromEntries(robbed), [action]: key === null ? [] : [key] },
  };
}
