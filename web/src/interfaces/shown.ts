/** Which card a view stands on: what is shown for one card is not kept for the next. */

import { getContext, setContext } from "svelte";

const CARD = Symbol("card");

export function showsCard(card: () => string): void {
  setContext(CARD, card);
}

/** Called while a component is made. */
export function cardShown(): () => string {
  return getContext<(() => string) | undefined>(CARD) ?? (() => "");
}
