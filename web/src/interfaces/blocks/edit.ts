/** Several interfaces on one card: the work is that of the blocks, in their order. */

import type { Changes, Config, Decision, Task } from "@/api/types";
import { merge } from "@/core/merge";
import { type Part, partsOf, trouble } from "@/interfaces/blocks/parts";
import type { Edit } from "@/interfaces/interface";

export type BlocksWork = readonly unknown[];

function changesOf(part: Part, work: unknown, task: Task): Changes {
  const changes = part.edit.changes(part.task, work, part.config);
  const own = part.writes.filter((key) => task[key] === undefined && part.task[key] !== undefined);
  if (own.length === 0) return changes;
  // The block's own start is nothing the server knows: it is written out, touched or not.
  const whole = merge(part.task, changes);
  const written = own.filter((key) => whole[key] !== undefined);
  return {
    set: { ...changes.set, ...Object.fromEntries(written.map((key) => [key, whole[key] ?? null])) },
    unset: changes.unset.filter((key) => !own.includes(key)),
  };
}

export const edit: Edit<BlocksWork> = {
  start(task: Task, config: Config, draft?: Partial<Changes>, answered?: boolean): BlocksWork {
    return partsOf(task, config).map((part) => part.edit.start(part.task, part.config, draft, answered));
  },
  changes(task: Task, work: BlocksWork, config: Config): Changes {
    const all = partsOf(task, config).map((part, i) => changesOf(part, work[i], task));
    return {
      set: Object.assign({}, ...all.map((changes) => changes.set)) as Changes["set"],
      unset: all.flatMap((changes) => changes.unset),
    };
  },
  problem(task: Task, work: BlocksWork, decision: Decision, config: Config): string | null {
    const parts = partsOf(task, config);
    const wrong = decision === "accept" ? trouble(parts) : null;
    const told = parts.map((part, i) => part.edit.problem(part.task, work[i], decision, part.config));
    return wrong ?? told.find((problem) => problem !== null) ?? null;
  },
  writes(task: Task, config: Config): readonly string[] {
    return partsOf(task, config).flatMap((part) => part.writes);
  },
  summary(task: Task, config: Config = {}): string {
    const told = partsOf(task, config).map((part) => part.edit.summary(part.task, part.config));
    return told.filter((words) => words !== "").join(" · ");
  },
};
