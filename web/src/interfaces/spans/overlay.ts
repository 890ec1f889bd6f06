/** What lies over the text: the tint of a selection, and the handles of a span's borders. */

export type Side = "start" | "end";

export interface OverlayOptions {
  rects: readonly DOMRect[];
  /** The borders can be taken hold of. */
  handles: boolean;
  rtl: boolean;
}

const HANDLE_PX = 20;

export function drawOverlay(overlay: HTMLElement, { rects, handles, rtl }: OverlayOptions): void {
  const origin = overlay.getBoundingClientRect();
  const wanted: Part[] = lines(rects).map((rect) => ({ side: "", rect }));
  const [first, last] = [rects[0], rects.at(-1)];
  if (handles && first !== undefined && last !== undefined) {
    wanted.push({ side: "start", rect: handle(rtl ? first.right : first.left, first) });
    wanted.push({ side: "end", rect: handle(rtl ? last.left : last.right, last) });
  }
  const parts = wanted.map((part, i) => laid(overlay.children[i], part, origin));
  if (parts.length !== overlay.children.length || parts.some((part, i) => part !== overlay.children[i])) {
    overlay.replaceChildren(...parts);
  }
}

interface Part {
  side: Side | "";
  rect: DOMRect;
}

/** An element where it has to be: the one that is there already, if it is of that kind. */
function laid(old: Element | undefined, { side, rect }: Part, origin: DOMRect): HTMLElement {
  const kept = old instanceof HTMLElement && (old.dataset.side ?? "") === side ? old : null;
  const element = kept ?? document.createElement(side === "" ? "i" : "b");
  if (side !== "") element.dataset.side = side;
  const css = `left: ${rect.left - origin.left}px; top: ${rect.top - origin.top}px; width: ${rect.width}px; height: ${rect.height}px;`;
  if (element.getAttribute("style") !== css) element.setAttribute("style", css);
  return element;
}

/** Neighbours on one line as one. */
function lines(rects: readonly DOMRect[]): DOMRect[] {
  const merged: DOMRect[] = [];
  for (const rect of rects) {
    const last = merged.at(-1);
    const beside =
      last !== undefined && Math.abs(last.top - rect.top) < 2 && Math.abs(last.height - rect.height) < 2;
    if (!beside || rect.left > last.right + 2 || rect.right < last.left - 2) merged.push(rect);
    else {
      const left = Math.min(last.left, rect.left);
      const right = Math.max(last.right, rect.right);
      merged[merged.length - 1] = new DOMRect(left, last.top, right - left, last.height);
    }
  }
  return merged;
}

function handle(x: number, { top, height }: DOMRect): DOMRect {
  return new DOMRect(x - HANDLE_PX / 2, top - 3, HANDLE_PX, height + 6);
}

/** The side of the handle under a pointer. */
export function sideOf(target: EventTarget | null): Side | null {
  const side = target instanceof HTMLElement ? target.dataset.side : undefined;
  return side === "start" || side === "end" ? side : null;
}
