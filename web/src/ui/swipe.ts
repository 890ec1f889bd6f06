/** Answers by drawing a finger over the card, where the recipe wants it (`swipe`). */

import type { Direction } from "@/ui/settings";

const FAR_PX = 80;
/** So much farther sideways than up or down. */
const FLAT = 2.5;
const LONGEST_MS = 700;
/** What a finger does there means something else. */
const TAKEN =
  "input, textarea, select, audio, video, button, [contenteditable], [data-testid='text'], [data-testid='stage']";

/** Calls back for each swipe over the element; gives the end of it. */
export function watchSwipes(element: HTMLElement, swiped: (direction: Direction) => void): () => void {
  let start: { x: number; y: number; at: number } | null = null;
  const abort = new AbortController();
  const options = { signal: abort.signal, passive: true };
  const begin = (event: TouchEvent): void => {
    const [touch] = event.touches;
    const alone = event.touches.length === 1 && touch !== undefined && isFree(event.target, element);
    start = alone ? { x: touch.clientX, y: touch.clientY, at: event.timeStamp } : null;
  };
  const end = (event: TouchEvent): void => {
    const touch = event.changedTouches[0];
    if (start === null || touch === undefined) return;
    const [dx, dy] = [touch.clientX - start.x, touch.clientY - start.y];
    const quick = event.timeStamp - start.at <= LONGEST_MS;
    start = null;
    if (quick && Math.abs(dx) >= FAR_PX && Math.abs(dx) >= FLAT * Math.abs(dy)) {
      swiped(dx < 0 ? "left" : "right");
    }
  };
  element.addEventListener("touchstart", begin, options);
  element.addEventListener("touchend", end, options);
  element.addEventListener("touchcancel", () => (start = null), options);
  return () => abort.abort();
}

/** Neither a control nor something that a finger pushes sideways. */
function isFree(target: EventTarget | null, within: HTMLElement): boolean {
  if (!(target instanceof Element) || target.closest(TAKEN) !== null) return false;
  for (let one: Element | null = target; one !== null && one !== within; one = one.parentElement) {
    if (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== "visible") return false;
  }
  return true;
}
