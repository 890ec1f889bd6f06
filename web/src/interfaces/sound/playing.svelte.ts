/** What is played: where it stands, how fast, and where it stops by itself. */

import type { Place } from "@/interfaces/sound/regions";
import { rateBeside } from "@/interfaces/sound/settings";

export class Playing {
  /** Seconds; NaN before the player knows. */
  duration = $state(NaN);
  /** The player knows what it has to play. */
  loaded = $state(false);
  /** What is told in words; the line over the waveform moves by itself, with `ontime`. */
  time = $state(0);
  playing = $state(false);
  rate = $state(1);
  failed = $state(false);
  private media: HTMLMediaElement | null = null;
  private stretch: Place | null = null;
  private frame = 0;
  private loop = false;

  constructor(private readonly ontime: (seconds: number) => void) {}

  /** Takes a player in hand; gives what lets go of it. */
  hold(media: HTMLMediaElement): () => void {
    this.media = media;
    const heard = new AbortController();
    const on = (name: string, then: () => void): void =>
      media.addEventListener(name, then, { signal: heard.signal });
    on("durationchange", () => this.measured());
    on("loadedmetadata", () => this.measured());
    on("play", () => this.start());
    on("pause", () => this.stopped());
    on("seeked", () => this.tell());
    on("ended", () => this.ended());
    on("error", () => (this.failed = true));
    this.measured();
    return () => {
      heard.abort();
      cancelAnimationFrame(this.frame);
      // A player that is taken off the page would play on.
      media.pause();
      this.media = null;
    };
  }

  /** Another recording begins. */
  begin({ rate, loop, autoplay }: { rate: number; loop: boolean; autoplay: boolean }): void {
    this.failed = false;
    this.stretch = null;
    this.loop = loop;
    this.setRate(rate);
    if (this.media !== null) this.media.loop = loop;
    this.measured();
    this.tell();
    if (autoplay) this.play();
  }

  get now(): number {
    return this.media?.currentTime ?? 0;
  }

  toggle(): void {
    this.stretch = null;
    if (this.media?.paused === false) this.media.pause();
    else this.play();
  }

  pause(): void {
    this.media?.pause();
  }

  play(): void {
    // A browser may refuse to play before the person did anything; then the button is there.
    this.media?.play().catch(() => undefined);
  }

  seek(seconds: number): void {
    if (this.media === null) return;
    this.stretch = null;
    const most = Number.isFinite(this.duration) ? this.duration : seconds;
    this.media.currentTime = Math.min(Math.max(seconds, 0), most);
    this.tell();
  }

  /** Plays a stretch, over and over where it loops. */
  hear(stretch: Place): void {
    this.seek(stretch.start);
    this.stretch = stretch;
    this.play();
  }

  setRate(rate: number): void {
    this.rate = rate;
    if (this.media === null) return;
    this.media.defaultPlaybackRate = rate;
    this.media.playbackRate = rate;
  }

  faster(direction: 1 | -1): void {
    this.setRate(rateBeside(this.rate, direction));
  }

  /** Where the player does not say how long it is, as of what a browser recorded, what was read of it does. */
  learn(seconds: number): void {
    if (!Number.isFinite(this.duration) && seconds > 0) this.duration = seconds;
  }

  private measured(): void {
    const { duration = NaN, readyState = 0 } = this.media ?? {};
    this.duration = Number.isFinite(duration) ? duration : NaN;
    this.loaded = readyState >= HTMLMediaElement.HAVE_METADATA;
  }

  private start(): void {
    this.playing = true;
    cancelAnimationFrame(this.frame);
    const step = (): void => {
      this.tell();
      this.frame = requestAnimationFrame(step);
    };
    step();
  }

  private stopped(): void {
    cancelAnimationFrame(this.frame);
    this.playing = false;
    this.tell();
  }

  private ended(): void {
    if (this.stretch !== null && this.loop) this.again(this.stretch);
    else this.stretch = null;
  }

  private again({ start }: Place): void {
    if (this.media === null) return;
    this.media.currentTime = start;
    this.play();
  }

  private tell(): void {
    const { now, stretch } = this;
    this.ontime(now);
    // Words need not change with every frame.
    if (Math.abs(now - this.time) >= 0.05 || !this.playing) this.time = now;
    if (stretch === null || now < stretch.end || !this.playing) return;
    if (this.loop) {
      this.again(stretch);
      return;
    }
    this.stretch = null;
    this.media?.pause();
  }
}
