/** What a mouse, pen or finger does on the track: draws, moves, resizes, winds, or taps. */

import { between, type Place, type Region, shifted, type Side, withBorder } from "@/interfaces/sound/regions";

/** Pixels that a hand moves without meaning it. */
const STILL = { mouse: 3, other: 8 };

export type Grip =
  | { kind: "draw" }
  | { kind: "border"; region: Region; side: Side }
  | { kind: "move"; region: Region }
  | { kind: "wind" };

interface Down {
  grip: Grip;
  /** Where it went down: in the window, and in the recording. */
  x: number;
  at: number;
  still: number;
  moved: boolean;
}

export interface Done {
  grip: Grip;
  place: Place | null;
  /** It never left the place where it went down. */
  tap: boolean;
  at: number;
}

export class Hand {
  private down: Down | null = null;

  constructor(private readonly duration: () => number) {}

  get busy(): boolean {
    return this.down !== null;
  }

  /** Something is being drawn, moved or resized. */
  get dragging(): boolean {
    return this.down?.moved === true && this.down.grip.kind !== "wind";
  }

  /** The region that is in hand. */
  get region(): Region | null {
    const grip = this.down?.grip;
    return grip?.kind === "move" || grip?.kind === "border" ? grip.region : null;
  }

  start(grip: Grip, x: number, at: number, mouse: boolean): void {
    this.down = { grip, x, at, still: mouse ? STILL.mouse : STILL.other, moved: false };
  }

  /** Where the region is now; null while nothing is drawn. */
  move(x: number, at: number): Place | null {
    if (this.down === null) return null;
    if (Math.abs(x - this.down.x) > this.down.still) this.down.moved = true;
    return this.down.moved ? this.placed(this.down, at) : null;
  }

  end(at: number): Done | null {
    const { down } = this;
    this.down = null;
    if (down === null) return null;
    return { grip: down.grip, place: down.moved ? this.placed(down, at) : null, tap: !down.moved, at };
  }

  cancel(): void {
    this.down = null;
  }

  private placed({ grip, at: from }: Down, at: number): Place | null {
    const duration = this.duration();
    if (grip.kind === "draw") return between(from, at, duration);
    if (grip.kind === "move") return shifted(grip.region, at - from, duration);
    if (grip.kind === "wind") return null;
    // The border keeps the distance that the hand had to it.
    const border = grip.side === "start" ? grip.region.start : grip.region.end;
    return withBorder(grip.region, grip.side, border + at - from, duration);
  }
}
