/**
 * Multiple choice: which options are selected. `accept`, or the key that `choice_key` names, is a list of option
 * ids, for a single choice too.
 */

import { plain } from "@/api/json";
import type { Changes, Config, Decision, Json, Task } from "@/api/types";
import { same } from "@/core/merge";
import type { Edit } from "@/interfaces/interface";

export interface ChoiceOption {
  id: Json;
  text?: string;
  html?: string;
  image?: string;
  audio?: string;
  video?: string;
  /** Marked in its text. */
  spans?: Json;
  meta?: Json;
  style?: Json;
}

/** The selected ids. */
export type ChoiceWork = readonly Json[];

export function optionsOf(task: Task): ChoiceOption[] {
  if (!Array.isArray(task.options)) return [];
  return task.options.map((option, i) =>
    option !== null && typeof option === "object" && !Array.isArray(option)
      ? { ...(option as object), id: option.id ?? i }
      : { id: option, text: plain(option) },
  );
}

export function isSingle(config: Config): boolean {
  return config.choice_style !== "multiple";
}

export function isChosen(work: ChoiceWork, id: Json): boolean {
  return work.some((chosen) => same(chosen, id));
}

/** Selects or deselects an option; in a single choice the new one replaces the old. */
export function toggle(task: Task, work: ChoiceWork, id: Json, config: Config): ChoiceWork {
  if (isChosen(work, id)) return work.filter((chosen) => !same(chosen, id));
  if (isSingle(config)) return [id];
  return inOrder(task, [...work, id]);
}

function inOrder(task: Task, ids: Json[]): Json[] {
  const order = optionsOf(task).map((option) => option.id);
  const place = (id: Json): number => {
    const found = order.findIndex((other) => same(other, id));
    return found < 0 ? order.length : found;
  };
  return ids.sort((a, b) => place(a) - place(b));
}

/** An empty answer is taken for a multiple choice, and for a single one only where the recipe says so. */
function emptyAllowed(config: Config): boolean {
  return isSingle(config) ? config.choice_accept_empty === true : config.choice_accept_empty !== false;
}

function keyOf(config: Config): string {
  return typeof config.choice_key === "string" && config.choice_key !== "" ? config.choice_key : "accept";
}

export const edit: Edit<ChoiceWork> = {
  start(task: Task, config: Config, draft?: Partial<Changes>): ChoiceWork {
    const key = keyOf(config);
    const chosen = draft?.set?.[key] ?? task[key];
    return Array.isArray(chosen) ? chosen : [];
  },
  changes(task: Task, work: ChoiceWork, config: Config): Changes {
    const key = keyOf(config);
    const unchanged = task[key] !== undefined && same(task[key], [...work]);
    return { set: unchanged ? {} : { [key]: [...work] }, unset: [] };
  },
  problem(task: Task, work: ChoiceWork, decision: Decision, config: Config): string | null {
    if (decision !== "accept" || work.length > 0 || emptyAllowed(config)) return null;
    return optionsOf(task).length === 0 ? null : "Choose an option first, or reject or ignore the task.";
  },
  writes: (_task: Task, config: Config) => [keyOf(config)],
  summary(task: Task, config: Config = {}): string {
    const chosen = task[keyOf(config)];
    if (!Array.isArray(chosen)) return "";
    const names = optionsOf(task).filter((option) => isChosen(chosen, option.id));
    return names.map((option) => option.text ?? plain(option.id)).join(", ");
  },
};
