/**
 * Half-done work: kept in the browser a moment after each change, and sent to the server as a draft when the
 * hand rests. The browser's copy is dropped when the server has acknowledged it.
 */

import type { Base, Draft, Operation, Task } from "@/api/types";
import { type Card, changesOf, draftOperation, type Reading } from "@/core/card";
import type { DraftRow, Storage } from "@/core/storage";

export interface DraftsOptions {
  outbox: string;
  storage: Storage;
  reading: (task: Task) => Reading;
  send: (operation: Operation) => void;
  now?: () => number;
}

const LOCAL_MS = 150;
const SERVER_MS = 1_000;

export class Drafts {
  private readonly waiting = new Map<string, Card>();
  private readonly unsent = new Map<string, Card>();
  private localTimer: ReturnType<typeof setTimeout> | null = null;
  private serverTimer: ReturnType<typeof setTimeout> | null = null;
  private kept = new Map<string, DraftRow>();
  private readonly now: () => number;

  constructor(private readonly options: DraftsOptions) {
    this.now = options.now ?? Date.now;
  }

  /** Reads what an earlier page kept. */
  async open(): Promise<void> {
    const rows = await this.options.storage.drafts(this.options.outbox).catch(() => []);
    this.kept = new Map(rows.map((row) => [row.taskId, row]));
  }

  edited(card: Card): void {
    this.waiting.set(card.taskId, card);
    this.unsent.set(card.taskId, card);
    this.localTimer ??= setTimeout(() => this.keep(), LOCAL_MS);
    if (this.serverTimer !== null) clearTimeout(this.serverTimer);
    this.serverTimer = setTimeout(() => this.flush(), SERVER_MS);
  }

  /** The task was answered: its draft is history. */
  answered(taskId: string): void {
    this.waiting.delete(taskId);
    this.unsent.delete(taskId);
    this.kept.delete(taskId);
  }

  /** Keeps and sends everything now. */
  flush(): void {
    if (this.serverTimer !== null) clearTimeout(this.serverTimer);
    this.serverTimer = null;
    this.keep();
    for (const card of this.unsent.values()) {
      this.options.send(draftOperation(card, this.options.reading(card.task), this.now()));
    }
    this.unsent.clear();
  }

  /** The server has a draft made at `at` (seconds): a browser's copy of that time or before is not needed. */
  acknowledged(taskId: string, at: number): void {
    const row = this.kept.get(taskId);
    if (row !== undefined && row.at <= at) this.kept.delete(taskId);
    void this.options.storage.removeDraft(this.options.outbox, taskId, at).catch(() => undefined);
  }

  /** The browser's own copy for a document at `base`, which is newer than anything the server has. */
  find(taskId: string, base: Base, resolve: (base: Base) => Base): Partial<Draft> | null {
    const row = this.kept.get(taskId);
    if (row === undefined) return null;
    const known = resolve(row.base);
    const fits = typeof known === "number" ? known === base : base !== 0;
    return fits ? { set: row.set, unset: row.unset, comment: row.comment } : null;
  }

  close(): void {
    for (const timer of [this.localTimer, this.serverTimer]) if (timer !== null) clearTimeout(timer);
  }

  private keep(): void {
    if (this.localTimer !== null) clearTimeout(this.localTimer);
    this.localTimer = null;
    for (const card of this.waiting.values()) {
      const row = this.rowOf(card);
      this.kept.set(card.taskId, row);
      void this.options.storage.putDraft(row).catch(() => undefined);
    }
    this.waiting.clear();
  }

  private rowOf(card: Card): DraftRow {
    const { taskId, base, comment } = card;
    const changes = changesOf(card, this.options.reading(card.task));
    return {
      outbox: this.options.outbox,
      taskId,
      base,
      comment,
      decision: null,
      at: this.now() / 1000,
      ...changes,
    };
  }
}
