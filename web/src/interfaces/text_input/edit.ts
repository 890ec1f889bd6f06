/** Fields to write in: what stands in them. Only what the person changed is stored. */

import { plain } from "@/api/json";
import type { Changes, Config, Task } from "@/api/types";
import type { Edit } from "@/interfaces/interface";
import { fieldsOf } from "@/interfaces/text_input/fields";

/** Text by field id. */
export type FieldWork = Readonly<Record<string, string>>;

const LONGEST = 60;

function written(task: Task, id: string): string {
  const value = task[id];
  return value === undefined || value === null ? "" : plain(value);
}

function idsOf(task: Task, config: Config): string[] {
  return fieldsOf(task, config).map((field) => field.id);
}

export const edit: Edit<FieldWork> = {
  start(task: Task, config: Config, draft?: Partial<Changes>): FieldWork {
    const document = { ...task, ...draft?.set };
    return Object.fromEntries(idsOf(task, config).map((id) => [id, written(document, id)]));
  },
  changes(task: Task, work: FieldWork): Changes {
    const changed = Object.entries(work).filter(([id, text]) => text !== written(task, id));
    return { set: Object.fromEntries(changed), unset: [] };
  },
  problem: () => null,
  writes: idsOf,
  summary(task: Task, config: Config = {}): string {
    const texts = idsOf(task, config).map((id) => written(task, id).replace(/\s+/g, " ").trim());
    const line = texts.filter((text) => text !== "").join(" · ");
    return line.length > LONGEST ? `“${line.slice(0, LONGEST)}…”` : line === "" ? "" : `“${line}”`;
  },
};
