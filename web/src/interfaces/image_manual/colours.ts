/** Colours of regions: solid on any picture, the same by day and by night, and the same for everybody. */

import type { Config } from "@/api/types";
import { type LabelColour, labelColour, parseHex, strayIndex } from "@/core/colour";
import { ownColour } from "@/ui/settings";

let brush: CanvasRenderingContext2D | null = null;
const known = new Map<string, string | null>();

/** Any colour of CSS as #rrggbb; null for what is none, or is not solid. */
export function hexOf(colour: string): string | null {
  if (parseHex(colour) !== null) return colour.trim();
  const found = known.get(colour);
  if (found !== undefined) return found;
  brush ??= document.createElement("canvas").getContext("2d");
  const made = brush !== null && CSS.supports("color", colour) ? painted(brush, colour) : null;
  known.set(colour, made);
  return made;
}

function painted(brush: CanvasRenderingContext2D, colour: string): string | null {
  brush.fillStyle = "#000000";
  brush.fillStyle = colour;
  const said = String(brush.fillStyle);
  return parseHex(said) === null ? null : said;
}

/** The colour that regions of a label are drawn and stored in. */
export function colourOf(label: string | null, labels: readonly string[], config: Config): string {
  const own = label === null ? undefined : ownColour(label, config);
  const given = own === undefined ? null : hexOf(own);
  if (given !== null) return given;
  const place = label === null ? 0 : labels.indexOf(label);
  return labelColour(place >= 0 ? place : strayIndex(label ?? ""), "light").line;
}

/** CSS variables of a region: its line, and a legible ink on it. */
export function regionStyle(colour: string): string {
  const { line, ink }: LabelColour = labelColour(0, "light", hexOf(colour) ?? "#888888");
  return `--l:${line};--i:${ink}`;
}
