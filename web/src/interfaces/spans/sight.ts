/** Tells which things of a long text come near the window, a few at a time, and which are far again. */

export interface SightOptions<Thing> {
  /** What scrolls; null for the window. */
  root: Element | null;
  /** How far out of sight is near, in heights of the window as a percentage. */
  ahead: string;
  /** So many come near in one go: nobody waits for what is not in sight yet. */
  atOnce: number;
  near: (thing: Thing) => void;
  far: (thing: Thing) => void;
}

export class Sight<Thing> {
  private readonly observer: IntersectionObserver;
  private readonly waiting = new Set<Thing>();
  private things = new Map<Element, readonly Thing[]>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: SightOptions<Thing>) {
    const { root, ahead: rootMargin } = options;
    this.observer = new IntersectionObserver((entries) => this.seen(entries), { root, rootMargin });
  }

  /** Watches these elements, and no others; what is in one of them comes and goes with it. */
  watch(things: Map<Element, readonly Thing[]>): void {
    this.observer.disconnect();
    this.waiting.clear();
    this.things = things;
    for (const element of things.keys()) this.observer.observe(element);
  }

  destroy(): void {
    this.observer.disconnect();
    clearTimeout(this.timer);
  }

  private seen(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      for (const thing of this.things.get(target) ?? []) {
        if (isIntersecting) this.waiting.add(thing);
        else {
          this.waiting.delete(thing);
          this.options.far(thing);
        }
      }
    }
    this.timer ??= setTimeout(() => this.bring());
  }

  private bring(): void {
    this.timer = undefined;
    for (const thing of [...this.waiting].slice(0, this.options.atOnce)) {
      this.waiting.delete(thing);
      this.options.near(thing);
    }
    if (this.waiting.size > 0) this.timer = setTimeout(() => this.bring());
  }
}
