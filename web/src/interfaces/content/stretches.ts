/** Stretches of a recording, in seconds. */

import type { Task } from "@/api/types";

export interface Stretch {
  start: number;
  end: number;
  label: string;
}

export function stretchesOf(task: Task): Stretch[] {
  const spans = Array.isArray(task.audio_spans) ? task.audio_spans : [];
  return spans.flatMap((span) => {
    if (span === null || typeof span !== "object" || Array.isArray(span)) return [];
    const { start, end, label } = span;
    if (typeof start !== "number" || typeof end !== "number") return [];
    return [{ start, end, label: typeof label === "string" ? label : "" }];
  });
}

/** "1:02.5", and with hours "1:00:02.5". */
export function clock(seconds: number): string {
  const tenths = Math.round(Math.max(0, seconds) * 10);
  const [hours, minutes] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60];
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
