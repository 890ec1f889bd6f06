/** A line of a task, for lists. */

import { t } from "@/core/say";
import { plain } from "@/api/json";
import type { Task } from "@/api/types";

const LONGEST = 140;

export function snippet(task: Task): string {
  for (const key of ["history_text", "text", "label", "html", "image", "audio", "video"]) {
    const value = task[key];
    if (value === undefined || value === null || value === "") continue;
    const text = key === "html" ? plain(value).replace(/<[^>]*>/g, " ") : plain(value);
    const line = text
      .slice(0, LONGEST * 3)
      .replace(/\s+/g, " ")
      .trim();
    if (line !== "") return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1).trimEnd()}…`;
  }
  return t("(no text)");
}
