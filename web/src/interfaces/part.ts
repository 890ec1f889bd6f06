/** Whether a view stands among others on one card: then the card scrolls, and each part is as tall as it is. */

import { getContext, setContext } from "svelte";

const PART = Symbol("part");

export function holdsParts(): void {
  setContext(PART, true);
}

export function isPart(): boolean {
  return getContext<boolean | undefined>(PART) === true;
}
