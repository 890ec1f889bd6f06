/** Several pages in one task: which is open, which were looked at, and the work on each. */

import { t } from "@/core/say";
import type { Changes, Config, Decision, Json, Task } from "@/api/types";
import { type Edit, NO_CHANGES } from "@/interfaces/interface";
import { draftOf, type Sheet, sheetsOf } from "@/interfaces/pages/sheets";

export interface PagesWork {
  at: number;
  seen: readonly number[];
  works: readonly unknown[];
}

export function turned(work: PagesWork, at: number): PagesWork {
  if (at === work.at) return work;
  return { ...work, at, seen: work.seen.includes(at) ? work.seen : [...work.seen, at] };
}

/** The first page, from 0, that keeps the task from being accepted, and why; `why` is null where it was not seen. */
export function obstacle(
  task: Task,
  work: PagesWork,
  config: Config,
): { page: number; why: string | null } | null {
  for (const [page, sheet] of sheetsOf(task, config).entries()) {
    const why = work.seen.includes(page) ? problemOf(sheet, work.works[page], "accept") : null;
    if (why !== null || !work.seen.includes(page)) return { page, why };
  }
  return null;
}

function problemOf(sheet: Sheet, work: unknown, decision: Decision): string | null {
  if (sheet.viewId === null) return t("this page cannot show the interface “{0}”.", sheet.name);
  return sheet.edit.problem(sheet.task, work, decision, sheet.config);
}

function changed(sheet: Sheet, work: unknown, place: number): Json {
  const { set, unset } = sheet.edit.changes(sheet.task, work, sheet.config);
  const news = { ...(Object.keys(set).length > 0 ? { set } : {}), ...(unset.length > 0 ? { unset } : {}) };
  return { $keep: place, ...news };
}

export const edit: Edit<PagesWork> = {
  start(task: Task, config: Config, draft?: Partial<Changes>, answered = false): PagesWork {
    const sheets = sheetsOf(task, config);
    const works = sheets.map((sheet, i) =>
      sheet.edit.start(sheet.task, sheet.config, draftOf(draft, i), answered),
    );
    return { at: 0, seen: answered ? sheets.map((_, i) => i) : [0], works };
  },
  changes(task: Task, work: PagesWork, config: Config): Changes {
    const pages = sheetsOf(task, config).map((sheet, i) => changed(sheet, work.works[i], i));
    const touched = pages.some((page) => Object.keys(page as object).length > 1);
    return touched ? { set: { pages }, unset: [] } : NO_CHANGES;
  },
  problem(task: Task, work: PagesWork, decision: Decision, config: Config): string | null {
    if (sheetsOf(task, config).length === 0) {
      return decision === "accept" ? t("This task has no pages to show.") : null;
    }
    const found = decision === "accept" ? obstacle(task, work, config) : null;
    if (found === null) return null;
    return t("Page {0}: {1}", found.page + 1, found.why ?? t("look at it first; accepting takes all pages."));
  },
  writes: ["pages"],
  summary(task: Task, config: Config = {}): string {
    const told = sheetsOf(task, config).map((sheet, i) => {
      const words = sheet.edit.summary(sheet.task, sheet.config);
      return words === "" ? "" : `${i + 1}: ${words}`;
    });
    return told.filter((words) => words !== "").join(" · ");
  },
};
