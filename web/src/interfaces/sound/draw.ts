/** Draws waveforms on canvases. */

import type { Peaks } from "@/interfaces/sound/peaks";
import type { Look } from "@/interfaces/sound/settings";

export interface Colours {
  wave: string;
  /** What is not read yet. */
  line: string;
  words: string;
  /** Of figures, as CSS. */
  font: string;
}

interface Window {
  /** Seconds at the left edge. */
  from: number;
  /** CSS pixels for a second. */
  scale: number;
  width: number;
  height: number;
}

/** Makes a canvas as sharp as the screen and empties it. */
export function prepared(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = Math.min(devicePixelRatio || 1, 2);
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const pen = canvas.getContext("2d");
  if (pen === null) throw new Error("This browser gives no canvas to draw on.");
  pen.scale(ratio, ratio);
  return pen;
}

/** One bar for each step of `look`, as high as the loudest moment under it. Bars stand at the same seconds in any window. */
export function drawWave(
  pen: CanvasRenderingContext2D,
  peaks: Peaks,
  { from, scale, width, height }: Window,
  look: Look,
  colours: Pick<Colours, "wave" | "line">,
  top = 0,
): void {
  const middle = top + height / 2;
  const bar = look.width > 0 ? look.width : 1;
  const step = look.width > 0 ? Math.max(1, look.width + look.gap) : 1;
  const volume = peaks.loudest > 0 ? 1 / peaks.loudest : 1;
  const first = Math.floor((from * scale) / step);
  const last = Math.ceil((from * scale + width) / step);
  const read = peaks.seconds;
  pen.fillStyle = colours.wave;
  pen.beginPath();
  for (let i = first; i < last; i += 1) {
    const at = (i * step) / scale;
    if (at >= read) break;
    const loud = Math.min(1, peaks.over(at, (i * step + step) / scale) * volume * look.height);
    const tall = Math.max(1, loud * (height - 8));
    const [x, y] = [i * step - from * scale, middle - tall / 2];
    if (look.radius > 0 && look.width > 0) pen.roundRect(x, y, bar, tall, Math.min(look.radius, bar / 2));
    else pen.rect(x, y, bar, tall);
  }
  pen.fill();
  const unread = Math.max(0, (read - from) * scale);
  if (unread < width) {
    pen.fillStyle = colours.line;
    pen.fillRect(unread, middle - 0.5, width - unread, 1);
  }
}

const STEPS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
  3600,
];
const ROOM = 72;

/** Seconds between two figures of the timeline. */
export function tick(scale: number): number {
  return STEPS.find((step) => step * scale >= ROOM) ?? 3600;
}

/** A timeline along the upper edge. */
export function drawTimeline(
  pen: CanvasRenderingContext2D,
  { from, scale, width, height }: Window,
  colours: Colours,
): void {
  const step = tick(scale);
  const small = step / 5;
  const first = Math.floor(from / small);
  const last = Math.ceil((from + width / scale) / small);
  pen.strokeStyle = colours.line;
  pen.fillStyle = colours.words;
  pen.font = colours.font;
  pen.textBaseline = "top";
  pen.beginPath();
  for (let i = first; i <= last; i += 1) {
    const x = Math.round(i * small * scale - from * scale) + 0.5;
    pen.moveTo(x, height);
    pen.lineTo(x, height - (i % 5 === 0 ? 8 : 4));
    if (i % 5 === 0) pen.fillText(moment(i * small, step), x + 4, 3);
  }
  pen.stroke();
}

/** "1:02", and finer where the steps are. */
export function moment(seconds: number, step: number): string {
  const digits = step >= 1 ? 0 : Math.ceil(-Math.log10(step) - 1e-9);
  const all = Number(seconds.toFixed(digits));
  const [hours, minutes] = [Math.floor(all / 3600), Math.floor(all / 60) % 60];
  const rest = (all % 60).toFixed(digits).padStart(digits === 0 ? 2 : digits + 3, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
