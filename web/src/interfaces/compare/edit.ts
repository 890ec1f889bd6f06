/** Two outputs for one input; accepting says that the first is better. */

import { plain } from "@/api/json";
import type { Json, Task } from "@/api/types";
import { decisionOnly } from "@/interfaces/interface";

export const edit = decisionOnly();

/** A part of the task as something to show: a bare text, or an object with content. */
export function partOf(value: Json | undefined): Task | null {
  if (value === undefined || value === null) return null;
  return typeof value === "object" && !Array.isArray(value) ? value : { text: plain(value) };
}
