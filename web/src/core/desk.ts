/**
 * The desk: everything between a person's keys and the server's queue. It holds the cards, the answers, the
 * outbox and the drafts of one seat, and tells whoever listens that something changed. It knows no page.
 */

import { m, t } from "@/core/say";
import type { Api } from "@/api/client";
import { stringify } from "@/api/json";
import type {
  Ack,
  Base,
  Current,
  Decision,
  Draft,
  Json,
  LeasedTask,
  LeaseReply,
  Operation,
  Progress,
  Project,
  Task,
} from "@/api/types";
import { Activity } from "@/core/activity";
import { Answers } from "@/core/answers";
import {
  type Card,
  documentOf,
  insist,
  leasedCard,
  type Past,
  pastCard,
  type Reading,
  retraction,
  stepBack,
  stepForward,
  submission,
  withValues,
  withWork,
} from "@/core/card";
import { Drafts } from "@/core/drafts";
import { Heartbeat } from "@/core/heartbeat";
import { Notices } from "@/core/notices";
import { type Delivered, Outbox, type OutboxState, type Tabs } from "@/core/outbox";
import { TaskQueue } from "@/core/queue";
import { perHour } from "@/core/rate";
import { same } from "@/core/merge";
import type { Seat } from "@/core/seat";
import type { Storage } from "@/core/storage";
import { type Ending, ending, erasedEnding, fractionOf, ownFractionOf } from "@/core/words";
import { editOf, viewIdOf } from "@/interfaces/edits";
import { type Change, settingsFor } from "@/interfaces/interface";

/** An answer of mine met a newer one. */
export interface Conflict {
  taskId: string;
  mine: Past;
  status: "submitted" | "retracted";
  theirs: Current;
}

export interface DeskOptions {
  api: Api;
  seat: Seat;
  project: Project;
  storage: Storage;
  tabs: Tabs;
  /** Unique to this page load. */
  holder: string;
}

export interface DeskView {
  /** As it is now; labels and settings may change while the page is open. */
  project: Project;
  card: Card | null;
  /** Shown instead of a card. */
  ending: Ending | null;
  /** No task is left for this seat. */
  exhausted: boolean;
  /** The open answer's place in the list, when an earlier answer is on the table. */
  opened: number | null;
  /** A validation is being waited for. */
  checking: boolean;
  /** Nothing has been heard from the server yet. */
  starting: boolean;
  canUndo: boolean;
  canRedo: boolean;
  progress: Progress | null;
  fraction: number | null;
  perHour: number | null;
  save: OutboxState;
  durable: boolean;
  answers: readonly Past[];
  moreAnswers: boolean;
  conflict: Conflict | null;
  notices: Notices["list"];
  alsoOpen: boolean;
  unreachable: boolean;
  loggedOut: boolean;
  /** For screen readers. */
  announcement: string;
}

/** What a page shows around the card. */
export type Surroundings = Omit<DeskView, "card">;

/** Whether nothing but the card differs, as after every step of work on it. */
export function sameAround(before: Surroundings, now: Surroundings): boolean {
  return (Object.keys(before) as (keyof DeskView)[]).every((key) => {
    if (key === "card" || before[key] === now[key]) return true;
    if (key === "save") return same({ ...before.save }, { ...now.save });
    return key === "progress" && same({ ...before.progress }, { ...now.progress });
  });
}

/** What scripts of a recipe may hear. */
export type Signal =
  /** An answer is about to be given: the last moment to change the document. */
  | { kind: "answering" }
  | { kind: "answer"; answer: Decision; task: Task }
  | { kind: "undo"; task: Task }
  | { kind: "save" };

interface Sent {
  past: Past;
  status: "submitted" | "retracted";
  edited: boolean;
}

const VALIDATION_WAIT_MS = 4_000;
const SETTLE_WAIT_MS = 3_000;
const TIMES_KEPT = 200;
const PAGES_OF_A_DAY = 40;
const DECIDED: Record<Decision, string> = {
  accept: m("Accepted"),
  reject: m("Rejected"),
  ignore: m("Ignored"),
};

export class Desk {
  readonly notices: Notices;
  private readonly outbox: Outbox;
  private readonly drafts: Drafts;
  private readonly queue: TaskQueue;
  private readonly answers: Answers;
  private readonly heartbeat: Heartbeat;
  private readonly listeners = new Set<() => void>();
  private readonly hearers = new Set<(signal: Signal) => void>();
  private readonly revisions = new Map<string, number>();
  private readonly sent = new Map<string, Sent>();
  private readonly parked = new Map<string, Card>();
  private readonly activities = new Map<string, Activity>();
  private readonly shownAt = new Map<string, number>();
  private readonly waitingAcks = new Map<string, (ack: Ack | null) => void>();
  private project: Project;
  private progress: Progress | null = null;
  private opened: Card | null = null;
  private returnTo: "queue" | "list" = "queue";
  private undone: { taskId: string; decision: Decision; reason: string | null }[] = [];
  private conflicts: Conflict[] = [];
  private times: number[] = [];
  private checking = false;
  private starting = true;
  private alsoOpen: boolean;
  private worked = 0;
  /** Since when a break lasts. */
  private resting: number | null = null;
  private cursor: number | null = null;
  private announcement = "";
  private shown: string | null = null;
  private readonly stopListening: () => void;

  constructor(private readonly options: DeskOptions) {
    const { api, seat, storage, tabs, holder } = options;
    this.project = options.project;
    this.alsoOpen = seat.alsoOpen;
    const changed = (): void => this.changed();
    this.notices = new Notices(changed);
    this.outbox = new Outbox({
      name: seat.outbox,
      storage,
      tabs,
      holder,
      send: (bodies, leaving) => seat.call((token) => api.answers(token, bodies, seat.clientId, leaving)),
      delivered: (delivered, progress) => this.delivered(delivered, progress),
      changed,
    });
    this.drafts = new Drafts({
      outbox: seat.outbox,
      storage,
      reading: (task) => this.readingOf(task),
      send: (operation) => this.send(operation),
    });
    this.queue = new TaskQueue({
      size: () => this.batchSize,
      lease: (size, holding) =>
        seat.call((token) => api.lease(token, { size, holding, client_id: seat.clientId })),
      settled: () => within(this.outbox.flush(), SETTLE_WAIT_MS),
      pending: () => this.outbox.pendingTasks(),
      card: (leased) => this.cardFor(leased),
      arrived: (reply) => this.arrived(reply),
      failed: () => this.changed(),
      changed,
    });
    this.answers = new Answers((query) => seat.call((token) => api.history(token, query)));
    this.heartbeat = new Heartbeat(() => this.beat());
    seat.onErased(() => this.end());
    this.stopListening = tabs.listen(({ kind, outbox }) => {
      if (kind === "pages" && outbox === seat.outbox) this.heartbeat.soon();
    });
  }

  // ---------------------------------------------------------------- life

  /** Sends what earlier pages left, then asks for tasks. */
  async start(): Promise<void> {
    await Promise.all([this.outbox.open(), this.drafts.open()]);
    await this.queue.lease();
    this.starting = false;
    this.changed();
    this.heartbeat.start();
    this.tellPages();
    await this.answers.open();
    this.changed();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Hears what happens to answers; `Desk.subscribe` tells that anything at all has changed. */
  hear(hearer: (signal: Signal) => void): () => void {
    this.hearers.add(hearer);
    return () => this.hearers.delete(hearer);
  }

  close(): void {
    this.drafts.flush();
    this.drafts.close();
    this.queue.close();
    this.heartbeat.close();
    this.outbox.close();
    this.stopListening();
    this.listeners.clear();
    this.hearers.clear();
  }

  /** This person is erased: nothing is asked for or sent any more, and the page says so. */
  private end(): void {
    this.drafts.close();
    this.queue.close();
    this.heartbeat.close();
    this.outbox.close();
    this.starting = false;
    this.conflicts = [];
    this.changed();
  }

  setVisible(visible: boolean): void {
    if (!visible) {
      this.activity()?.rest(Date.now());
      this.drafts.flush();
      void this.outbox.flush();
    }
    this.heartbeat.setVisible(visible);
    if (visible) void this.outbox.retry();
  }

  /** The page may be gone in a moment. */
  leave(): void {
    this.drafts.flush();
    this.outbox.leave();
    const { api, seat } = this.options;
    // Best effort: a page that cannot say so is taken for gone after a minute.
    seat.call((token) => api.leave(token, seat.clientId)).catch(() => undefined);
    this.tellPages();
  }

  /** Whether the way back in is an OpenID provider. */
  async logsInElsewhere(): Promise<boolean> {
    return (await this.options.api.access()).provider;
  }

  /** Logs in again and goes on; what waits is sent. Errors: `ApiError`. */
  async login(password: string): Promise<void> {
    const { api, seat } = this.options;
    await api.login({ name: seat.name, password });
    this.retry();
  }

  /** Leaves this browser; what was not sent stays in it for the next login under this name. */
  async logout(): Promise<void> {
    this.drafts.flush();
    await within(this.outbox.flush(), SETTLE_WAIT_MS);
    await this.options.api.logout();
  }

  /** The network is back, or the person asks. */
  retry(): void {
    void this.outbox.retry();
    void this.queue.lease();
    void this.heartbeat.now();
  }

  /** A sign of life from the person. */
  touch(): void {
    if (this.resting === null) this.activity()?.touch(Date.now());
  }

  /** The clocks stand still until `goOn`; what this page holds stays here. */
  pause(): void {
    this.activity()?.rest(Date.now());
    this.resting = Date.now();
    this.drafts.flush();
    this.announce(t("Paused"));
  }

  goOn(): void {
    if (this.resting === null) return;
    const gone = (Date.now() - this.resting) / 1000;
    this.times = this.times.map((time) => time + gone);
    this.resting = null;
    this.touch();
    this.announce(t("Going on"));
  }

  /** Milliseconds somebody was at work on this page. */
  get activeMs(): number {
    const now = Date.now();
    return [...this.activities.values()].reduce((sum, one) => sum + one.at(now), this.worked);
  }

  get view(): DeskView {
    const card = this.current;
    const { answers, queue } = this;
    return {
      project: this.project,
      card,
      ending: card === null ? this.ending() : null,
      exhausted: card === null && !this.starting && queue.state === "exhausted" && !queue.unreachable,
      opened: this.opened === null ? null : answers.list.findIndex((p) => p.taskId === this.opened?.taskId),
      checking: this.checking,
      starting: this.starting,
      canUndo: answers.list.length > 0,
      canRedo: (card?.future.length ?? 0) > 0 || this.redoable() !== undefined,
      progress: this.counted,
      fraction: this.fraction,
      perHour: perHour(this.times),
      save: this.outbox.state,
      durable: this.options.storage.durable,
      answers: answers.list,
      moreAnswers: answers.more,
      conflict: this.conflicts[0] ?? null,
      notices: this.notices.list,
      alsoOpen: this.alsoOpen,
      unreachable: queue.unreachable,
      loggedOut: this.options.seat.loggedOut,
      announcement: this.announcement,
    };
  }

  /** What the task's interface and the settings make of it. */
  readingOf(task: Task): Reading {
    const { view_id: viewId, config } = this.project;
    return { edit: editOf(viewIdOf(viewId, task) ?? "text"), config };
  }

  // ---------------------------------------------------------------- work on the card

  edit(work: unknown, change: Change = {}): void {
    const card = this.current;
    if (card === null) return;
    if (change.look !== true) this.replace(withWork(card, work, change));
    else {
      this.put(withWork(card, work, change));
      this.changed();
    }
  }

  /** The document on the table as it would be sent now. */
  get document(): Task | null {
    const card = this.current;
    return card === null ? null : documentOf(card, this.readingOf(card.task));
  }

  /** Puts values into the document on the table; undefined takes a key away. */
  update(values: { [key: string]: Json | undefined }): void {
    const card = this.current;
    if (card === null) return;
    const next = withValues(card, values, this.readingOf(card.task));
    if (next !== card) this.replace(next);
  }

  /** Calls a function of the recipe. Errors: `ApiError`, `Unreachable`. */
  event(name: string, payload: { [key: string]: Json }): Promise<Json> {
    const { api, seat } = this.options;
    return seat.call((token) => api.event(token, name, payload));
  }

  /** Sends everything now, half-done work as well. */
  async save(): Promise<void> {
    this.drafts.flush();
    await within(this.outbox.flush(), SETTLE_WAIT_MS);
    this.tell({ kind: "save" });
  }

  /** Gives the tasks of this page back and asks anew. Errors: `ApiError`, `Unreachable`. */
  async resetQueue(): Promise<void> {
    const { api, seat } = this.options;
    this.drafts.flush();
    await within(this.outbox.flush(), SETTLE_WAIT_MS);
    const held = this.queue.cards.map((card) => card.taskId);
    const pending = this.outbox.pendingTasks();
    const given = held.filter((taskId) => !pending.has(taskId));
    if (given.length > 0) {
      await seat.call((token) => api.release(token, { task_ids: given, client_id: seat.clientId }));
    }
    for (const taskId of given) this.queue.drop(taskId);
    await this.queue.lease();
    this.changed();
  }

  toggleFlag(): void {
    const card = this.current;
    if (card === null) return;
    this.replace({ ...card, flagged: !card.flagged, touched: true });
    this.announce(card.flagged ? t("Flag removed") : t("Flagged"));
  }

  comment(comment: string): void {
    const card = this.current;
    if (card === null || card.comment === comment) return;
    this.replace({ ...card, comment, touched: true });
  }

  /** Why this decision is refused here and now, or null. */
  problem(decision: Decision): string | null {
    const card = this.current;
    if (card === null) return t("There is no task to answer.");
    const { edit, config } = this.readingOf(card.task);
    return edit.problem(card.task, card.work, decision, settingsFor(config, card.task));
  }

  /** Answers the card on the table; the next one is there when this returns. */
  answer(decision: Decision, reason: string | null = null): void {
    if (this.current !== null && !this.checking) this.tell({ kind: "answering" });
    const card = this.current;
    if (card === null || this.checking) return;
    const problem = this.problem(decision);
    if (problem !== null) {
      this.notices.say("problem", "warn", problem);
      this.announce(problem);
      return;
    }
    if (this.undone.at(-1)?.taskId === card.taskId) this.undone.pop();
    else this.undone = [];
    this.submit(card, decision, reason);
  }

  // ---------------------------------------------------------------- undo, redo, earlier answers

  /** Takes the last answer back: its task is on the table again, as it was left. */
  async undo(): Promise<void> {
    if (this.answers.list.length === 0) await this.answers.open();
    const last = this.answers.list[0];
    if (last !== undefined && !this.checking) this.takeBack(last);
  }

  private takeBack(last: Past): void {
    this.park();
    const operation = retraction(last.taskId, last.base, Date.now());
    this.answers.remove(last.taskId);
    this.undone.push({ taskId: last.taskId, decision: last.decision, reason: last.reason });
    this.queue.putFirst(pastCard(last, operation.op_id, "queue", this.readingOf(last.task)));
    this.sent.set(operation.op_id, { past: last, status: "retracted", edited: false });
    this.send(operation, -1);
    this.notices.clear("problem");
    this.announce(t("Answer undone"));
    this.tell({ kind: "undo", task: last.task });
  }

  /** The last step on this card, or else the last answer. */
  stepBack(): void {
    const earlier = this.current === null ? null : stepBack(this.current);
    if (earlier === null) void this.undo();
    else this.replace(earlier);
  }

  redo(): void {
    const card = this.current;
    const later = card === null ? null : stepForward(card);
    const undone = this.redoable();
    if (later !== null) this.replace(later);
    else if (undone !== undefined && card !== null) this.answer(undone.decision, undone.reason);
  }

  /** Puts an earlier answer on the table. */
  open(past: Past, returnTo: "queue" | "list" = "queue"): void {
    if (this.checking) return;
    this.park();
    this.returnTo = returnTo;
    if (this.answers.find(past.taskId) === undefined) this.answers.record(past, false);
    this.opened = this.parked.get(past.taskId) ?? this.pastCard(past);
    this.show(t("Earlier answer: {0}", t(DECIDED[past.decision])));
  }

  async back(): Promise<void> {
    await this.answers.open();
    const place = this.view.opened ?? -1;
    if (place + 1 >= this.answers.list.length) await this.answers.loadMore().catch(() => undefined);
    const past = this.answers.list[place + 1];
    if (past === undefined) this.announce(t("This is your first answer"));
    else this.open(past, "list");
  }

  forward(): void {
    const place = this.view.opened;
    if (place === null) return;
    const past = this.answers.list[place - 1];
    if (past === undefined) this.toCurrent();
    else this.open(past, "list");
  }

  toCurrent(): void {
    this.park();
    this.show("");
  }

  loadMore(): Promise<void> {
    return this.answers
      .loadMore()
      .catch(() => undefined)
      .then(() => this.changed());
  }

  /** Lists the answers back to a time, in seconds, or as far as anybody would want to count. */
  async loadSince(since: number): Promise<void> {
    await this.answers.open();
    for (let page = 0; page < PAGES_OF_A_DAY && this.answers.more; page += 1) {
      if ((this.answers.list.at(-1)?.at ?? 0) < since) break;
      await this.answers.loadMore().catch(() => undefined);
    }
    this.changed();
  }

  search(query: Parameters<Answers["search"]>[0]): ReturnType<Answers["search"]> {
    return this.answers.search(query);
  }

  // ---------------------------------------------------------------- conflicts

  resolve(choice: "mine" | "theirs"): void {
    const conflict = this.conflicts[0];
    if (conflict === undefined) return;
    this.conflicts = this.conflicts.slice(1);
    if (choice === "mine") this.insist(conflict);
    else this.yieldTo(conflict);
    this.changed();
  }

  private insist({ mine, theirs, status, taskId }: Conflict): void {
    const now = Date.now();
    const operation =
      status === "retracted"
        ? retraction(taskId, theirs.revision, now)
        : insist(mine, theirs, this.readingOf(mine.task), now);
    if (status === "submitted") {
      this.answers.record({ ...mine, base: operation.op_id }, true);
    } else {
      const { current } = this.queue;
      if (current?.taskId === taskId) this.queue.replaceCurrent({ ...current, base: operation.op_id });
    }
    this.sent.set(operation.op_id, { past: mine, status, edited: true });
    this.send(operation, Number(status === "submitted") - Number(theirs.status === "submitted"));
  }

  private yieldTo({ mine, theirs, taskId }: Conflict): void {
    this.queue.drop(taskId);
    this.drafts.answered(taskId);
    this.answers.remove(taskId);
    if (theirs.status === "submitted") {
      const decision = theirs.decision ?? mine.decision;
      this.answers.record({ ...mine, task: theirs.task, base: theirs.revision, decision, mark: null }, false);
    }
    this.queue.topUp();
  }

  // ---------------------------------------------------------------- inside

  private get batchSize(): number {
    const size = this.project.config.batch_size;
    return typeof size === "number" && size >= 1 ? Math.min(Math.floor(size), 100) : 10;
  }

  /** Progress as the server told it, with the answers that it has not heard of yet. */
  private get counted(): Progress | null {
    const { progress } = this;
    // What a validation is waited for may yet come back.
    const adds = this.outbox.adds - Number(this.checking && this.opened === null);
    if (progress === null || adds === 0) return progress;
    const remaining = progress.remaining === null ? null : Math.max(0, progress.remaining - adds);
    return { ...progress, mine: Math.max(0, progress.mine + adds), remaining };
  }

  private get fraction(): number | null {
    const progress = this.counted;
    if (progress === null) return null;
    const alone = this.project.overlap === 1 || this.target > 0;
    return alone ? fractionOf(progress, this.target) : ownFractionOf(progress);
  }

  private get target(): number {
    const target = this.project.config.total_examples_target;
    return typeof target === "number" ? target : 0;
  }

  private get current(): Card | null {
    if (this.options.seat.erased) return null;
    if (this.opened !== null) return this.opened;
    return this.queue.state === "paused" ? null : (this.queue.current ?? null);
  }

  private redoable(): { decision: Decision; reason: string | null } | undefined {
    const last = this.undone.at(-1);
    const card = this.current;
    return card?.from === "queue" && last?.taskId === card.taskId ? last : undefined;
  }

  /** Null while a task is on its way. */
  private ending(): Ending | null {
    if (this.options.seat.erased) return erasedEnding(this.outbox.state.unsent);
    if (this.starting) return null;
    if (this.queue.unreachable) {
      const text = t(
        "Your answers are kept in this browser and sent when the server is back. Keep this page open.",
      );
      return { title: t("The server does not answer"), text, watching: true };
    }
    const { state, detail } = this.queue;
    if (state === "ready") return null;
    const { unsent } = this.outbox.state;
    return ending({ state, detail, progress: this.counted, unsent, alsoOpen: this.alsoOpen });
  }

  private submit(card: Card, decision: Decision, reason: string | null): void {
    const now = Date.now();
    const { operation, past } = submission(card, this.readingOf(card.task), {
      decision,
      reason,
      now,
      shownAt: this.shownAt.get(card.taskId) ?? null,
      activeMs: this.activity()?.at(now) ?? null,
    });
    const edited = card.from === "history";
    this.sent.set(operation.op_id, { past, status: "submitted", edited });
    this.drafts.answered(card.taskId);
    this.parked.delete(card.taskId);
    this.notices.clear("problem");
    if (this.project.validates) {
      void this.validate(operation, card, past);
      return;
    }
    this.given(card, past);
    this.send(operation, edited ? 0 : 1);
    this.queue.topUp();
  }

  /** The answer stands as far as the page is concerned: on to the next card. */
  private given(card: Card, past: Past): void {
    const edited = card.from === "history";
    this.answers.record(past, edited);
    this.worked += this.activities.get(card.taskId)?.at(Date.now()) ?? 0;
    this.activities.delete(card.taskId);
    this.shownAt.delete(card.taskId);
    this.times = [...this.times, Date.now() / 1000].slice(-TIMES_KEPT);
    if (edited) this.afterEdit(past);
    else this.queue.advance();
    this.show(t(DECIDED[past.decision]));
    this.tell({ kind: "answer", answer: past.decision, task: past.task });
  }

  private afterEdit(past: Past): void {
    this.opened = null;
    const place = this.answers.list.findIndex((other) => other.taskId === past.taskId);
    const newer = this.returnTo === "list" ? this.answers.list[place - 1] : undefined;
    if (newer !== undefined) this.opened = this.pastCard(newer);
  }

  /** Where the recipe validates, the card stays until the server has spoken. */
  private async validate(operation: Operation, card: Card, past: Past): Promise<void> {
    const edited = card.from === "history";
    this.checking = true;
    const heard = new Promise<Ack | null>((resolve) => {
      this.waitingAcks.set(operation.op_id, resolve);
      setTimeout(() => resolve(null), VALIDATION_WAIT_MS);
    });
    this.send(operation, edited ? 0 : 1);
    const ack = await heard;
    this.waitingAcks.delete(operation.op_id);
    this.checking = false;
    if (ack?.result === "invalid") {
      this.replace({
        ...card,
        message: ack.detail ?? t("The recipe does not take this answer."),
        touched: true,
      });
      this.announce(ack.detail ?? t("Not accepted"));
      return;
    }
    this.given(card, ack === null ? past : { ...past, base: ack.revision ?? past.base });
    this.queue.topUp();
  }

  /** `adds`: how many more answers this person has with it. */
  private send(operation: Operation, adds = 0): void {
    void this.outbox.add(operation, stringify(operation), adds);
  }

  private put(card: Card): void {
    if (card.from === "history") this.opened = card;
    else this.queue.replaceCurrent(card);
  }

  private replace(card: Card): void {
    this.put(card);
    this.touch();
    this.notices.clear("problem");
    this.drafts.edited(card);
    this.changed();
  }

  /** Leaves an opened answer; unsaved work on it waits there. */
  private park(): void {
    if (this.opened?.touched === true) this.parked.set(this.opened.taskId, this.opened);
    this.opened = null;
  }

  private tell(signal: Signal): void {
    for (const hearer of this.hearers) hearer(signal);
  }

  private show(announcement: string): void {
    this.announcement = announcement;
    this.changed();
  }

  private announce(text: string): void {
    this.announcement = text;
    this.changed();
  }

  private changed(): void {
    this.noteShown();
    for (const listener of this.listeners) listener();
  }

  /** The clock of a card starts when it is on the table. */
  private noteShown(): void {
    const taskId = this.current?.taskId ?? null;
    if (taskId === this.shown) return;
    const now = Date.now();
    if (this.shown !== null) this.activities.get(this.shown)?.rest(now);
    this.shown = taskId;
    if (taskId === null) return;
    if (!this.shownAt.has(taskId)) this.shownAt.set(taskId, now);
    if (this.resting === null) this.activity()?.touch(now);
  }

  private activity(): Activity | null {
    if (this.shown === null) return null;
    const found = this.activities.get(this.shown) ?? new Activity();
    this.activities.set(this.shown, found);
    return found;
  }

  private cardFor(leased: LeasedTask): Card {
    const draft = this.draftFor(leased.task_id, leased.revision, leased.draft);
    return leasedCard(leased, draft, this.readingOf(leased.task));
  }

  private pastCard(past: Past): Card {
    const draft = this.draftFor(past.taskId, past.base, past.draft);
    return pastCard(past, past.base, "history", this.readingOf(past.task), draft);
  }

  /** Half-done work on a document: the browser's copy is newer than the server's, where there is one. */
  private draftFor(taskId: string, base: Base, stored: Draft | null): Partial<Draft> | null {
    const resolve = (known: Base): Base =>
      typeof known === "string" ? (this.revisions.get(known) ?? known) : known;
    const own = this.drafts.find(taskId, resolve(base), resolve);
    const fitting = stored !== null && stored.base === resolve(base) ? stored : null;
    if (own === null) return fitting;
    return { ...own, message: stored?.message ?? null };
  }

  private arrived(reply: LeaseReply): void {
    this.progress = reply.progress;
    const head = this.revisions;
    for (const leased of reply.tasks) {
      const known = this.answers.find(leased.task_id);
      const resolved = typeof known?.base === "string" ? head.get(known.base) : known?.base;
      if (known !== undefined && resolved !== undefined && leased.revision > resolved) {
        this.answers.remove(leased.task_id);
      }
    }
  }

  // ---------------------------------------------------------------- what the server says

  private delivered(delivered: Delivered[], progress: Progress | null): void {
    if (progress !== null) this.progress = progress;
    for (const { row, ack: told } of delivered) {
      const ack = this.agreed(row.opId, told);
      if (ack.revision !== null) this.revisions.set(row.opId, ack.revision);
      if (row.status === "draft") this.drafts.acknowledged(row.taskId, row.at);
      else this.acknowledged(row.taskId, row.opId, ack);
    }
    this.changed();
  }

  /** Two windows that say the same at the same moment are not asked which is right: the one that came first is. */
  private agreed(opId: string, ack: Ack): Ack {
    const sent = this.sent.get(opId);
    if (ack.result !== "conflict" || ack.current == null || sent === undefined) return ack;
    const { revision } = ack.current;
    if (!saysTheSame(sent, ack.current)) return ack;
    const rebased = (card: Card): Card => (card.base === opId ? { ...card, base: revision } : card);
    this.queue.cards = this.queue.cards.map(rebased);
    if (this.opened !== null) this.opened = rebased(this.opened);
    return { ...ack, result: "stored", revision };
  }

  private acknowledged(taskId: string, opId: string, ack: Ack): void {
    const sent = this.sent.get(opId);
    this.sent.delete(opId);
    this.answers.acknowledged(opId, ack);
    const waiting = this.waitingAcks.get(opId);
    waiting?.(ack);
    if (ack.result === "conflict" && ack.current != null) this.conflicted(taskId, ack.current, sent);
    if (ack.result === "quarantined") {
      const why = ack.detail ?? t("The server does not know this task.");
      this.notices.say(
        `quarantined ${taskId}`,
        "warn",
        t("An answer was set aside: {0} It is safe; whoever runs this project can see it.", why),
      );
    }
    if (ack.result === "invalid" && waiting === undefined) {
      this.answers.remove(taskId);
      const why = ack.detail ?? t("The recipe does not take it.");
      this.notices.say(`invalid ${taskId}`, "warn", t("An answer came back to you: {0}", why));
      void this.queue.lease();
    }
  }

  private conflicted(taskId: string, theirs: Current, sent: Sent | undefined): void {
    if (sent === undefined) {
      const text = t(
        "An answer from an earlier visit met a newer one, which stands. Yours is kept in the task's history.",
      );
      this.notices.say(`conflict ${taskId}`, "info", text);
      return;
    }
    const { past: mine, status } = sent;
    this.conflicts = [
      ...this.conflicts.filter((other) => other.taskId !== taskId),
      { taskId, mine, status, theirs },
    ];
  }

  /** Other pages of this seat ask the server who else is here now, not at their next beat. */
  private tellPages(): void {
    const { seat, tabs } = this.options;
    tabs.post({ kind: "pages", outbox: seat.outbox });
  }

  private async beat(): Promise<void> {
    const { api, seat } = this.options;
    const askedAt = Date.now();
    const body = { client_id: seat.clientId, cursor: this.cursor };
    const reply = await seat.call((token) => api.heartbeat(token, body)).catch(() => null);
    if (reply === null) {
      this.queue.unreachable = true;
      this.changed();
      return;
    }
    this.queue.unreachable = false;
    this.cursor = reply.cursor;
    this.progress = reply.progress;
    this.alsoOpen = reply.also_open;
    this.queue.keepOnly(reply.leases, askedAt);
    for (const { task_id: taskId, revision } of reply.changed) this.changedElsewhere(taskId, revision);
    if (reply.project_version !== this.project.project_version) await this.reloadProject();
    const news = reply.state !== this.queue.state || reply.returned > 0;
    if (reply.state === "paused" || this.queue.state === "paused") {
      this.queue.state = reply.state;
      this.queue.detail = reply.detail;
    }
    if (news || this.queue.cards.length === 0 || this.queue.lacks(reply.leases)) void this.queue.lease();
    this.changed();
  }

  /** A task has a revision this page does not know: another tab of this seat, or an operator. */
  private changedElsewhere(taskId: string, revision: number): void {
    if (this.outbox.pendingTasks().has(taskId) || this.knows(taskId, revision)) return;
    const { current } = this.queue;
    if (current?.taskId === taskId && current.touched) {
      const text = t(
        "This task was answered elsewhere meanwhile. Go on if you like: you will be asked which answer stands.",
      );
      this.notices.say("elsewhere", "info", text);
      return;
    }
    const held = this.queue.cards.some((card) => card.taskId === taskId);
    this.queue.drop(taskId);
    if (held) this.queue.topUp();
    void this.refresh(taskId);
  }

  private knows(taskId: string, revision: number): boolean {
    const heads = [this.answers.find(taskId)?.base, this.queue.cards.find((c) => c.taskId === taskId)?.base];
    return heads.some((base) => {
      const known = typeof base === "string" ? this.revisions.get(base) : base;
      return known !== undefined && known >= revision;
    });
  }

  private async refresh(taskId: string): Promise<void> {
    const found = await this.answers.search({}).catch(() => null);
    const newest = found?.list.find((past) => past.taskId === taskId);
    if (newest !== undefined) this.answers.record(newest, true);
    this.changed();
  }

  private async reloadProject(): Promise<void> {
    const project = await this.options.api.project(this.project.dataset).catch(() => null);
    if (project === null) return;
    this.project = project;
  }
}

function saysTheSame({ past, status }: Sent, theirs: Current): boolean {
  if (status !== theirs.status) return false;
  if (status === "retracted") return true;
  const { decision, reason, comment, task } = past;
  const beside =
    decision === theirs.decision && reason === theirs.reason && comment === (theirs.comment ?? "");
  return beside && same(task, theirs.task);
}

/** Waits for the promise, but no longer than that; failures are somebody else's matter. */
function within(promise: Promise<unknown>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void promise
      .catch(() => undefined)
      .then(() => {
        clearTimeout(timer);
        resolve();
      });
  });
}
