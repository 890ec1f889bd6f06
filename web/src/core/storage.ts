/**
 * What the browser keeps until the server has it: unsent operations, unsent drafts, and the lease row that
 * elects one sender among the tabs. Rows belong to an *outbox*, named (database id, dataset, seat).
 */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";

import type { Changes, Decision, OpStatus } from "@/api/types";
import { browserJournal, type Journal } from "@/core/journal";
import { packed, unpacked } from "@/core/keeps";

export interface OpRow {
  /** Order of sending; given by the store. */
  n?: number;
  outbox: string;
  opId: string;
  taskId: string;
  status: OpStatus;
  /** Seconds since 1970. */
  at: number;
  /** The operation as JSON text, exactly as it is sent. */
  body: string;
  /** How many more answers its author has once it is stored: 1, 0 for another revision, -1 for an undo. */
  adds?: number;
  /** Why the server will never take it, in its words; such a row waits to be exported. */
  refused?: string;
}

export interface DraftRow extends Changes {
  outbox: string;
  taskId: string;
  base: number | string;
  comment: string | null;
  decision: Decision | null;
  at: number;
}

export interface Storage {
  /** Whether rows outlive the page. */
  readonly durable: boolean;
  /** Adds one operation; an unsent draft of the same task is superseded, and its local draft as well. */
  addOp(row: OpRow): Promise<void>;
  ops(outbox: string): Promise<OpRow[]>;
  allOps(): Promise<OpRow[]>;
  updateOp(row: OpRow): Promise<void>;
  removeOps(numbers: number[]): Promise<void>;
  putDraft(row: DraftRow): Promise<void>;
  drafts(outbox: string): Promise<DraftRow[]>;
  /** Forgets a draft unless it was written after `until`. */
  removeDraft(outbox: string, taskId: string, until?: number): Promise<void>;
  /** Takes or renews a lock until the given time (ms); false when somebody else holds it. */
  acquire(name: string, holder: string, until: number, now: number): Promise<boolean>;
  unlock(name: string, holder: string): Promise<void>;
}

interface Lock {
  name: string;
  holder: string;
  until: number;
}

interface Schema extends DBSchema {
  ops: { key: number; value: OpRow; indexes: { outbox: string } };
  drafts: { key: [string, string]; value: DraftRow; indexes: { outbox: string } };
  locks: { key: string; value: Lock };
}

const STRICT = { durability: "strict" } as const;

/** The browser's database, or memory where the browser refuses one (then `durable` is false). */
export async function openStorage(name = "tallymark", journal = browserJournal()): Promise<Storage> {
  try {
    const db = await openDB<Schema>(name, 1, { upgrade: create });
    await recover(db, journal);
    return indexed(db, journal);
  } catch {
    return memory();
  }
}

function create(db: IDBPDatabase<Schema>): void {
  db.createObjectStore("ops", { keyPath: "n", autoIncrement: true }).createIndex("outbox", "outbox");
  db.createObjectStore("drafts", { keyPath: ["outbox", "taskId"] }).createIndex("outbox", "outbox");
  db.createObjectStore("locks", { keyPath: "name" });
}

function indexed(db: IDBPDatabase<Schema>, journal: Journal): Storage {
  const stored = async <Row>(key: string, row: Row, store: (row: Row) => Promise<void>): Promise<void> => {
    journal.put(key, row);
    await store(row);
    journal.drop(key);
  };
  return {
    durable: true,
    addOp: (row) => stored(OP + row.opId, row, (own) => addOp(db, own)),
    ops: (outbox) => db.getAllFromIndex("ops", "outbox", outbox),
    allOps: () => db.getAll("ops"),
    updateOp: async (row) => void (await db.put("ops", row)),
    removeOps: (numbers) => removeOps(db, numbers),
    putDraft: (row) => stored(draftKey(row), { ...row, ...packed(row) }, (own) => putDraft(db, own)),
    drafts: async (outbox) => {
      const rows = await db.getAllFromIndex("drafts", "outbox", outbox);
      return rows.map((row) => ({ ...row, ...unpacked(row) }));
    },
    removeDraft: (outbox, taskId, until) => removeDraft(db, outbox, taskId, until),
    acquire: (name, holder, until, now) => acquire(db, { name, holder, until }, now),
    unlock: (name, holder) => unlock(db, name, holder),
  };
}

const OP = "op ";

function draftKey({ outbox, taskId, at }: DraftRow): string {
  return `draft ${outbox} ${taskId} ${at}`;
}

/** Stores what pages that went away had no time to store; a row of a page that is still there is not doubled. */
async function recover(db: IDBPDatabase<Schema>, journal: Journal): Promise<void> {
  const left = [...journal.left()] as [string, OpRow | DraftRow][];
  left.sort(([, one], [, other]) => one.at - other.at);
  for (const [key, row] of left) {
    if ("opId" in row) await addOp(db, row);
    else await putDraft(db, row);
    journal.drop(key);
  }
}

async function addOp(db: IDBPDatabase<Schema>, row: OpRow): Promise<void> {
  const tx = db.transaction(["ops", "drafts"], "readwrite", STRICT);
  const ops = tx.objectStore("ops");
  const waiting = await ops.index("outbox").getAll(row.outbox);
  for (const earlier of waiting) {
    if (supersedes(row, earlier) && earlier.n !== undefined) await ops.delete(earlier.n);
  }
  if (row.status !== "draft") await tx.objectStore("drafts").delete([row.outbox, row.taskId]);
  if (!waiting.some((one) => one.opId === row.opId)) await ops.add(row);
  await tx.done;
}

async function putDraft(db: IDBPDatabase<Schema>, row: DraftRow): Promise<void> {
  const tx = db.transaction("drafts", "readwrite");
  const known = await tx.store.get([row.outbox, row.taskId]);
  if (known === undefined || known.at <= row.at) await tx.store.put(row);
  await tx.done;
}

function supersedes(row: OpRow, earlier: OpRow): boolean {
  return earlier.taskId === row.taskId && earlier.status === "draft";
}

async function removeOps(db: IDBPDatabase<Schema>, numbers: number[]): Promise<void> {
  const tx = db.transaction("ops", "readwrite");
  await Promise.all(numbers.map((n) => tx.store.delete(n)));
  await tx.done;
}

async function removeDraft(
  db: IDBPDatabase<Schema>,
  outbox: string,
  taskId: string,
  until = Infinity,
): Promise<void> {
  const tx = db.transaction("drafts", "readwrite");
  const row = await tx.store.get([outbox, taskId]);
  if (row !== undefined && row.at <= until) await tx.store.delete([outbox, taskId]);
  await tx.done;
}

async function acquire(db: IDBPDatabase<Schema>, wanted: Lock, now: number): Promise<boolean> {
  const tx = db.transaction("locks", "readwrite");
  const held = await tx.store.get(wanted.name);
  const free = held === undefined || held.holder === wanted.holder || held.until <= now;
  if (free) await tx.store.put(wanted);
  await tx.done;
  return free;
}

async function unlock(db: IDBPDatabase<Schema>, name: string, holder: string): Promise<void> {
  const tx = db.transaction("locks", "readwrite");
  const held = await tx.store.get(name);
  if (held?.holder === holder) await tx.store.delete(name);
  await tx.done;
}

/** The same promises without a disk. */
export function memory(): Storage {
  let ops: OpRow[] = [];
  let last = 0;
  const drafts = new Map<string, DraftRow>();
  const locks = new Map<string, Lock>();
  const key = (outbox: string, taskId: string): string => `${outbox}\n${taskId}`;
  return {
    durable: false,
    addOp: async (row) => {
      ops = [...ops.filter((earlier) => earlier.outbox !== row.outbox || !supersedes(row, earlier))];
      ops.push({ ...row, n: ++last });
      if (row.status !== "draft") drafts.delete(key(row.outbox, row.taskId));
    },
    ops: async (outbox) => ops.filter((row) => row.outbox === outbox),
    allOps: async () => [...ops],
    updateOp: async (row) => {
      ops = ops.map((old) => (old.n === row.n ? row : old));
    },
    removeOps: async (numbers) => {
      ops = ops.filter((row) => row.n === undefined || !numbers.includes(row.n));
    },
    putDraft: async (row) => void drafts.set(key(row.outbox, row.taskId), row),
    drafts: async (outbox) => [...drafts.values()].filter((row) => row.outbox === outbox),
    removeDraft: async (outbox, taskId, until = Infinity) => {
      const row = drafts.get(key(outbox, taskId));
      if (row !== undefined && row.at <= until) drafts.delete(key(outbox, taskId));
    },
    acquire: async (name, holder, until, now) => {
      const held = locks.get(name);
      if (held !== undefined && held.holder !== holder && held.until > now) return false;
      locks.set(name, { name, holder, until });
      return true;
    },
    unlock: async (name, holder) => {
      if (locks.get(name)?.holder === holder) locks.delete(name);
    },
  };
}
