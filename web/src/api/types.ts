/** What travels over HTTP, as docs/reference/http-api describes it. Times are seconds since 1970. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Task = { [key: string]: Json };

export type Decision = "accept" | "reject" | "ignore";
export type OpStatus = "submitted" | "draft" | "retracted";
export type AckResult = "stored" | "repeated" | "surplus" | "conflict" | "quarantined" | "invalid";
export type LeaseState = "ready" | "searching" | "waiting" | "exhausted" | "paused" | "failed";

/** A revision, or the op_id of a predecessor that the server has not acknowledged yet. */
export type Base = number | string;

export interface Project {
  database_id: string;
  dataset: string;
  recipe: string;
  view_id: string;
  version: string;
  project_version: number;
  labels: string[];
  instructions: string | null;
  config: Config;
  validates: boolean;
  host: "up" | "down";
  seat: { ask: boolean; suggested: string | null; allowed: string[] | null };
}

/** Settings for the page; unknown keys are the recipe's own. */
export interface Config {
  [key: string]: Json | undefined;
}

export interface ClaimedSeat {
  session: string;
  name: string;
  dataset: string;
  database_id: string;
  also_open: boolean;
}

export interface Changes {
  set: { [key: string]: Json };
  unset: string[];
}

export interface Draft extends Partial<Changes> {
  decision?: Decision | null;
  comment?: string | null;
  message?: string | null;
  base?: number | null;
}

export interface LeasedTask {
  task_id: string;
  lease_until: number;
  revision: number;
  row: number | null;
  draft: Draft | null;
  task: Task;
}

export interface Progress {
  tasks: number;
  done: number;
  withdrawn: number;
  mine: number;
  remaining: number | null;
  estimate: boolean;
  rows_read: number;
  rows_known: number | null;
  fraction: number | null;
}

export interface Detail {
  code: "rows_read" | "host_down" | "with_others" | "done" | "paused" | "stream_failed";
  message: string;
  rows_read?: number;
  row?: number;
  with_others?: number;
}

export interface LeaseReply {
  tasks: LeasedTask[];
  state: LeaseState;
  detail: Detail | null;
  progress: Progress;
}

export interface Operation {
  op_id: string;
  task_id: string;
  base: Base;
  status: OpStatus;
  decision?: Decision | null;
  set?: { [key: string]: Json };
  unset?: string[];
  client_time: number;
  shown_at?: number | null;
  active_ms?: number | null;
  comment?: string | null;
  reason?: string | null;
}

export interface Current {
  revision: number;
  status: "submitted" | "retracted";
  decision: Decision | null;
  task: Task;
}

export interface Ack {
  op_id: string;
  revision: number | null;
  result: AckResult;
  detail: string | null;
  current?: Current | null;
}

export interface AnswersReply {
  acks: Ack[];
  progress: Progress;
}

export interface HeartbeatReply {
  state: LeaseState;
  detail: Detail | null;
  progress: Progress;
  leases: { [taskId: string]: number };
  changed: { task_id: string; revision: number }[];
  cursor: number;
  returned: number;
  project_version: number;
  also_open: boolean;
}

export interface PastAnswer {
  task_id: string;
  revision: number;
  status: "submitted" | "retracted";
  decision: Decision | null;
  answered_at: number;
  position: number;
  comment: string | null;
  reason: string | null;
  flagged: boolean;
  row: number | null;
  task: Task;
}

export interface HistoryReply {
  answers: PastAnswer[];
  next: number | null;
}

export interface HistoryQuery {
  before?: number | undefined;
  limit?: number | undefined;
  q?: string | undefined;
  label?: string | undefined;
  decision?: Decision | undefined;
  flagged?: boolean | undefined;
}
