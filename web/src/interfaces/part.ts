/** Whether a view stands among others on one card: then the card scrolls, and each part is as tall as it is. */

import { getContext, setContext } from "svelte";

const PART = Symbol("part");

export function holdsParts(): void {
  setContext(PART, true);
}

export function isPart(): boolean {
  return getContext<boolean | undefined>(PART) === true;
}

/** What scrolls when a part of a view is to be seen: the view's own scroller, or that of the card around it. */
export function scrollerOf(own: HTMLElement): HTMLElement {
  let scroller = own;
  while (scroller.scrollHeight <= scroller.clientHeight) {
    const around = scroller.parentElement?.closest<HTMLElement>("[data-scroller]") ?? null;
    if (around === null) return own;
    scroller = around;
  }
  return scroller;
}
