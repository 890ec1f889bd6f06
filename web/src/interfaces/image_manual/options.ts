/** Settings of drawing, in the shapes the page uses. */

import type { Config } from "@/api/types";
import { inside } from "@/interfaces/image_manual/geometry";
import { type Kind, KINDS } from "@/interfaces/image_manual/shapes";
import { strings } from "@/interfaces/interface";

/** What can be drawn, in the order of the recipe; the first is in hand. */
export function modesOf({ image_manual_modes: given }: Config): Kind[] {
  const modes = strings(given).flatMap((name) => KINDS.filter((kind) => kind === name));
  return modes.length === 0 ? [...KINDS] : [...new Set(modes)];
}

export function strokeOf({ image_manual_stroke_width: width }: Config): number {
  return typeof width === "number" && width > 0 ? Math.min(width, 40) : 4;
}

export function fontOf({ image_manual_font_size: size }: Config): number {
  return typeof size === "number" && size > 0 ? Math.min(size, 100) : 16;
}

/** How much of the light is taken off the picture, 0 to 1. */
export function darknessOf({ darken_image: dark }: Config): number {
  return typeof dark === "number" ? inside(dark, 0, 1) : dark === true ? 0.3 : 0;
}
