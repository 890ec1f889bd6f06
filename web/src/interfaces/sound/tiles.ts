/** The waveform as canvases side by side, each as wide as browsers draw well; only those in sight are there. */

import { type Colours, drawTimeline, drawWave, prepared } from "@/interfaces/sound/draw";
import type { Peaks } from "@/interfaces/sound/peaks";
import type { Look } from "@/interfaces/sound/settings";

const TILE = 1024;

export interface Picture {
  peaks: Peaks | null;
  /** Another one for another picture: what was drawn for the same state is not drawn again. */
  state: string;
  look: Look;
  /** Pixels: what is in sight, the whole width, the heights of the timeline and of the waveform. */
  left: number;
  width: number;
  wide: number;
  ruler: number;
  wave: number;
  /** Pixels for a second. */
  scale: number;
}

interface Tile {
  canvas: HTMLCanvasElement;
  state: string;
}

export class Tiles {
  private readonly drawn = new Map<number, Tile>();
  private frame = 0;
  private picture: Picture | null = null;

  constructor(private readonly box: HTMLElement) {}

  destroy(): void {
    cancelAnimationFrame(this.frame);
    for (const { canvas } of this.drawn.values()) canvas.remove();
    this.drawn.clear();
  }

  /** Draws with the next frame, however often the picture changes before it. */
  show(picture: Picture): void {
    this.picture = picture;
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    this.frame = 0;
    if (this.picture === null) return;
    if (this.picture.scale === 0) {
      this.drawn.clear();
      this.box.replaceChildren(); // a recording of which nothing is known
      return;
    }
    const { left, width, wide } = this.picture;
    const first = Math.max(0, Math.floor(left / TILE) - 1);
    const last = Math.min(Math.ceil(wide / TILE) - 1, Math.floor((left + width) / TILE) + 1);
    for (const [at, { canvas }] of this.drawn) {
      if (at >= first && at <= last) continue;
      canvas.remove();
      this.drawn.delete(at);
    }
    const colours = this.colours();
    for (let at = first; at <= last; at += 1) this.paintTile(at, this.picture, colours);
  }

  private paintTile(at: number, picture: Picture, colours: Colours): void {
    const { peaks, state, look, wide, ruler, wave, scale } = picture;
    const known = this.drawn.get(at);
    if (known?.state === state) return;
    const canvas = known?.canvas ?? document.createElement("canvas");
    const width = Math.min(TILE, wide - at * TILE);
    canvas.style.cssText = `left:${at * TILE}px;width:${width}px;height:${ruler + wave}px`;
    const pen = prepared(canvas, width, ruler + wave);
    const window = { from: (at * TILE) / scale, scale, width };
    if (peaks !== null) drawWave(pen, peaks, { ...window, height: wave }, look, colours, ruler);
    if (ruler > 0) drawTimeline(pen, { ...window, height: ruler }, colours);
    if (known === undefined) this.box.append(canvas);
    this.drawn.set(at, { canvas, state });
  }

  /** Colours of the page for either theme stand in the style of the box. */
  private colours(): Colours {
    const { color, borderTopColor, caretColor, fontFamily } = getComputedStyle(this.box);
    return { wave: color, line: borderTopColor, words: caretColor, font: `11px ${fontFamily}` };
  }
}
