/** What happened to a task, in the order of time, in words. */

import type { TaskTrace } from "@/api/admin";
import { short } from "@/admin/format";

export interface Moment {
  at: number;
  said: string;
  changes: string[];
}

type Answer = TaskTrace["answers"][number];
type Change = { key?: unknown; added?: unknown[]; removed?: unknown[]; from?: unknown; to?: unknown };

export function moments(task: TaskTrace): Moment[] {
  const all: Moment[] = [{ at: task.created_at, said: "queued", changes: [] }];
  for (const lease of task.leases) {
    all.push({ at: lease.leased_at, said: `${lease.session}: leased`, changes: [] });
    if (lease.ended_at !== null && lease.how !== "answered") {
      all.push({ at: lease.ended_at, said: `${lease.session}: lease ${lease.how}`, changes: [] });
    }
  }
  for (const draft of task.drafts) {
    const message = draft.message === null ? "" : `, sent back: ${draft.message}`;
    all.push({
      at: draft.saved_at,
      said: `${draft.session}: draft${message}`,
      changes: [short(draft.changes)],
    });
  }
  for (const answer of task.answers) {
    all.push({ at: answer.server_time, said: told(answer), changes: answer.difference.flatMap(lines) });
  }
  for (const given of task.deliveries) {
    if (given.delivered_at !== null) {
      all.push({
        at: given.delivered_at,
        said: `${given.session}: given to the model (${given.kind})`,
        changes: [],
      });
    }
  }
  for (const event of task.events) {
    const detail = event.detail === null ? "" : `: ${event.detail}`;
    all.push({ at: event.at, said: `operator: ${event.kind.replaceAll("_", " ")}${detail}`, changes: [] });
  }
  return all.sort((one, other) => one.at - other.at);
}

function told(answer: Answer): string {
  const parts = [`${answer.session || "(no session)"}: revision ${answer.revision}, ${answer.status}`];
  if (answer.decision !== null) parts.push(answer.decision);
  if (answer.active_ms !== null) parts.push(`${(answer.active_ms / 1000).toFixed(1)} s active`);
  if (answer.conflict) parts.push("not current: made on an older revision");
  if (answer.standing !== null) parts.push(`current, ${answer.standing}`);
  if (answer.comment) parts.push(`“${answer.comment}”`);
  return parts.join(", ");
}

/** One line for every element that came or went, or for the value before and after. */
function lines(change: Change): string[] {
  const key = String(change.key);
  if (change.added !== undefined || change.removed !== undefined) {
    const gone = (change.removed ?? []).map((each) => `− ${key}: ${short(each)}`);
    return [...gone, ...(change.added ?? []).map((each) => `+ ${key}: ${short(each)}`)];
  }
  const said: string[] = [];
  if (change.from !== undefined) said.push(`− ${key}: ${short(change.from)}`);
  if (change.to !== undefined) said.push(`+ ${key}: ${short(change.to)}`);
  return said;
}
