/** How long somebody was at work on a card: the gaps between signs of life, each cut at a minute. */

const IDLE_MS = 60_000;

export class Activity {
  private total = 0;
  private last: number | null = null;

  /** A key, a pointer, a focus, at `now` (ms). */
  touch(now: number): void {
    if (this.last !== null) this.total += Math.min(Math.max(0, now - this.last), IDLE_MS);
    this.last = now;
  }

  /** The page lost focus: what follows does not count. */
  rest(now: number): void {
    this.touch(now);
    this.last = null;
  }

  /** Milliseconds so far. */
  at(now: number): number {
    const since = this.last === null ? 0 : Math.min(Math.max(0, now - this.last), IDLE_MS);
    return Math.round(this.total + since);
  }
}
