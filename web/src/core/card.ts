/** A card: one task in front of a person, with the work done on it so far. Cards are immutable values. */

import { stringify } from "@/api/json";
import type {
  Base,
  Changes,
  Config,
  Current,
  Decision,
  Draft,
  Json,
  LeasedTask,
  Operation,
  PastAnswer,
  Task,
} from "@/api/types";
import { newId } from "@/core/ids";
import { merge, rebase, same } from "@/core/merge";
import type { Change, Edit } from "@/interfaces/interface";
import { settingsFor, writesOf } from "@/interfaces/interface";

export interface Card {
  taskId: string;
  row: number | null;
  /** The document at `base`, with what scripts of the recipe changed. */
  task: Task;
  /** Keys that such scripts changed: they are sent as they are, whoever changed them afterwards. */
  own: ReadonlySet<string>;
  base: Base;
  /** The interface's own value. */
  work: unknown;
  /** Steps of work on this card, for undo and redo within it. */
  past: readonly unknown[];
  future: readonly unknown[];
  /** The name of the newest step, if it may go on. */
  step: string | null;
  comment: string;
  flagged: boolean;
  /** Whether anything differs from the document as it was shown. */
  touched: boolean;
  /** Why a validation refused it. */
  message: string | null;
  from: "queue" | "history";
  /** The decision it had before it was undone or opened again. */
  prior: { decision: Decision | null; reason: string | null } | null;
}

/** An answer that was given, newest state known to this page. */
export interface Past {
  taskId: string;
  row: number | null;
  /** The document with the answer in it. */
  task: Task;
  base: Base;
  decision: Decision;
  reason: string | null;
  comment: string;
  /** Seconds since 1970. */
  at: number;
  /** What the server remarked about it. */
  mark: "surplus" | "quarantined" | "refused" | null;
  position: number | null;
  /** Keys that scripts of the recipe changed. */
  own?: readonly string[];
  /** Work on it that was not submitted. */
  draft: Draft | null;
}

/** What an interface and the settings make of a card. */
export interface Reading {
  edit: Edit<unknown>;
  config: Config;
}

const STEPS_KEPT = 200;

export function leasedCard(
  leased: LeasedTask,
  draft: Partial<Draft> | null,
  { edit, config }: Reading,
): Card {
  const { task_id: taskId, row, task, revision: base } = leased;
  const shown = merge(task, draft ?? {});
  return {
    taskId,
    row,
    ...withDraft(task, draft, { edit, config }, false),
    base,
    past: [],
    future: [],
    step: null,
    comment: draft?.comment ?? "",
    flagged: shown.flagged === true,
    touched: draft !== null,
    message: draft?.message ?? null,
    from: "queue",
    prior: null,
  };
}

/** An answer on the table again: `queue` after an undo, `history` when it is only looked at or edited. */
export function pastCard(
  past: Past,
  base: Base,
  from: Card["from"],
  { edit, config }: Reading,
  draft: Partial<Draft> | null = null,
): Card {
  const { taskId, row, task, decision, reason } = past;
  const comment = draft?.comment ?? past.comment;
  return {
    taskId,
    row,
    ...withDraft(task, draft, { edit, config }, true),
    base,
    past: [],
    future: [],
    step: null,
    comment,
    flagged: merge(task, draft ?? {}).flagged === true,
    touched: draft !== null,
    message: draft?.message ?? null,
    from,
    prior: { decision, reason },
  };
}

/** Work of a draft goes into the interface; what else it holds comes from scripts of the recipe. */
function withDraft(
  document: Task,
  draft: Partial<Draft> | null,
  { edit, config }: Reading,
  answered: boolean,
): Pick<Card, "task" | "own" | "work"> {
  const settings = settingsFor(config, document);
  const known = new Set([...writesOf(edit, document, settings), "flagged"]);
  const set = Object.entries(draft?.set ?? {}).filter(([key]) => !known.has(key));
  const unset = (draft?.unset ?? []).filter((key) => !known.has(key));
  const task =
    set.length + unset.length === 0 ? document : merge(document, { set: Object.fromEntries(set), unset });
  const own = new Set([...set.map(([key]) => key), ...unset]);
  return { task, own, work: edit.start(task, settingsFor(config, task), draft ?? undefined, answered) };
}

/** The document as it would be sent now. */
export function documentOf(card: Card, reading: Reading): Task {
  return merge(card.task, changesOf(card, reading));
}

/**
 * Scripts of the recipe put values into the document; undefined takes a key away. Work that the new values do
 * not concern stays as it is, with its steps.
 */
export function withValues(
  card: Card,
  values: { [key: string]: Json | undefined },
  { edit, config }: Reading,
): Card {
  const changed = Object.keys(values).filter((key) => !same(values[key], card.task[key]));
  const patched = patch(card.task, values);
  const start = (task: Task): string => stringify(edit.start(task, settingsFor(config, task)));
  if (start(patched) === start(card.task)) {
    const own = new Set([...card.own, ...changed]);
    return changed.length === 0 ? card : { ...card, task: patched, own, touched: true, message: null };
  }
  const { set, unset } = edit.changes(card.task, card.work, settingsFor(config, card.task));
  const task = patch(merge(card.task, { set, unset }), values);
  const own = new Set([...card.own, ...changed, ...Object.keys(set), ...unset]);
  const work = edit.start(task, settingsFor(config, task));
  return { ...card, task, own, work, past: [], future: [], step: null, touched: true, message: null };
}

function patch(task: Task, values: { [key: string]: Json | undefined }): Task {
  const given = Object.entries(values);
  const set = given.filter((entry): entry is [string, Json] => entry[1] !== undefined);
  const unset = given.filter(([, value]) => value === undefined).map(([key]) => key);
  return { ...merge(task, { unset }), ...Object.fromEntries(set) };
}

export function withWork(card: Card, work: unknown, change: Change = {}): Card {
  if (work === card.work) return card;
  if (change.look === true) return { ...card, work };
  const step = change.step ?? null;
  const goesOn = step !== null && step === card.step && card.past.length > 0;
  const past = goesOn ? card.past : [...card.past, card.work].slice(-STEPS_KEPT);
  return { ...card, work, past, future: [], step, touched: true, message: null };
}

/** One step of work back, or null when there is none. */
export function stepBack(card: Card): Card | null {
  if (card.past.length === 0) return null;
  return {
    ...card,
    work: card.past.at(-1),
    past: card.past.slice(0, -1),
    future: [card.work, ...card.future],
    step: null,
    touched: true,
  };
}

export function stepForward(card: Card): Card | null {
  if (card.future.length === 0) return null;
  const [work, ...future] = card.future;
  return { ...card, work, past: [...card.past, card.work], future, step: null };
}

export function changesOf(card: Card, { edit, config }: Reading): Changes {
  const { set, unset } = withOwn(card, edit.changes(card.task, card.work, settingsFor(config, card.task)));
  if (card.flagged === (card.task.flagged === true)) return { set, unset };
  return card.flagged ? { set: { ...set, flagged: true }, unset } : { set, unset: [...unset, "flagged"] };
}

/** The server does not know what scripts changed: such keys are told whole. */
function withOwn({ own, task }: Card, changes: Changes): Changes {
  if (own.size === 0) return changes;
  const whole = merge(task, changes);
  const set = Object.entries(changes.set).filter(([key]) => !own.has(key));
  const unset = changes.unset.filter((key) => !own.has(key));
  for (const key of own) {
    const value = whole[key];
    if (value === undefined) unset.push(key);
    else set.push([key, value]);
  }
  return { set: Object.fromEntries(set), unset };
}

export interface Given {
  decision: Decision;
  reason: string | null;
  /** Milliseconds since 1970. */
  now: number;
  shownAt: number | null;
  activeMs: number | null;
}

/** The operation that submits a card, and what the page remembers of it. */
export function submission(card: Card, reading: Reading, given: Given): { operation: Operation; past: Past } {
  const changes = changesOf(card, reading);
  const { decision, reason, now, shownAt, activeMs } = given;
  const operation: Operation = {
    op_id: newId("o"),
    task_id: card.taskId,
    base: card.base,
    status: "submitted",
    decision,
    ...sparse(changes),
    client_time: now / 1000,
    shown_at: shownAt === null ? null : shownAt / 1000,
    active_ms: activeMs,
    comment: card.comment === "" ? null : card.comment,
    reason,
  };
  const past: Past = {
    taskId: card.taskId,
    row: card.row,
    task: merge(card.task, changes),
    base: operation.op_id,
    decision,
    reason,
    comment: card.comment,
    at: now / 1000,
    mark: null,
    position: null,
    own: [...card.own],
    draft: null,
  };
  return { operation, past };
}

/** An answer taken back; the document stays as it is. */
export function retraction(taskId: string, base: Base, now: number): Operation {
  return { op_id: newId("o"), task_id: taskId, base, status: "retracted", client_time: now / 1000 };
}

export function draftOperation(card: Card, reading: Reading, now: number): Operation {
  return {
    op_id: newId("d"),
    task_id: card.taskId,
    base: card.base,
    status: "draft",
    ...sparse(changesOf(card, reading)),
    client_time: now / 1000,
    comment: card.comment === "" ? null : card.comment,
  };
}

/** My answer again, on top of what somebody else stored meanwhile. */
export function insist(mine: Past, theirs: Current, { edit, config }: Reading, now: number): Operation {
  const keys = writesOf(edit, mine.task, settingsFor(config, mine.task));
  return {
    op_id: newId("o"),
    task_id: mine.taskId,
    base: theirs.revision,
    status: "submitted",
    decision: mine.decision,
    ...sparse(rebase(mine.task, theirs.task, [...new Set([...keys, ...(mine.own ?? []), "flagged"])])),
    client_time: now / 1000,
    comment: mine.comment === "" ? null : mine.comment,
    reason: mine.reason,
  };
}

function sparse({ set, unset }: Changes): Partial<Changes> {
  return {
    ...(Object.keys(set).length > 0 ? { set } : {}),
    ...(unset.length > 0 ? { unset } : {}),
  };
}

export function pastOf(answer: PastAnswer): Past {
  return {
    taskId: answer.task_id,
    row: answer.row,
    task: answer.task,
    base: answer.revision,
    decision: answer.decision ?? "ignore",
    reason: answer.reason,
    comment: answer.comment ?? "",
    at: answer.answered_at,
    mark: answer.standing === "surplus" ? "surplus" : null,
    position: answer.position,
    draft: answer.draft,
  };
}
