/** Widths of labels in CSS pixels, measured once for each. */

const FONT = '600 11.5px "Inter", "Segoe UI", system-ui, sans-serif';
const known = new Map<string, number>();
let canvas: CanvasRenderingContext2D | null = null;

function textWidth(text: string): number {
  const found = known.get(text);
  if (found !== undefined) return found;
  canvas ??= document.createElement("canvas").getContext("2d");
  if (canvas !== null) canvas.font = FONT;
  const width = canvas?.measureText(text).width ?? text.length * 7;
  known.set(text, width);
  return width;
}

const WIDEST = 190;

/** Of a label on an arc; longer ones are cut off. */
export function arcWidth(label: string): number {
  return Math.ceil(Math.min(WIDEST, textWidth(label) * 1.06 + 16));
}

/** Of a span's name; `buttons` is what stands beside it. */
export function tagWidth(label: string, buttons: number): number {
  return Math.ceil(Math.min(WIDEST, textWidth(label) * 1.06 + 10) + buttons);
}
