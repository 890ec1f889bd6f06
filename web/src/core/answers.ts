/** The answers of this seat as the page knows them, newest first: given here, then what the server lists. */

import type { Ack, Base, HistoryQuery, HistoryReply } from "@/api/types";
import { type Past, pastOf } from "@/core/card";

const PAGE = 50;

export class Answers {
  list: Past[] = [];
  /** Where the server's list goes on; null at its end. */
  private next: number | null = null;
  private loading: Promise<void> | null = null;
  private opening: Promise<void> | null = null;

  constructor(private readonly fetch: (query: HistoryQuery) => Promise<HistoryReply>) {}

  get more(): boolean {
    return this.next !== null;
  }

  /** The newest page of the server's list; what was given here stays in front. One call, however often asked. */
  open(): Promise<void> {
    this.opening ??= this.fetch({ limit: PAGE }).then(
      (reply) => this.append(reply),
      () => {
        this.opening = null;
      },
    );
    return this.opening;
  }

  loadMore(): Promise<void> {
    if (this.next === null) return Promise.resolve();
    this.loading ??= this.fetch({ limit: PAGE, before: this.next })
      .then((reply) => this.append(reply))
      .finally(() => {
        this.loading = null;
      });
    return this.loading;
  }

  /** Answers that fit a search, and where it goes on; they are not made part of the list. */
  async search(query: HistoryQuery): Promise<{ list: Past[]; next: number | null }> {
    const reply = await this.fetch({ limit: PAGE, ...query });
    const list = reply.answers.filter((answer) => answer.status === "submitted").map(pastOf);
    return { list, next: reply.next };
  }

  find(taskId: string): Past | undefined {
    return this.list.find((past) => past.taskId === taskId);
  }

  /** A new answer goes in front; an edited one stays where it is. */
  record(past: Past, edited: boolean): void {
    if (edited && this.find(past.taskId) !== undefined) {
      this.list = this.list.map((old) => (old.taskId === past.taskId ? past : old));
    } else {
      this.list = [past, ...this.list.filter((old) => old.taskId !== past.taskId)];
    }
  }

  remove(taskId: string): void {
    this.list = this.list.filter((past) => past.taskId !== taskId);
  }

  /** The server's word on an answer given here. */
  acknowledged(opId: string, ack: Ack): void {
    this.list = this.list.map((past) => (past.base === opId ? remarked(past, ack) : past));
  }

  private append(reply: HistoryReply): void {
    const known = new Set(this.list.map((past) => past.taskId));
    const fresh = reply.answers.filter(
      (answer) => answer.status === "submitted" && !known.has(answer.task_id),
    );
    this.list = [...this.list, ...fresh.map(pastOf)];
    this.next = reply.next;
  }
}

function remarked(past: Past, ack: Ack): Past {
  const base: Base = ack.revision ?? past.base;
  const mark = ack.result === "surplus" || ack.result === "quarantined" ? ack.result : null;
  return { ...past, base, mark };
}
