/** A line of a task, for lists. */

import { t } from "@/core/say";
import { plain } from "@/api/json";
import type { Task } from "@/api/types";

const LONGEST = 140;
const MEDIA: readonly string[] = ["image", "audio", "video"];

export function snippet(task: Task): string {
  for (const part of [task, ...partsOf(task)]) {
    const line = lineOf(part);
    if (line !== null) return line;
  }
  return kindOf(task) ?? t("(no text)");
}

/** What a task shows that has no text of its own: what is compared or changed, or its pages. */
function partsOf({ input, accept, pages }: Task): Task[] {
  const given = [input, accept, ...(Array.isArray(pages) ? pages : [])];
  return given.flatMap((part) => {
    if (typeof part === "string") return [{ text: part }];
    return part !== undefined && part !== null && typeof part === "object" && !Array.isArray(part)
      ? [part]
      : [];
  });
}

function lineOf(task: Task): string | null {
  for (const key of ["history_text", "text", "html", ...MEDIA, "label"]) {
    const value = task[key];
    if (value === undefined || value === null || value === "") continue;
    const text = key === "html" ? plain(value).replace(/<[^>]*>/g, " ") : plain(value);
    // A file that stands in the task itself has no name.
    if (MEDIA.includes(key) && text.startsWith("data:")) continue;
    const line = text
      .slice(0, LONGEST * 3)
      .replace(/\s+/g, " ")
      .trim();
    if (line !== "") return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1).trimEnd()}…`;
  }
  return null;
}

function kindOf(task: Task): string | null {
  if (typeof task.image === "string") return t("(a picture)");
  if (typeof task.video === "string") return t("(a film)");
  return typeof task.audio === "string" ? t("(a recording)") : null;
}
