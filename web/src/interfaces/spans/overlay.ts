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
  const drawn = lines(rects).map((rect) => at("i", rect.left, rect.top, rect.width, rect.height, origin));
  const [first, last] = [rects[0], rects.at(-1)];
  if (handles && first !== undefined && last !== undefined) {
    drawn.push(handle("start", rtl ? first.right : first.left, first, origin));
    drawn.push(handle("end", rtl ? last.left : last.right, last, origin));
  }
  overlay.replaceChildren(...drawn);
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

function handle(side: Side, x: number, { top, height }: DOMRect, origin: DOMRect): HTMLElement {
  const element = at("b", x - HANDLE_PX / 2, top - 3, HANDLE_PX, height + 6, origin);
  element.dataset.side = side;
  return element;
}

function at(
  name: "i" | "b",
  x: number,
  y: number,
  width: number,
  height: number,
  origin: DOMRect,
): HTMLElement {
  const element = document.createElement(name);
  element.style.cssText = `left:${x - origin.left}px;top:${y - origin.top}px;width:${width}px;height:${height}px`;
  return element;
}

/** The side of the handle under a pointer. */
export function sideOf(target: EventTarget | null): Side | null {
  const side = target instanceof HTMLElement ? target.dataset.side : undefined;
  return side === "start" || side === "end" ? side : null;
}
