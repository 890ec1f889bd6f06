/**
 * Changes as this browser stores them: stretches of elements that were left as they were, of which a long text
 * has hundreds, take one entry. What is stored while a person works must be small.
 */

import { isKeep } from "@/core/merge";
import type { Changes, Json } from "@/api/types";

/** Elements `first` to `last` of the same array at the base. */
type Keeps = { $keeps: [first: number, last: number] };

export function packed({ set, unset }: Changes): Changes {
  return { set: eachList(set, pack), unset };
}

/** What was packed, whole again; changes that never were stay as they are. */
export function unpacked({ set, unset }: Changes): Changes {
  return { set: eachList(set, unpack), unset };
}

function eachList(set: Changes["set"], write: (list: Json[]) => Json[]): Changes["set"] {
  const pairs = Object.entries(set);
  return Object.fromEntries(pairs.map(([key, value]) => [key, Array.isArray(value) ? write(value) : value]));
}

function pack(list: Json[]): Json[] {
  const short: Json[] = [];
  let open: Keeps | null = null;
  for (const item of list) {
    const place = placeOf(item);
    if (place !== null && open?.$keeps[1] === place - 1) open.$keeps[1] = place;
    else {
      open = place === null ? null : { $keeps: [place, place] };
      short.push(open ?? item);
    }
  }
  return short;
}

/** The place of an element that is kept as it is; null for everything else. */
function placeOf(item: Json): number | null {
  return isKeep(item) && item.set === undefined && item.unset === undefined ? item.$keep : null;
}

function unpack(list: Json[]): Json[] {
  return list.flatMap((item) => {
    if (!isKeeps(item)) return [item];
    const [first, last] = item.$keeps;
    return Array.from({ length: last - first + 1 }, (_, n) => ({ $keep: first + n }));
  });
}

function isKeeps(item: unknown): item is Keeps {
  return item !== null && typeof item === "object" && Array.isArray((item as Partial<Keeps>).$keeps);
}
