/**
 * Multiple choice: which options are selected. `accept`, or the key that `choice_key` names, is a list of option
 * ids, for a single choice and a rating too; of a ranking it holds all, the best one first.
 */

import { t } from "@/core/say";
import { plain } from "@/api/json";
import type { Changes, Config, Decision, Json, Task } from "@/api/types";
import { same } from "@/core/merge";
import { type ChoiceOption, changedOptions } from "@/interfaces/choice/labels";
import type { Edit } from "@/interfaces/interface";

/** The selected ids. */
export type ChoiceWork = readonly Json[];

/** Options as they are offered now: where they are the project's labels, operators may have changed these. */
export function optionsOf(task: Task, config: Config): ChoiceOption[] {
  return changedOptions(givenOptions(task), chosenIn(task, config), config);
}

function givenOptions(task: Task): ChoiceOption[] {
  if (!Array.isArray(task.options)) return [];
  return task.options.map((option, i) =>
    option !== null && typeof option === "object" && !Array.isArray(option)
      ? { ...(option as object), id: option.id ?? i }
      : { id: option, text: plain(option) },
  );
}

/** What is done with the options: select one or several, one point of a scale, or put all in order. */
export type Style = "single" | "multiple" | "rating" | "ranking";

export function styleOf(config: Config): Style {
  const { choice_style: style } = config;
  return style === "multiple" || style === "rating" || style === "ranking" ? style : "single";
}

export function isSingle(config: Config): boolean {
  return styleOf(config) === "single" || styleOf(config) === "rating";
}

/** Place of an option in a ranking, from 1; 0 for one without. */
export function rankOf(work: ChoiceWork, id: Json): number {
  return work.findIndex((chosen) => same(chosen, id)) + 1;
}

/** Whether the options are chosen from as far as they can be. */
export function isComplete(task: Task, work: ChoiceWork, config: Config): boolean {
  return styleOf(config) === "ranking" ? work.length >= optionsOf(task, config).length : work.length > 0;
}

/** The point of a scale that is so many steps on; none where the scale ends. */
export function pointBeside(task: Task, work: ChoiceWork, step: 1 | -1, config: Config): ChoiceOption | null {
  const options = optionsOf(task, config);
  const at = options.findIndex((option) => isChosen(work, option.id));
  if (at < 0) return options.at(step > 0 ? 0 : -1) ?? null;
  return options[at + step] ?? null;
}

/** Keys of a scale: a number is its own key, and 10 is 0 where that is free; null where points are no numbers. */
export function keysOfScale(options: readonly ChoiceOption[]): (string | null)[] | null {
  const ids = options.map(({ id }) => (typeof id === "number" ? id : null));
  if (ids.some((id) => id === null || !Number.isInteger(id) || id < 0)) return null;
  return ids.map((id) => {
    if (id === null || id > 10) return null;
    if (id < 10) return String(id);
    return ids.includes(0) ? null : "0";
  });
}

export function isChosen(work: ChoiceWork, id: Json): boolean {
  return work.some((chosen) => same(chosen, id));
}

/** Selects or deselects an option; in a single choice the new one replaces the old, in a ranking it comes last. */
export function toggle(task: Task, work: ChoiceWork, id: Json, config: Config): ChoiceWork {
  if (isChosen(work, id)) return work.filter((chosen) => !same(chosen, id));
  if (isSingle(config)) return [id];
  if (styleOf(config) === "ranking") return [...work, id];
  return inOrder(optionsOf(task, config), [...work, id]);
}

function inOrder(options: readonly ChoiceOption[], ids: Json[]): Json[] {
  const order = options.map((option) => option.id);
  const place = (id: Json): number => {
    const found = order.findIndex((other) => same(other, id));
    return found < 0 ? order.length : found;
  };
  return ids.sort((a, b) => place(a) - place(b));
}

/** An empty answer is taken for a multiple choice, and for the others only where the recipe says so. */
function emptyAllowed(config: Config): boolean {
  const { choice_accept_empty: empty } = config;
  return styleOf(config) === "multiple" ? empty !== false : empty === true;
}

function keyOf(config: Config): string {
  return typeof config.choice_key === "string" && config.choice_key !== "" ? config.choice_key : "accept";
}

function chosenIn(task: Task, config: Config): Json[] {
  const chosen = task[keyOf(config)];
  return Array.isArray(chosen) ? chosen : [];
}

export const edit: Edit<ChoiceWork> = {
  start(task: Task, config: Config, draft?: Partial<Changes>): ChoiceWork {
    const chosen = draft?.set?.[keyOf(config)];
    return Array.isArray(chosen) ? chosen : chosenIn(task, config);
  },
  changes(task: Task, work: ChoiceWork, config: Config): Changes {
    const key = keyOf(config);
    const unchanged = task[key] !== undefined && same(task[key], [...work]);
    const options = optionsOf(task, config) as unknown as Json[];
    // The answer holds what there was to choose from, where that is not what the task came with.
    const others: Changes["set"] = same(options, givenOptions(task) as unknown as Json[]) ? {} : { options };
    return { set: { ...others, ...(unchanged ? {} : { [key]: [...work] }) }, unset: [] };
  },
  problem(task: Task, work: ChoiceWork, decision: Decision, config: Config): string | null {
    if (decision !== "accept" || isComplete(task, work, config)) return null;
    if (work.length === 0 && emptyAllowed(config)) return null;
    const all = optionsOf(task, config).length;
    if (all === 0) return null;
    return styleOf(config) === "ranking"
      ? t("Rank all {0} options first ({1} so far), or reject or ignore the task.", all, work.length)
      : t("Choose an option first, or reject or ignore the task.");
  },
  writes: (_task: Task, config: Config) => [keyOf(config)],
  summary(task: Task, config: Config = {}): string {
    const chosen = chosenIn(task, config);
    const names = optionsOf(task, config).filter((option) => isChosen(chosen, option.id));
    const ranking = styleOf(config) === "ranking";
    if (ranking) names.sort((a, b) => rankOf(chosen, a.id) - rankOf(chosen, b.id));
    return names.map((option) => option.text ?? plain(option.id)).join(ranking ? " > " : ", ");
  },
};
