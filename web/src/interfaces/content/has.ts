/** Whether a task has anything to look at. */

import type { Config, Task } from "@/api/types";

const KEYS = ["text", "html", "image", "audio", "video"];

export function hasContent(task: Task, config: Config): boolean {
  return typeof config.html_template === "string" || KEYS.some((key) => typeof task[key] === "string");
}
