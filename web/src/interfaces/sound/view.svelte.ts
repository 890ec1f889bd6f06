/** Which part of a recording is in sight: how many pixels a second has, and where the track stands. */

import { flushSync } from "svelte";

/** What browsers lay out. */
const WIDEST = 15e6;
const STEP = 1.6;
/** Where a moment that was out of sight is put, as a part of the width. */
const LEAD = 0.12;

export class Sight {
  /** Pixels of the track that are in sight. */
  width = $state(0);
  left = $state(0);
  private zoom = $state<number | null>(null);
  private scroller: HTMLElement | null = null;

  constructor(private readonly given: () => { length: number; most: number }) {}

  readonly fit = $derived.by(() => (this.given().length > 0 ? this.width / this.given().length : 0));
  readonly most = $derived.by(() =>
    Math.max(this.fit, Math.min(this.given().most, WIDEST / Math.max(this.given().length, 1e-6))),
  );
  /** Pixels for a second. */
  readonly scale = $derived.by(() =>
    this.zoom === null ? this.fit : Math.min(Math.max(this.zoom, this.fit), this.most),
  );
  readonly zoomed = $derived.by(() => this.scale > this.fit * 1.001);

  /** Watches the element that scrolls. */
  hold(scroller: HTMLElement): () => void {
    this.scroller = scroller;
    const measure = (): void => {
      this.width = scroller.clientWidth;
      this.left = scroller.scrollLeft;
    };
    const watch = new ResizeObserver(measure);
    watch.observe(scroller);
    scroller.addEventListener("scroll", measure, { passive: true });
    measure();
    return () => {
      watch.disconnect();
      scroller.removeEventListener("scroll", measure);
      this.scroller = null;
    };
  }

  /** Another recording begins: all of it is in sight. */
  reset(): void {
    this.zoom = null;
    this.scrollTo(0);
  }

  scrollTo(left: number): void {
    if (this.scroller === null) return;
    this.scroller.scrollLeft = left;
    this.left = this.scroller.scrollLeft;
  }

  /** Nearer (1) or further (-1); the moment `at` stays where it is. */
  zoomBy(direction: 1 | -1, at: number, factor = STEP): void {
    this.zoomTo(this.scale * (direction === 1 ? factor : 1 / factor), at);
  }

  zoomTo(scale: number, at: number): void {
    const seen = at * this.scale - this.left;
    const kept = seen >= 0 && seen <= this.width ? seen : this.width / 2;
    this.zoom = scale <= this.fit ? null : Math.min(scale, this.most);
    flushSync();
    this.scrollTo(at * this.scale - kept);
  }

  /** Scrolls a stretch into sight, as little as needed. */
  reveal(start: number, end = start): void {
    const [first, last] = [start * this.scale, end * this.scale];
    if (first >= this.left && last <= this.left + this.width) return;
    this.scrollTo(first - this.width * LEAD);
  }
}
