/**
 * A server in memory: the contract of the session API without a queue behind it. Vitest drives the core
 * against it, and `npm run dev` serves it, so that the page can be looked at without Python.
 */

import { ApiError, Unreachable, type Api } from "@/api/client";
import type {
  Access,
  Ack,
  AnswersReply,
  ClaimedSeat,
  Decision,
  Draft,
  HeartbeatReply,
  HistoryQuery,
  HistoryReply,
  Invitation,
  LeaseReply,
  Login,
  Operation,
  PastAnswer,
  Progress,
  Project,
  Task,
} from "@/api/types";
import { merge } from "@/core/merge";

interface Revision {
  opId: string;
  revision: number;
  status: "submitted" | "retracted";
  decision: Decision | null;
  task: Task;
  comment: string | null;
  reason: string | null;
  at: number;
}

interface Held {
  original: Task;
  row: number;
  client: string | null;
  seat: string | null;
  revisions: Revision[];
  current: Revision | null;
  draft: Draft | null;
  /** It follows from an answer. */
  ahead: boolean;
}

export interface FakeOptions {
  tasks: Task[];
  viewId: string;
  labels?: string[];
  config?: Project["config"];
  instructions?: string | null;
  recipe?: string;
  dataset?: string;
  validates?: boolean;
  ask?: boolean;
}

export class Fake implements Api {
  readonly held = new Map<string, Held>();
  readonly received: Operation[] = [];
  readonly seats = new Map<string, string>();
  readonly ops = new Map<string, Ack>();
  project_version = 1;
  /** Set to make every call fail in this way. */
  down: Error | null = null;
  state: LeaseReply["state"] | null = null;
  detail: LeaseReply["detail"] = null;
  /** Names of people who were erased while their pages were open. */
  readonly erased = new Set<string>();
  refuse: ((operation: Operation) => Error | null) | null = null;
  invalid: ((task: Task) => string | null) | null = null;
  changed: { task_id: string; revision: number }[] = [];
  alsoOpen = false;
  private position = 0;

  constructor(readonly options: FakeOptions) {
    options.tasks.forEach((original, i) => this.push(original, i + 1));
  }

  push(original: Task, row: number): void {
    const held: Held = {
      original,
      row,
      client: null,
      seat: null,
      revisions: [],
      current: null,
      draft: null,
      ahead: false,
    };
    this.held.set(`t${row}`, held);
  }

  /** The server forgets every seat's token, as after a move. */
  forgetSeats(): void {
    this.seats.clear();
  }

  async project(dataset: string | null): Promise<Project> {
    this.check();
    const name = this.options.dataset ?? "news";
    if (dataset !== null && dataset !== name) {
      throw new ApiError(404, "no_project", `There is no dataset “${dataset}” here.`);
    }
    return {
      database_id: "db-1",
      dataset: name,
      recipe: this.options.recipe ?? "ner.manual",
      view_id: this.options.viewId,
      version: "0.1.0",
      project_version: this.project_version,
      labels: this.options.labels ?? [],
      instructions: this.options.instructions ?? null,
      config: this.options.config ?? {},
      validates: this.options.validates ?? false,
      overlap: 1,
      host: "up",
      seat: { ask: this.options.ask ?? false, login: false, suggested: "ada", allowed: null },
    };
  }

  async claim(body: { dataset: string; name: string; client_id: string }): Promise<ClaimedSeat> {
    this.check();
    const session = `token-${this.options.dataset ?? ""}-${this.seats.size + 1}-${body.name}`;
    this.seats.set(session, body.name);
    return {
      session,
      name: body.name,
      dataset: body.dataset,
      database_id: "db-1",
      also_open: this.alsoOpen,
    };
  }

  async lease(
    session: string,
    body: { size: number; holding: string[]; client_id: string },
  ): Promise<LeaseReply> {
    this.check();
    const seat = this.seat(session);
    const open = [...this.held].filter(([, held]) => held.current?.status !== "submitted");
    const mine = open.filter(([, held]) => held.seat === seat && held.client === body.client_id);
    const free = open.filter(([, held]) => held.seat === null);
    for (const [, held] of free.slice(0, Math.max(0, body.size - mine.length))) {
      held.seat = seat;
      held.client = body.client_id;
    }
    const now = open.filter(([, held]) => held.seat === seat && held.client === body.client_id);
    const given = now.filter(([id]) => !body.holding.includes(id));
    const paused = this.state === "paused";
    return {
      tasks: paused ? [] : given.map(([id, held]) => this.leased(id, held)),
      state: this.state ?? (now.length > 0 ? "ready" : "exhausted"),
      detail: this.detail,
      progress: this.progress(),
    };
  }

  async answers(session: string, bodies: string[], clientId: string): Promise<AnswersReply> {
    this.check();
    this.seat(session);
    const ops = bodies.map((body) => JSON.parse(body) as Operation);
    for (const operation of ops) {
      const error = this.refuse?.(operation) ?? null;
      if (error !== null) throw error;
    }
    const acks = ops.map((operation) => this.apply(operation, clientId));
    return { acks, progress: this.progress() };
  }

  async event(): Promise<never> {
    throw new ApiError(404, "not_known", "There is no recipe in memory.");
  }

  async release(): Promise<void> {
    this.check();
  }

  async leave(): Promise<void> {
    this.check();
  }

  async heartbeat(session: string, body: { client_id: string }): Promise<HeartbeatReply> {
    this.check();
    const seat = this.seat(session);
    const mine = [...this.held].filter(
      ([, held]) =>
        held.seat === seat && held.client === body.client_id && held.current?.status !== "submitted",
    );
    const changed = this.changed;
    this.changed = [];
    return {
      state: this.state ?? (mine.length > 0 ? "ready" : "exhausted"),
      detail: this.detail,
      progress: this.progress(),
      leases: Object.fromEntries(mine.map(([id]) => [id, Date.now() / 1000 + 900])),
      changed,
      cursor: this.position,
      returned: 0,
      project_version: this.project_version,
      also_open: this.alsoOpen,
    };
  }

  /** Of the one account; null where nobody has to log in. */
  password: string | null = null;
  private readonly account: Login = { name: "ada", role: "annotator" };

  async access(): Promise<Access> {
    const account = this.password === null || this.down !== null ? null : this.account;
    return { required: this.password !== null, provider: false, account };
  }

  async login(body: { name: string; password: string }): Promise<Login> {
    if (body.password !== this.password) throw new ApiError(401, "login_failed", "wrong password");
    this.down = null;
    return this.account;
  }

  async logout(): Promise<Access> {
    this.down = new ApiError(401, "login_required", "log in first");
    return this.access();
  }

  async invitation(): Promise<Invitation> {
    throw new ApiError(422, "input", "there are no invitations in memory");
  }

  async accept(): Promise<Login> {
    throw new ApiError(422, "input", "there are no invitations in memory");
  }

  async history(session: string, query: HistoryQuery): Promise<HistoryReply> {
    this.check();
    this.seat(session);
    const answers = [...this.held]
      .flatMap(([id, held]) => (held.current === null ? [] : [past(id, held, held.current)]))
      .filter((answer) => answer.status === "submitted" && matches(answer, query))
      .sort((a, b) => b.position - a.position);
    const limit = query.limit ?? 50;
    return { answers: answers.slice(0, limit), next: answers[limit - 1]?.position ?? null };
  }

  private seat(session: string): string {
    const name = this.seats.get(session);
    if (name !== undefined && this.erased.has(name)) throw new ApiError(410, "session_erased", "Erased.");
    if (name === undefined) throw new ApiError(404, "session_unknown", "This seat is not known here.");
    return name;
  }

  private check(): void {
    if (this.down !== null) throw this.down;
  }

  private leased(id: string, held: Held): LeaseReply["tasks"][number] {
    return {
      task_id: id,
      lease_until: Date.now() / 1000 + 900,
      revision: held.current?.revision ?? 0,
      row: held.row,
      ahead: held.ahead,
      draft: held.draft,
      task: held.current?.task ?? held.original,
    };
  }

  private apply(operation: Operation, clientId: string): Ack {
    const known = this.ops.get(operation.op_id);
    if (known !== undefined) return { ...known, result: "repeated" };
    this.received.push(operation);
    const ack = this.store(operation, clientId);
    this.ops.set(operation.op_id, ack);
    return ack;
  }

  private store(operation: Operation, clientId: string): Ack {
    const ack = { op_id: operation.op_id, revision: null, detail: null };
    const held = this.held.get(operation.task_id);
    if (held === undefined) return { ...ack, result: "quarantined", detail: "unknown task" };
    const base = this.baseOf(held, operation);
    const stale = (held.current?.revision ?? 0) !== (base?.revision ?? 0);
    const changes = { set: operation.set ?? {}, unset: operation.unset ?? [] };
    if (operation.status === "draft") {
      held.draft = {
        ...changes,
        base: base?.revision ?? 0,
        decision: operation.decision ?? null,
        comment: operation.comment ?? null,
        message: null,
      };
      return { ...ack, result: "stored" };
    }
    const task = merge(base?.task ?? held.original, changes);
    const message = operation.status === "submitted" ? (this.invalid?.(task) ?? null) : null;
    if (message !== null) {
      held.draft = { ...changes, base: base?.revision ?? 0, decision: null, comment: null, message };
      return { ...ack, result: "invalid", detail: message };
    }
    this.position += 1;
    const revision: Revision = {
      opId: operation.op_id,
      revision: held.revisions.length + 1,
      status: operation.status,
      decision: operation.decision ?? base?.decision ?? null,
      task,
      comment: operation.comment ?? null,
      reason: operation.reason ?? null,
      at: this.position,
    };
    held.revisions.push(revision);
    if (stale && held.current !== null) {
      const { revision: number, status, decision, task: theirs, comment, reason } = held.current;
      const current = { revision: number, status, decision, task: theirs, comment, reason };
      return { ...ack, revision: revision.revision, result: "conflict", current };
    }
    held.current = revision;
    held.draft = null;
    if (operation.status === "retracted") held.client = clientId;
    return { ...ack, revision: revision.revision, result: "stored" };
  }

  private baseOf(held: Held, operation: Operation): Revision | null {
    const { base } = operation;
    return held.revisions.find((r) => r.opId === base || r.revision === base) ?? null;
  }

  private progress(): Progress {
    const all = [...this.held.values()];
    const done = all.filter((held) => held.current?.status === "submitted").length;
    return {
      tasks: all.length,
      done,
      withdrawn: 0,
      mine: done,
      remaining: all.length - done,
      at_most: false,
      estimate: false,
      rows_read: all.length,
      rows_known: all.length,
      fraction: null,
    };
  }
}

function past(id: string, held: Held, revision: Revision): PastAnswer {
  return {
    task_id: id,
    revision: revision.revision,
    status: revision.status,
    decision: revision.decision,
    answered_at: Date.now() / 1000,
    position: revision.at,
    comment: revision.comment,
    reason: revision.reason,
    flagged: revision.task.flagged === true,
    row: held.row,
    draft: held.draft,
    standing: revision.status === "submitted" ? "counted" : null,
    task: revision.task,
  };
}

function matches(answer: PastAnswer, query: HistoryQuery): boolean {
  if (query.before !== undefined && answer.position >= query.before) return false;
  if (query.decision !== undefined && answer.decision !== query.decision) return false;
  if (query.flagged === true && !answer.flagged) return false;
  return query.q === undefined || JSON.stringify(answer.task).toLowerCase().includes(query.q.toLowerCase());
}

export { ApiError, Unreachable };
