/** What a seat did today, from its answers. */

import type { Decision } from "@/api/types";
import type { Past } from "@/core/card";

export interface Today extends Record<Decision, number> {
  total: number;
  flagged: number;
}

/** Seconds since 1970 at the last midnight of this place. */
export function midnight(now: Date = new Date()): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime() / 1000;
}

export function tally(answers: readonly Past[], since: number): Today {
  const mine = answers.filter((past) => past.at >= since);
  const count = (decision: Decision): number => mine.filter((past) => past.decision === decision).length;
  return {
    total: mine.length,
    accept: count("accept"),
    reject: count("reject"),
    ignore: count("ignore"),
    flagged: mine.filter((past) => past.task.flagged === true).length,
  };
}
