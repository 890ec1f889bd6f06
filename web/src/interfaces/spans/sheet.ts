/** The drawn text on the screen: where stretches of it are, how they come in sight, and the tint over them. */

import { scrollerOf } from "@/interfaces/part";
import type { Document } from "@/interfaces/spans/document";
import type { Lines } from "@/interfaces/spans/lines";
import { drawOverlay } from "@/interfaces/spans/overlay";
import type { Painter } from "@/interfaces/spans/paint";

/** Code points. */
interface Stretch {
  start: number;
  end: number;
}

export interface Tint {
  range: Stretch | null;
  /** Its borders can be taken hold of. */
  handles: boolean;
  rtl: boolean;
}

export class Sheet {
  private tint: Tint | null = null;
  private frame = 0;
  /** Size of the text when the tint was drawn. */
  private drawn = "";
  private far: Stretch | null = null;

  constructor(
    private readonly painter: Painter,
    private readonly overlay: HTMLElement,
    private readonly scroller: HTMLElement,
    private readonly doc: () => Document,
  ) {}

  destroy(): void {
    cancelAnimationFrame(this.frame);
  }

  /** Tints a stretch with the next frame, when everything else has been drawn and is measured once. */
  show(tint: Tint): void {
    this.tint = tint;
    this.refresh();
  }

  private refresh(): void {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.draw());
  }

  /** Draws the tint where the text stands now; for when the text is laid out already. */
  draw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    // Labels are measured before the tint is written, so that the text is laid out once.
    this.painter.settle();
    if (this.far !== null) this.revealStretch(this.far);
    this.far = null;
    this.drawn = this.painter.size;
    if (this.tint === null) return;
    const { range, handles, rtl } = this.tint;
    const rects = range === null ? [] : this.rects(range, false);
    drawOverlay(this.overlay, { rects, handles, rtl });
  }

  /** Draws the tint again if the text has got another size since. */
  follow(): void {
    if (this.painter.size !== this.drawn) this.draw();
  }

  /** Scrolls as little as needed. */
  reveal(range: Stretch): void {
    const [rect] = this.rects(range, false);
    if (rect !== undefined) {
      this.revealRect(rect);
      return;
    }
    // What is far away stands where its block is thought to be; once there, blocks have their true height.
    for (let tries = 0; tries < 3; tries += 1) this.revealStretch(range);
    this.far = range;
    this.refresh();
  }

  private revealStretch(range: Stretch): void {
    const [rect] = this.rects(range, true);
    if (rect !== undefined) this.revealRect(rect);
  }

  private revealRect(rect: DOMRect): void {
    const pane = scrollerOf(this.scroller);
    const window = pane.getBoundingClientRect();
    const margin = Math.min(rect.height * 2.5, window.height / 3);
    if (rect.top < window.top + margin) pane.scrollTop -= window.top + margin - rect.top;
    else if (rect.bottom > window.bottom - margin) pane.scrollTop += rect.bottom - window.bottom + margin;
  }

  /** Where the steps stand. */
  lines(): Lines {
    const { steps } = this.doc();
    return {
      count: steps.length,
      blank: (at) => steps[at]?.blank === true,
      placeOf: (at) => {
        const step = steps[at];
        return step === undefined ? null : (this.rects(step, true)[0] ?? null);
      },
    };
  }

  private rects({ start, end }: Stretch, everywhere: boolean): DOMRect[] {
    const { offsets } = this.doc();
    return this.painter.rects(offsets.toUnits(start), offsets.toUnits(end), everywhere);
  }
}
