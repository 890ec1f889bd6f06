/** What scripts of recipes expect under `window.wavesurfer`: the player of Prodigy is wavesurfer.js. */

import type { Playing } from "@/interfaces/sound/playing.svelte";
import { type Place, type Region, withBorder } from "@/interfaces/sound/regions";

declare global {
  interface Window {
    wavesurfer?: Surfer;
  }
}

type Listener = (...told: unknown[]) => void;

interface Given {
  media: HTMLMediaElement;
  playing: Playing;
  /** Seconds. */
  length: () => number;
  /** Pixels for a second. */
  zoom: (scale: number) => void;
  /** Both are there where regions can be changed. */
  place?: ((region: Region, place: Place) => void) | undefined;
  remove?: ((region: Region) => void) | undefined;
}

/** A region as scripts see it. */
interface Handle extends Place {
  id: string;
  label: string;
  attributes: { label: string };
  play: () => void;
  remove: () => void;
  update: (change: Partial<Place>) => void;
}

/** Events of the player, and what they are called there. */
const EVENTS = {
  loadedmetadata: "ready",
  play: "play",
  pause: "pause",
  ended: "finish",
  timeupdate: "audioprocess",
  seeked: "seek",
} as const;
const SKIP = 2;

export class Surfer {
  readonly regions: { list: Record<string, Handle> } = { list: {} };
  private shown: readonly Region[] = [];
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(private readonly given: Given) {}

  /** Puts it under `window`; gives what takes it away. */
  publish(): () => void {
    const heard = new AbortController();
    for (const [name, called] of Object.entries(EVENTS)) {
      const told = (): void =>
        this.tell(called, called === "audioprocess" ? this.getCurrentTime() : undefined);
      this.given.media.addEventListener(name, told, { signal: heard.signal });
    }
    window.wavesurfer = this;
    return () => {
      heard.abort();
      if (window.wavesurfer === this) delete window.wavesurfer;
    };
  }

  on(name: string, listener: Listener): void {
    this.listeners.set(name, (this.listeners.get(name) ?? new Set()).add(listener));
  }

  un(name: string, listener: Listener): void {
    this.listeners.get(name)?.delete(listener);
  }

  play(start?: number, end?: number): void {
    const { playing } = this.given;
    if (start !== undefined && end !== undefined) playing.hear({ start, end });
    else {
      if (start !== undefined) playing.seek(start);
      playing.play();
    }
  }

  pause(): void {
    this.given.playing.pause();
  }

  stop(): void {
    this.pause();
    this.given.playing.seek(0);
  }

  playPause(): void {
    this.given.playing.toggle();
  }

  isPlaying(): boolean {
    return this.given.playing.playing;
  }

  getCurrentTime(): number {
    return this.given.playing.now;
  }

  getDuration(): number {
    return this.given.length();
  }

  /** `part` is one of the whole recording, from 0 to 1. */
  seekTo(part: number): void {
    this.given.playing.seek(part * this.given.length());
  }

  seekAndCenter(part: number): void {
    this.seekTo(part);
  }

  setCurrentTime(seconds: number): void {
    this.given.playing.seek(seconds);
  }

  skip(seconds: number): void {
    this.given.playing.seek(this.given.playing.now + seconds);
  }

  skipForward(seconds = SKIP): void {
    this.skip(seconds);
  }

  skipBackward(seconds = SKIP): void {
    this.skip(-seconds);
  }

  getPlaybackRate(): number {
    return this.given.playing.rate;
  }

  setPlaybackRate(rate: number): void {
    this.given.playing.setRate(rate);
  }

  getVolume(): number {
    return this.given.media.volume;
  }

  setVolume(volume: number): void {
    this.given.media.volume = volume;
  }

  zoom(scale: number): void {
    this.given.zoom(scale);
  }

  // ------------------------------------------------------------ regions

  /** Other regions are there than before. */
  show(regions: readonly Region[]): void {
    const before = new Map(this.shown.map((region) => [region.id, region]));
    const old = this.regions.list;
    this.shown = regions;
    this.regions.list = Object.fromEntries(regions.map((region) => [region.id, this.handle(region)]));
    for (const region of regions) {
      const known = before.get(region.id);
      before.delete(region.id);
      if (known === undefined) this.tell("region-created", this.regions.list[region.id]);
      else if (known !== region) {
        this.tell("region-updated", this.regions.list[region.id]);
        this.tell("region-update-end", this.regions.list[region.id]);
      }
    }
    for (const id of before.keys()) this.tell("region-removed", old[id]);
  }

  clicked(region: Region): void {
    this.tell("region-click", this.regions.list[region.id]);
  }

  private handle(region: Region): Handle {
    const { id, start, end, label } = region;
    const { playing, place, remove, length } = this.given;
    return {
      ...{ id, start, end, label, attributes: { label } },
      play: () => playing.hear(region),
      remove: () => remove?.(region),
      update: (change) => {
        const first = withBorder(region, "start", change.start ?? start, length());
        place?.(region, withBorder(first, "end", change.end ?? end, length()));
      },
    };
  }

  /** An error of a listener is told where errors of scripts are, and stops nobody else. */
  private tell(name: string, ...told: unknown[]): void {
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        listener(...told);
      } catch (error) {
        reportError(error);
      }
    }
  }
}
