/**
 * What travels over HTTP, generated from the server's description: `npm run types`. Times are seconds since
 * 1970. Keys of documents belong to users and are JSON here.
 */

import type { components } from "@/api/schema";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Task = { [key: string]: Json };

type Schemas = components["schemas"];

/** The description says `unknown` where any JSON may stand. */
type Typed<T> = unknown extends T
  ? Json
  : T extends (infer Item)[]
    ? Typed<Item>[]
    : T extends object
      ? { [Key in keyof T]: Typed<T[Key]> }
      : T;

export type Project = Typed<Schemas["Project"]>;
/** Settings for the page; unknown keys are the recipe's own. */
export type Config = Project["config"];
/** What operators changed of the labels since the run was started, and every label there ever was. */
export interface LabelChanges {
  known: string[];
  changes: { kind: Schemas["LabelChange"]["kind"]; label: string; new: string | null }[];
}
export type Access = Typed<Schemas["AccessReply"]>;
export type Login = Typed<Schemas["Login"]>;
export type Invitation = Typed<Schemas["InvitationReply"]>;
export type ClaimedSeat = Typed<Schemas["Session"]>;
export type LeasedTask = Typed<Schemas["Lease"]>;
export type LeaseReply = Typed<Schemas["LeaseReply"]>;
export type LeaseState = LeaseReply["state"];
export type Detail = Typed<Schemas["Detail"]>;
export type Progress = Typed<Schemas["Progress"]>;
export type Draft = Typed<Schemas["Draft"]>;
export type Changes = Pick<Draft, "set" | "unset">;
export type Ack = Typed<Schemas["Ack"]>;
export type Current = Typed<Schemas["Current"]>;
export type AnswersReply = Typed<Schemas["AnswersReply"]>;
export type HeartbeatReply = Typed<Schemas["HeartbeatReply"]>;
export type PastAnswer = Typed<Schemas["HistoryEntry"]>;
export type HistoryReply = Typed<Schemas["HistoryReply"]>;

type SentOperation = Typed<Schemas["Operation"]>;
export type OpStatus = SentOperation["status"];
export type Decision = NonNullable<SentOperation["decision"]>;
/** A revision, or the op_id of a predecessor that the server has not acknowledged yet. */
export type Base = NonNullable<SentOperation["base"]>;
/** An operation as this page sends it; what is left out is null. */
export type Operation = Partial<SentOperation> &
  Pick<SentOperation, "op_id" | "task_id" | "status"> & { base: Base; client_time: number };

export interface HistoryQuery {
  before?: number | undefined;
  limit?: number | undefined;
  q?: string | undefined;
  label?: string | undefined;
  decision?: Decision | undefined;
  flagged?: boolean | undefined;
}
