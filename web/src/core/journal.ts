/**
 * Rows on their way into the browser's database. That database answers later, and a page that goes away
 * takes with it what was not stored by then; what is put here is kept when the call returns.
 */

import { parse, stringify } from "@/api/json";

export interface Journal {
  put(key: string, row: unknown): void;
  drop(key: string): void;
  /** What pages that went away left, by key. */
  left(): Map<string, unknown>;
}

const PREFIX = "tallymark unstored ";

/** A journal in the browser's own store of strings; without one nothing is kept. */
export function journalIn(store: globalThis.Storage | null): Journal {
  return {
    put: (key, row) => attempt(() => store?.setItem(PREFIX + key, stringify(row))),
    drop: (key) => attempt(() => store?.removeItem(PREFIX + key)),
    left: () => {
      const found = new Map<string, unknown>();
      for (const name of store === null ? [] : Object.keys(store)) {
        if (!name.startsWith(PREFIX)) continue;
        attempt(() => found.set(name.slice(PREFIX.length), parse(store?.getItem(name) ?? "null")));
      }
      return found;
    },
  };
}

/** The browser's, where it allows one. */
export function browserJournal(): Journal {
  let store: globalThis.Storage | null = null;
  attempt(() => {
    store = (globalThis as { localStorage?: globalThis.Storage }).localStorage ?? null;
  });
  return journalIn(store);
}

/** A full or forbidden store costs the moment until the database has the row, and nothing else. */
function attempt(act: () => unknown): void {
  try {
    act();
  } catch {
    // The row is on its way into the database all the same.
  }
}
