/** The tasks this page holds: the first is on the table, the others are there before they are needed. */

import type { Detail, LeasedTask, LeaseReply, LeaseState } from "@/api/types";
import type { Card } from "@/core/card";

export interface QueueOptions {
  size: () => number;
  lease: (size: number, holding: string[]) => Promise<LeaseReply>;
  /** Waits until answers under way are acknowledged, or cannot be. */
  settled: () => Promise<void>;
  /** Tasks whose answers are under way. */
  pending: () => Set<string>;
  card: (leased: LeasedTask) => Card;
  arrived: (reply: LeaseReply) => void;
  failed: (error: unknown) => void;
  changed: () => void;
}

const POLL_MS: Record<LeaseState, number> = {
  ready: 700,
  searching: 1_500,
  waiting: 8_000,
  exhausted: 20_000,
  paused: 8_000,
  failed: 8_000,
};
const RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 15_000;

export class TaskQueue {
  cards: Card[] = [];
  state: LeaseState = "ready";
  detail: Detail | null = null;
  /** Nobody answered the last call. */
  unreachable = false;
  private leasing: Promise<void> | null = null;
  private again = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private failures = 0;
  private closed = false;
  /** Task → when (ms) it was handed out, so that an older heartbeat does not take it away. */
  private readonly since = new Map<string, number>();

  constructor(private readonly options: QueueOptions) {}

  get current(): Card | undefined {
    return this.cards[0];
  }

  replaceCurrent(card: Card): void {
    this.cards = [card, ...this.cards.slice(1)];
  }

  /** The current task is answered. */
  advance(): void {
    this.cards = this.cards.slice(1);
  }

  putFirst(card: Card): void {
    this.since.set(card.taskId, Date.now());
    this.cards = [card, ...this.cards.filter((other) => other.taskId !== card.taskId)];
  }

  drop(taskId: string): void {
    this.cards = this.cards.filter((card) => card.taskId !== taskId);
  }

  /** Asks for more when fewer than half of what should be held is left. */
  topUp(): void {
    const ahead = this.cards.length - 1;
    if (ahead < Math.ceil(this.options.size() / 2)) void this.lease();
  }

  /** One call at a time; a wish during a call leads to one more afterwards. */
  lease(): Promise<void> {
    if (this.leasing !== null) {
      this.again = true;
      return this.leasing;
    }
    this.leasing = this.ask().finally(() => {
      this.leasing = null;
      if (!this.again) return;
      this.again = false;
      this.topUp();
    });
    return this.leasing;
  }

  /** Whether a heartbeat tells of a lease that this page does not know, such as an answer that was sent back. */
  lacks(leases: { [taskId: string]: number }): boolean {
    const known = new Set([...this.cards.map((card) => card.taskId), ...this.options.pending()]);
    return Object.keys(leases).some((taskId) => !known.has(taskId));
  }

  /** What a heartbeat says about the leases: queued cards that are no longer ours leave. */
  keepOnly(leases: { [taskId: string]: number }, askedAt: number): void {
    const pending = this.options.pending();
    const [current, ...rest] = this.cards;
    const kept = rest.filter(
      ({ taskId }) => taskId in leases || pending.has(taskId) || (this.since.get(taskId) ?? 0) >= askedAt,
    );
    if (current !== undefined && kept.length < rest.length) this.cards = [current, ...kept];
  }

  close(): void {
    this.closed = true;
    this.plan(null);
  }

  private async ask(): Promise<void> {
    this.plan(null);
    await this.options.settled();
    if (this.closed) return;
    const pending = this.options.pending();
    const holding = [...new Set([...this.cards.map((card) => card.taskId), ...pending])];
    try {
      const reply = await this.options.lease(this.options.size(), holding);
      this.failures = 0;
      this.unreachable = false;
      this.take(reply);
    } catch (error) {
      this.failures += 1;
      this.unreachable = true;
      this.options.failed(error);
      this.plan(Math.min(RETRY_MS * 2 ** (this.failures - 1), LONGEST_RETRY_MS));
    }
    this.options.changed();
  }

  private take(reply: LeaseReply): void {
    this.state = reply.state;
    this.detail = reply.detail;
    const pending = this.options.pending();
    const held = new Set(this.cards.map((card) => card.taskId));
    const fresh = reply.tasks.filter(({ task_id: id }) => !held.has(id) && !pending.has(id));
    for (const leased of fresh) this.since.set(leased.task_id, Date.now());
    const card = (leased: LeasedTask): Card => this.options.card(leased);
    const isNext = ({ revision, ahead }: LeasedTask): boolean => revision > 0 || ahead;
    const back = fresh.filter(isNext).map(card);
    const others = fresh.filter((leased) => !isNext(leased)).map(card);
    // What came back to its author, or follows from an answer, is next; the card on the table stays there.
    this.cards = [...this.cards.slice(0, 1), ...back, ...this.cards.slice(1), ...others];
    this.options.arrived(reply);
    if (this.cards.length === 0) this.plan(POLL_MS[reply.state]);
  }

  private plan(delay: number | null): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = delay === null || this.closed ? null : setTimeout(() => void this.lease(), delay);
  }
}
