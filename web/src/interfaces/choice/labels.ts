/** Options that are the labels of the project follow when operators change these. */

import type { Config, Json, LabelChanges } from "@/api/types";

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

/**
 * The options with all changes of the labels, in their order, where every option is a label. What is chosen
 * stays to be seen, also where it is offered no longer.
 */
export function changedOptions(
  options: readonly ChoiceOption[],
  chosen: readonly Json[],
  config: Config,
): ChoiceOption[] {
  const { known, changes } = (config.label_changes ?? { known: [], changes: [] }) as unknown as LabelChanges;
  const all = new Set<Json>(known);
  if (options.length === 0 || !options.every(({ id }) => all.has(id))) return [...options];
  let now = [...options];
  for (const change of changes) now = unique(changed(now, change));
  const gone = options.filter(({ id }) => chosen.includes(id) && !now.some((other) => other.id === id));
  return [...now, ...gone];
}

function changed(options: ChoiceOption[], { kind, label, new: name }: LabelChanges["changes"][number]) {
  if (kind === "add") return [...options, { id: label, text: label }];
  if (kind === "retire") return options.filter(({ id }) => id !== label);
  return options.map((option) => (option.id === label ? renamed(option, name ?? label) : option));
}

function renamed(option: ChoiceOption, name: string): ChoiceOption {
  return { ...option, id: name, ...(option.text === option.id ? { text: name } : {}) };
}

function unique(options: ChoiceOption[]): ChoiceOption[] {
  return options.filter((option, i) => options.findIndex(({ id }) => id === option.id) === i);
}
