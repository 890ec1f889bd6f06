/** Changes against a document: how the server applies them, mirrored so that the page can show the result. */

import { plain } from "@/api/json";
import type { Changes, Json, Task } from "@/api/types";

/** Element `$keep` of the same array at the base, copied by the server with the given changes. */
export interface Keep {
  $keep: number;
  set?: { [key: string]: Json };
  unset?: string[];
}

export function isKeep(value: unknown): value is Keep {
  return value !== null && typeof value === "object" && typeof (value as Keep).$keep === "number";
}

/** The document after the changes. */
export function merge(task: Task, changes: Partial<Changes>): Task {
  const merged: Task = { ...task };
  for (const [key, value] of Object.entries(changes.set ?? {})) {
    merged[key] = Array.isArray(value) ? value.flatMap((item) => kept(item, task[key])) : value;
  }
  for (const key of changes.unset ?? []) Reflect.deleteProperty(merged, key);
  return merged;
}

function kept(item: Json, base: Json | undefined): Json[] {
  if (!isKeep(item)) return [item];
  const original = Array.isArray(base) ? base[item.$keep] : undefined;
  if (original === undefined) return [];
  if (item.set === undefined && item.unset === undefined) return [original];
  return [merge(original as Task, item)];
}

/**
 * The same result written as changes against another base: what "keep mine" sends after a conflict.
 * Elements that both bases hold are kept by position in the new one.
 */
export function rebase(mine: Task, theirs: Task, keys: readonly string[]): Changes {
  const set: Changes["set"] = {};
  const unset: string[] = [];
  for (const key of keys) {
    const value = mine[key];
    if (value === undefined) {
      if (theirs[key] !== undefined) unset.push(key);
    } else if (!same(value, theirs[key])) {
      set[key] = Array.isArray(value) ? keepShared(value, theirs[key]) : value;
    }
  }
  return { set, unset };
}

function keepShared(mine: Json[], theirs: Json | undefined): Json[] {
  if (!Array.isArray(theirs)) return mine;
  return mine.map((item) => {
    if (item === null || typeof item !== "object") return item;
    const n = theirs.findIndex((other) => same(item, other));
    return n < 0 ? item : { $keep: n };
  });
}

/** Equal as JSON, whatever the order of keys. */
export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]))
    );
  }
  if ("rawJSON" in a || "rawJSON" in b) return plain(a) === plain(b);
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
}
