/** Keys that move the cursor. */

import { type Cursor, moved, placed } from "@/interfaces/spans/cursor";
import type { Document } from "@/interfaces/spans/document";
import { type Lines, stepAtEdge, stepBeside } from "@/interfaces/spans/lines";

export interface Ground {
  doc: Document;
  rtl: boolean;
  /** Where steps stand on the screen. */
  lines: Lines;
}

/** Where a key leads to; null for a key that moves nothing, and where there is nowhere to go. */
export function moveBy(key: string, from: Cursor | null, ground: Ground): Cursor | null {
  const parts = key.split("+");
  const name = parts.at(-1) ?? "";
  const stretch = parts.includes("shift");
  const far = parts.includes("ctrl");
  const { doc } = ground;
  if (parts.includes("alt") || parts.includes("command")) return null;
  if (name === "arrowleft" || name === "arrowright") {
    const onwards = (name === "arrowright") !== ground.rtl;
    return moved(doc, from, onwards ? 1 : -1, far ? "leap" : "step", stretch);
  }
  if (name === "home" || name === "end") {
    const direction = name === "end" ? 1 : -1;
    if (far || from === null) return moved(doc, from, direction, "all", stretch);
    return placed(from, stepAtEdge(ground.lines, from.focus, direction), stretch);
  }
  if (name === "arrowup" || name === "arrowdown") {
    const direction = name === "arrowdown" ? 1 : -1;
    if (from === null) return moved(doc, from, direction, "step", false);
    const beside = stepBeside(ground.lines, from.focus, direction);
    return beside === null ? moved(doc, from, direction, "all", stretch) : placed(from, beside, stretch);
  }
  return null;
}
