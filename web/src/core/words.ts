/** What the page says when there is no card, in plain words. */

import { grouping, m, t } from "@/core/say";
import type { Detail, LeaseState, Progress } from "@/api/types";

export interface Ending {
  title: string;
  text: string;
  /** Whether the page keeps looking by itself. */
  watching: boolean;
}

export interface EndingFacts {
  state: Exclude<LeaseState, "ready">;
  detail: Detail | null;
  progress: Progress | null;
  unsent: number;
  /** Another page has the same seat. */
  alsoOpen: boolean;
}

/** `unsent`: answers that did not reach the server before. */
export function erasedEnding(unsent: number): Ending {
  const kept =
    unsent === 0 ? "" : ` ${t("Not sent before, and in this browser alone: {0}.", count(unsent, "answer"))}`;
  return {
    title: t("Your name has been erased here"),
    text: `${t("Whoever runs this project has erased your name, your comments and what was half done. Nothing more is saved from this page; you can close it.")}${kept}`,
    watching: false,
  };
}

export function ending(facts: EndingFacts): Ending {
  const told = words(facts);
  const { unsent } = facts;
  if (unsent === 0) return told;
  const waiting = t("Still to be sent: {0}. Keep this page open.", count(unsent, "answer"));
  return { ...told, text: `${told.text} ${waiting}` };
}

function words({ state, detail, progress, alsoOpen }: EndingFacts): Ending {
  const mine = count(progress?.mine ?? 0, "answer");
  switch (state) {
    case "exhausted":
      return {
        title: t("You are done"),
        text: t(
          "You gave {0} here, and no task is left for you. If tasks are added or come back, they appear here by themselves.",
          mine,
        ),
        watching: true,
      };
    case "waiting":
      return {
        title: othersTitle(detail),
        text: [
          t("You gave {0}.", mine),
          alsoOpen ? t("Your other open page may hold some of them.") : "",
          t("If one of them is given back, it appears here by itself."),
        ]
          .filter((part) => part !== "")
          .join(" "),
        watching: true,
      };
    case "searching":
      return searching(detail, progress);
    case "paused":
      return {
        title: t("Annotation is paused"),
        text: `${detail?.message ?? t("Whoever runs this project has paused it.")} ${t("Everything you answered is saved; your place is kept.")}`,
        watching: true,
      };
    case "failed":
      return failed(detail);
  }
}

function othersTitle(detail: Detail | null): string {
  const n = detail?.with_others;
  if (n == null) return t("The last tasks are with others");
  return n === 1 ? t("One task is with others") : t("{0} tasks are with others", number(n));
}

function searching(detail: Detail | null, progress: Progress | null): Ending {
  if (detail?.code === "host_down") {
    return {
      title: t("The recipe is not running"),
      text: t(
        "New tasks come from the recipe's process, and that is not running now. Your answers are still saved. Ask whoever runs this project to start it again; this page then goes on by itself.",
      ),
      watching: true,
    };
  }
  const rows = detail?.rows_read ?? progress?.rows_read ?? 0;
  return {
    title: t("Searching for tasks"),
    text: rows > 0 ? t("{0} read so far.", count(rows, "row")) : t("The source has just been opened."),
    watching: true,
  };
}

function failed(detail: Detail | null): Ending {
  const row = detail?.row;
  const where = row == null ? t("The stream failed") : t("The stream failed at row {0}", number(row));
  return {
    title: where,
    text: `${detail?.message ?? t("The recipe stopped with an error.")} ${t("Your answers are saved. Whoever runs this project has to repair and restart it; this page then goes on by itself.")}`,
    watching: true,
  };
}

const COUNTED = {
  answer: [m("{0} answer"), m("{0} answers")],
  row: [m("{0} row"), m("{0} rows")],
} as const;

/** "1 answer", "12,408 rows". */
export function count(n: number, noun: keyof typeof COUNTED): string {
  return t(COUNTED[noun][n === 1 ? 0 : 1], number(n));
}

export function number(n: number): string {
  return grouping().format(Math.round(n));
}

/** How many tasks are left for this person: "12", "about 12", "up to 12", "not known yet". */
export function leftFor(progress: Progress | null): string {
  if (progress === null || progress.remaining === null) return t("not known yet");
  return guessed(progress, number(progress.remaining));
}

/** A number with a word before it that says how exact it is. */
export function guessed({ estimate, at_most: atMost }: Progress, told: string): string {
  if (atMost) return t("up to {0}", told);
  return estimate ? t("about {0}", told) : told;
}

/** "about 2 h 10 min", for the time that is left. */
export function duration(seconds: number): string {
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 60) return t("{0} min", minutes);
  const hours = Math.floor(minutes / 60);
  return hours >= 48 ? t("{0} days", Math.round(hours / 24)) : t("{0} h {1} min", hours, minutes % 60);
}

/** Share of the work that is done (0..1), null when nobody can know. */
export function fractionOf(progress: Progress, target: number): number | null {
  if (progress.fraction !== null) return clamp(progress.fraction);
  if (target > 0) return clamp(progress.done / target);
  const unread = progress.rows_known === null ? null : Math.max(0, progress.rows_known - progress.rows_read);
  if (unread === null) return null;
  const total = progress.tasks - progress.withdrawn + unread;
  return total <= 0 ? null : clamp(progress.done / total);
}

/** One's own share of what one will be asked, where several people answer each task. */
export function ownFractionOf({ fraction, mine, remaining }: Progress): number | null {
  if (fraction !== null) return clamp(fraction);
  return remaining === null || mine + remaining === 0 ? null : clamp(mine / (mine + remaining));
}

function clamp(x: number): number {
  return Math.max(0, Math.min(1, x));
}
