/** How loud a recording is, at every moment and over any stretch of it. */

/** Peaks for a second: enough for borders to the millisecond. */
export const PER_SECOND = 1000;
const FAN = 8;
const FULL = 65_535;

/**
 * The loudest sample of every millisecond, and of 8, 64 … of them, so that a glance at an hour costs no more than
 * one at a second. It grows while the recording is read.
 */
export class Peaks {
  private levels: Uint16Array[] = [new Uint16Array(1024)];
  /** Milliseconds read so far. */
  private length = 0;
  private top = 0;

  /** Seconds read so far. */
  get seconds(): number {
    return this.length / PER_SECOND;
  }

  /** The loudest of all, from 0 to 1. */
  get loudest(): number {
    return this.top / FULL;
  }

  /** Adds samples (from -1 to 1) of all channels that begin at a second; what is there already stays if louder. */
  add(at: number, channels: readonly Float32Array[], rate: number): void {
    const count = channels[0]?.length ?? 0;
    if (count === 0) return;
    const first = Math.max(0, Math.floor(at * PER_SECOND));
    const end = Math.max(first + 1, Math.ceil((at + count / rate) * PER_SECOND));
    this.reserve(end);
    const base = this.levels[0] ?? new Uint16Array();
    for (let peak = first; peak < end; peak += 1) {
      const from = Math.max(0, Math.round((peak / PER_SECOND - at) * rate));
      const to = Math.min(count, Math.max(from + 1, Math.round(((peak + 1) / PER_SECOND - at) * rate)));
      let loud = base[peak] ?? 0;
      for (const samples of channels) {
        for (let i = from; i < to; i += 1) {
          const height = Math.abs(samples[i] ?? 0) * FULL;
          if (height > loud) loud = height;
        }
      }
      base[peak] = Math.min(FULL, loud);
    }
    this.length = Math.max(this.length, end);
    this.raise(first, end);
  }

  /** The loudest moment between two seconds, from 0 to 1. */
  over(from: number, to: number): number {
    const first = Math.max(0, Math.floor(from * PER_SECOND));
    const end = Math.min(this.length, Math.max(first + 1, Math.ceil(to * PER_SECOND)));
    return this.most(0, first, end) / FULL;
  }

  private reserve(length: number): void {
    const [base] = this.levels;
    if (base !== undefined && base.length >= length) return;
    let size = base?.length ?? 1024;
    while (size < length) size *= 2;
    const grown: Uint16Array[] = [];
    for (let level = 0; size >= 1; level += 1, size = Math.floor(size / FAN)) {
      const larger = new Uint16Array(size + 1);
      larger.set(this.levels[level] ?? []);
      grown.push(larger);
    }
    const had = this.levels.length;
    this.levels = grown;
    if (had < grown.length) this.raise(0, this.length);
  }

  private raise(from: number, to: number): void {
    let [first, end] = [from, to];
    for (let i = first; i < end; i += 1) this.top = Math.max(this.top, this.levels[0]?.[i] ?? 0);
    for (let level = 1; level < this.levels.length; level += 1) {
      const [below, here] = [this.levels[level - 1], this.levels[level]];
      if (below === undefined || here === undefined) return;
      [first, end] = [Math.floor(first / FAN), Math.ceil(end / FAN)];
      for (let i = first; i < end && i < here.length; i += 1) {
        here[i] = below.subarray(i * FAN, (i + 1) * FAN).reduce((most, one) => Math.max(most, one), 0);
      }
    }
  }

  private most(level: number, from: number, to: number): number {
    const here = this.levels[level];
    if (here === undefined || from >= to) return 0;
    const [low, high] = [Math.ceil(from / FAN), Math.floor(to / FAN)];
    let loud = 0;
    const look = (start: number, end: number): void => {
      for (let i = start; i < end; i += 1) loud = Math.max(loud, here[i] ?? 0);
    };
    if (low >= high || level + 1 >= this.levels.length) {
      look(from, to);
      return loud;
    }
    look(from, low * FAN);
    look(high * FAN, to);
    return Math.max(loud, this.most(level + 1, low, high));
  }
}
