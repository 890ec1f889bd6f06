/** The fields of a task, from keys `field_…` of the task or of the settings; the task's come first. */

import { plain } from "@/api/json";
import type { Config, Json, Task } from "@/api/types";
import { strings } from "@/interfaces/interface";

export interface Field {
  id: string;
  label: string;
  placeholder: string;
  rows: number;
  autofocus: boolean;
  suggestions: string[];
}

type Given = { [key: string]: Json | undefined };

const KEYS = ["id", "label", "placeholder", "rows", "autofocus", "suggestions"] as const;

export function fieldsOf(task: Task, config: Config): Field[] {
  const several = Array.isArray(task.fields) ? task.fields : config.fields;
  if (Array.isArray(several)) return several.map((one) => fieldOf(objectOf(one)));
  const chosen = KEYS.map((key): [string, Json | undefined] => {
    const name = `field_${key}`;
    return [name, task[name] ?? (config as Given)[name]];
  });
  return [fieldOf(Object.fromEntries(chosen))];
}

function objectOf(value: unknown): Given {
  return value !== null && typeof value === "object" ? (value as Given) : {};
}

function fieldOf(given: Given): Field {
  const text = (value: Json | undefined): string => (value == null ? "" : plain(value));
  const rows = Number(given.field_rows ?? 1);
  return {
    id: text(given.field_id) || "user_input",
    label: text(given.field_label),
    placeholder: text(given.field_placeholder),
    rows: Number.isFinite(rows) && rows >= 1 ? Math.floor(rows) : 1,
    autofocus: given.field_autofocus === true,
    suggestions: strings(given.field_suggestions),
  };
}

/** The suggestions that go on with what was written: those that begin with it before those that hold it. */
export function fitting(suggestions: readonly string[], written: string): string[] {
  const wanted = written.trim().toLowerCase();
  const found = suggestions.filter((one) => one.toLowerCase().includes(wanted) && one !== written);
  const begins = (one: string): boolean => one.toLowerCase().startsWith(wanted);
  return [...found.filter(begins), ...found.filter((one) => !begins(one))];
}
