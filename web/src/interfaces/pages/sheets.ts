/** The pages of a task: each a task with an interface and perhaps settings of its own. */

import { plain } from "@/api/json";
import type { Changes, Config, Json, Task } from "@/api/types";
import { isKeep } from "@/core/merge";
import { editOf, isViewId, type ViewId } from "@/interfaces/edits";
import { type Edit, settingsFor } from "@/interfaces/interface";

export interface Sheet {
  name: string;
  /** Null for an interface that cannot be a page. */
  viewId: ViewId | null;
  edit: Edit<unknown>;
  task: Task;
  config: Config;
}

export function sheetsOf(task: Task, config: Config): Sheet[] {
  return Array.isArray(task.pages) ? task.pages.map((page) => sheetOf(page, config)) : [];
}

function sheetOf(page: Json, config: Config): Sheet {
  const task = page !== null && typeof page === "object" && !Array.isArray(page) ? page : {};
  const own = settingsFor(config, task);
  const given = task.view_id ?? own.view_id ?? null;
  const name = typeof given === "string" ? given : plain(given);
  const viewId = isViewId(name) && name !== "pages" ? name : null;
  return { name, viewId, edit: editOf(viewId ?? "text"), task, config: own };
}

/** What a draft of the whole changes on one page. */
export function draftOf(draft: Partial<Changes> | undefined, place: number): Partial<Changes> | undefined {
  const pages = draft?.set?.pages;
  const item = Array.isArray(pages) ? pages[place] : undefined;
  if (item === undefined || item === null || typeof item !== "object" || Array.isArray(item))
    return undefined;
  if (!isKeep(item)) return { set: item };
  return { ...(item.set ? { set: item.set } : {}), ...(item.unset ? { unset: item.unset } : {}) };
}
