/** What the page says when there is no card, in plain words. */

import type { Detail, LeaseState, Progress } from "@/api/types";

/** Made once: making one costs more than a hundred numbers. */
const GROUPED = new Intl.NumberFormat("en-US");

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
    unsent === 0
      ? ""
      : ` ${count(unsent, "answer")} of yours ${unsent === 1 ? "was" : "were"} not sent before and ${unsent === 1 ? "stays" : "stay"} in this browser alone.`;
  return {
    title: "Your name has been erased here",
    text: `Whoever runs this project has erased your name, your comments and what was half done. Nothing more is saved from this page; you can close it.${kept}`,
    watching: false,
  };
}

export function ending(facts: EndingFacts): Ending {
  const told = words(facts);
  const { unsent } = facts;
  if (unsent === 0) return told;
  const waiting = `${count(unsent, "answer")} of yours still ${unsent === 1 ? "waits" : "wait"} to be sent; keep this page open.`;
  return { ...told, text: `${told.text} ${waiting}` };
}

function words({ state, detail, progress, alsoOpen }: EndingFacts): Ending {
  const mine = count(progress?.mine ?? 0, "answer");
  switch (state) {
    case "exhausted":
      return {
        title: "You are done",
        text: `You gave ${mine} here, and no task is left for you. If tasks are added or come back, they appear here by themselves.`,
        watching: true,
      };
    case "waiting":
      return {
        title: othersTitle(detail),
        text: `You gave ${mine}.${alsoOpen ? " Your other open page may hold some of them." : ""} If one of them is given back, it appears here by itself.`,
        watching: true,
      };
    case "searching":
      return searching(detail, progress);
    case "paused":
      return {
        title: "Annotation is paused",
        text: `${detail?.message ?? "Whoever runs this project has paused it."} Everything you answered is saved; your place is kept.`,
        watching: true,
      };
    case "failed":
      return failed(detail);
  }
}

function othersTitle(detail: Detail | null): string {
  const n = detail?.with_others;
  if (n == null) return "The last tasks are with others";
  return n === 1 ? "One task is with others" : `${number(n)} tasks are with others`;
}

function searching(detail: Detail | null, progress: Progress | null): Ending {
  if (detail?.code === "host_down") {
    return {
      title: "The recipe is not running",
      text: "New tasks come from the recipe's process, and that is not running now. Your answers are still saved. Ask whoever runs this project to start it again; this page then goes on by itself.",
      watching: true,
    };
  }
  const rows = detail?.rows_read ?? progress?.rows_read ?? 0;
  return {
    title: "Searching for tasks",
    text: rows > 0 ? `${count(rows, "row")} read so far.` : "The source has just been opened.",
    watching: true,
  };
}

function failed(detail: Detail | null): Ending {
  const row = detail?.row;
  const where = row == null ? "The stream failed" : `The stream failed at row ${number(row)}`;
  return {
    title: where,
    text: `${detail?.message ?? "The recipe stopped with an error."} Your answers are saved. Whoever runs this project has to repair and restart it; this page then goes on by itself.`,
    watching: true,
  };
}

/** "1 answer", "12,408 rows". */
export function count(n: number, noun: string): string {
  return `${number(n)} ${noun}${n === 1 ? "" : "s"}`;
}

export function number(n: number): string {
  return GROUPED.format(Math.round(n));
}

/** How many tasks are left for this person: "12", "about 12", "up to 12", "not known yet". */
export function leftFor(progress: Progress | null): string {
  if (progress === null || progress.remaining === null) return "not known yet";
  return `${guessed(progress)}${number(progress.remaining)}`;
}

/** The word before a number that is not exact. */
export function guessed({ estimate, at_most: atMost }: Progress): string {
  if (atMost) return "up to ";
  return estimate ? "about " : "";
}

/** "about 2 h 10 min", for the time that is left. */
export function duration(seconds: number): string {
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours >= 48 ? `${Math.round(hours / 24)} days` : `${hours} h ${minutes % 60} min`;
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
