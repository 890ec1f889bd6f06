/**
 * The outbox: every answer is written here first, and only the server's ack takes it out.
 *
 * Operations leave in the order they were made, one request at a time, from one tab at a time: tabs of the
 * same outbox elect the sender through a lock row in the browser's database, and tell each other the acks.
 */

import { ApiError } from "@/api/client";
import { parse } from "@/api/json";
import type { Ack, AnswersReply, Operation, Progress } from "@/api/types";
import { Erased, OtherDatabase } from "@/core/seat";
import type { OpRow, Storage } from "@/core/storage";

export interface Delivered {
  row: Pick<OpRow, "opId" | "taskId" | "status" | "at">;
  ack: Ack;
}

/** What tabs of one origin tell each other. */
export type TabMessage =
  | { kind: "acks"; outbox: string; delivered: Delivered[]; progress: Progress | null }
  | { kind: "added"; outbox: string }
  | { kind: "free"; outbox: string }
  /** A page of this seat came or went. */
  | { kind: "pages"; outbox: string };

export interface Tabs {
  post(message: TabMessage): void;
  listen(heard: (message: TabMessage) => void): () => void;
}

export type OutboxTrouble =
  | { kind: "offline"; message: string }
  | { kind: "server"; message: string }
  | { kind: "paused"; message: string }
  | { kind: "storage"; message: string };

export interface OutboxState {
  /** Answers and undos the server has not acknowledged (drafts are not counted). */
  unsent: number;
  /** Of those, how many the server refuses to take. */
  refused: number;
  sending: boolean;
  trouble: OutboxTrouble | null;
  /** When the next try starts by itself (ms), null when none is planned. */
  retryAt: number | null;
}

export interface OutboxOptions {
  name: string;
  storage: Storage;
  tabs: Tabs;
  /** Unique to this page load. */
  holder: string;
  send: (bodies: string[], leaving: boolean) => Promise<AnswersReply>;
  delivered: (delivered: Delivered[], progress: Progress | null) => void;
  changed: () => void;
  now?: () => number;
}

const BATCH = 50;
const BATCH_CHARACTERS = 1_000_000;
const LEAVING_CHARACTERS = 60_000;
/** A tab that dies while it sends holds the others up no longer than this. */
const LOCK_MS = 5_000;
const RENEW_MS = 2_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** Refusals that concern one operation and will not go away by waiting. */
const HOPELESS = new Set([400, 413, 415, 422]);

export class Outbox {
  private rows: OpRow[] = [];
  private trouble: OutboxTrouble | null = null;
  private retryAt: number | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private delay = FIRST_DELAY_MS;
  private running: Promise<void> | null = null;
  private again = false;
  private single = false;
  private closed = false;
  /** Unsent operations that the browser would not store; they live as long as the page. */
  private readonly homeless: OpRow[] = [];
  private readonly stopListening: () => void;
  private readonly now: () => number;

  constructor(private readonly options: OutboxOptions) {
    this.now = options.now ?? Date.now;
    this.stopListening = options.tabs.listen((message) => this.heard(message));
  }

  /** Reads what earlier pages left behind. */
  async open(): Promise<void> {
    await this.reload();
  }

  get state(): OutboxState {
    const counted = this.rows.filter((row) => row.status !== "draft");
    return {
      unsent: counted.length,
      refused: counted.filter((row) => row.refused !== undefined).length,
      sending: this.running !== null,
      trouble: this.trouble,
      retryAt: this.retryAt,
    };
  }

  /** How many more answers their author has once everything is stored. */
  get adds(): number {
    return this.rows.reduce((sum, row) => sum + (row.refused === undefined ? (row.adds ?? 0) : 0), 0);
  }

  /** Tasks with an answer under way; the server may still believe that this page holds them. */
  pendingTasks(): Set<string> {
    return new Set(this.rows.filter((row) => row.status === "submitted").map((row) => row.taskId));
  }

  isPending(opId: string): boolean {
    return this.rows.some((row) => row.opId === opId);
  }

  /** `adds`: how many more answers its author has with it. */
  async add(operation: Operation, body: string, adds = 0): Promise<void> {
    const { op_id: opId, task_id: taskId, status, client_time: at } = operation;
    const row: OpRow = { outbox: this.options.name, opId, taskId, status, at, body, adds };
    this.rows = [...this.rows.filter((old) => old.taskId !== taskId || old.status !== "draft"), row];
    this.options.changed();
    try {
      await this.options.storage.addOp(row);
    } catch (error) {
      this.homeless.push(row);
      this.setTrouble({ kind: "storage", message: describe(error) });
    }
    this.options.tabs.post({ kind: "added", outbox: this.options.name });
    void this.flush();
  }

  /** Sends what waits; resolves when nothing is left to try for now. */
  flush(): Promise<void> {
    this.again = true;
    if (this.running === null && !this.closed) {
      this.running = this.run().finally(() => {
        this.running = null;
        this.options.changed();
      });
    }
    return this.running ?? Promise.resolve();
  }

  /** The person asked to try now. */
  retry(): Promise<void> {
    this.delay = FIRST_DELAY_MS;
    this.plan(null);
    return this.flush();
  }

  /** The page may go away: send without waiting for the reply. The rows stay until somebody sees an ack. */
  leave(): void {
    const bodies: string[] = [];
    let characters = 0;
    for (const row of this.rows) {
      if (row.refused !== undefined) continue;
      characters += row.body.length;
      if (characters > LEAVING_CHARACTERS) break;
      bodies.push(row.body);
    }
    if (bodies.length > 0) this.options.send(bodies, true).catch(() => undefined);
    void this.options.storage.unlock(this.lockName, this.options.holder).catch(() => undefined);
  }

  close(): void {
    this.closed = true;
    this.plan(null);
    this.stopListening();
  }

  private async run(): Promise<void> {
    while (this.again && !this.closed) {
      this.again = false;
      this.plan(null);
      if (!(await this.lock())) {
        this.plan(RENEW_MS);
        return;
      }
      const renewing = setInterval(() => void this.lock(), RENEW_MS);
      try {
        if (await this.sendSome()) this.again = true;
      } finally {
        clearInterval(renewing);
        await this.options.storage.unlock(this.lockName, this.options.holder).catch(() => undefined);
        this.options.tabs.post({ kind: "free", outbox: this.options.name });
      }
    }
  }

  private get lockName(): string {
    return `send ${this.options.name}`;
  }

  private async lock(): Promise<boolean> {
    const now = this.now();
    try {
      return await this.options.storage.acquire(this.lockName, this.options.holder, now + LOCK_MS, now);
    } catch {
      return true;
    }
  }

  /** One request; true when more may follow at once. */
  private async sendSome(): Promise<boolean> {
    await this.reload();
    const batch = this.nextBatch();
    if (batch.length === 0) {
      if (this.trouble?.kind !== "storage") this.trouble = null;
      return false;
    }
    this.options.changed();
    try {
      const reply = await this.options.send(
        batch.map((row) => row.body),
        false,
      );
      await this.accept(batch, reply);
      return true;
    } catch (error) {
      return await this.failed(batch, error);
    }
  }

  private nextBatch(): OpRow[] {
    const blocked = new Set(this.rows.filter((row) => row.refused !== undefined).map((row) => row.taskId));
    const batch: OpRow[] = [];
    let characters = 0;
    for (const row of this.rows) {
      if (blocked.has(row.taskId)) continue;
      characters += row.body.length;
      if (batch.length > 0 && (this.single || characters > BATCH_CHARACTERS)) break;
      batch.push(row);
      if (batch.length === BATCH) break;
    }
    return batch;
  }

  private async accept(batch: OpRow[], reply: AnswersReply): Promise<void> {
    this.delay = FIRST_DELAY_MS;
    this.single = false;
    this.trouble = null;
    const acks = new Map(reply.acks.map((ack) => [ack.op_id, ack]));
    const delivered = batch.flatMap((row) => {
      const ack = acks.get(row.opId);
      const { opId, taskId, status, at } = row;
      return ack === undefined ? [] : [{ row: { opId, taskId, status, at }, ack }];
    });
    if (delivered.length === 0) throw new ApiError(500, "no_acks", "The server acknowledged nothing.");
    await this.forget(delivered.map(({ row }) => row.opId));
    const { progress } = reply;
    this.options.delivered(delivered, progress);
    this.options.tabs.post({ kind: "acks", outbox: this.options.name, delivered, progress });
  }

  /** They wait in sight until nothing more is awaited: what counts them then hears of their acks at once. */
  private async forget(opIds: string[]): Promise<void> {
    const gone = new Set(opIds);
    const numbers = this.rows.flatMap((row) => (gone.has(row.opId) && row.n !== undefined ? [row.n] : []));
    await this.options.storage.removeOps(numbers);
    this.rows = this.rows.filter((row) => !gone.has(row.opId));
    for (let i = this.homeless.length - 1; i >= 0; i -= 1) {
      if (gone.has(this.homeless[i]?.opId ?? "")) this.homeless.splice(i, 1);
    }
  }

  private async failed(batch: OpRow[], error: unknown): Promise<boolean> {
    const [only] = batch;
    if (error instanceof ApiError && HOPELESS.has(error.status) && only !== undefined) {
      if (batch.length > 1) {
        this.single = true;
        return true;
      }
      await this.refuse({ ...only, refused: error.detail });
      return true;
    }
    this.setTrouble(troubleOf(error));
    this.plan(this.trouble?.kind === "paused" ? null : this.delay);
    this.delay = Math.min(this.delay * 2, LONGEST_DELAY_MS);
    return false;
  }

  private async refuse(row: OpRow): Promise<void> {
    this.rows = this.rows.map((old) => (old.opId === row.opId ? row : old));
    if (row.n !== undefined) await this.options.storage.updateOp(row);
  }

  private async reload(): Promise<void> {
    try {
      this.rows = [...(await this.options.storage.ops(this.options.name)), ...this.homeless];
    } catch (error) {
      this.setTrouble({ kind: "storage", message: describe(error) });
    }
    this.options.changed();
  }

  private heard(message: TabMessage): void {
    if (message.outbox !== this.options.name) return;
    if (message.kind === "acks") {
      const gone = new Set(message.delivered.map(({ row }) => row.opId));
      this.rows = this.rows.filter((row) => !gone.has(row.opId));
      this.options.delivered(message.delivered, message.progress);
      this.options.changed();
    } else if (message.kind === "free" && this.retryAt !== null && this.trouble === null) {
      void this.flush();
    }
  }

  private setTrouble(trouble: OutboxTrouble): void {
    this.trouble = trouble;
    this.options.changed();
  }

  private plan(delay: number | null): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.retryAt = delay === null ? null : this.now() + delay;
    if (delay !== null) this.timer = setTimeout(() => void this.flush(), delay);
  }
}

function troubleOf(error: unknown): OutboxTrouble {
  if (error instanceof OtherDatabase || error instanceof Erased)
    return { kind: "paused", message: error.message };
  if (!(error instanceof ApiError)) return { kind: "offline", message: "The server does not answer." };
  const paused = error.status === 401 || error.status === 403;
  return { kind: paused ? "paused" : "server", message: error.detail };
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Unsent operations as a file a person can keep or send to whoever runs the project. */
export function exportFile(rows: readonly OpRow[]): string {
  const operations = rows.map((row) => ({
    outbox: row.outbox,
    refused: row.refused ?? null,
    operation: parse(row.body),
  }));
  return `${JSON.stringify({ kind: "tallymark unsent answers", operations }, null, 2)}\n`;
}
