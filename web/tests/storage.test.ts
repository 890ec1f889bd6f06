import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, it } from "vitest";

import "fake-indexeddb/auto";

import type { Json } from "@/api/types";
import { journalIn } from "@/core/journal";
import { type DraftRow, memory, openStorage, type OpRow, type Storage } from "@/core/storage";

function row(opId: string, change: Partial<OpRow> = {}): OpRow {
  return {
    outbox: "a",
    opId,
    taskId: "t1",
    status: "submitted",
    at: 1,
    body: `{"op_id":"${opId}"}`,
    ...change,
  };
}

function draft(at: number, change: Partial<DraftRow> = {}): DraftRow {
  const rest = { base: 0, set: {}, unset: [], comment: null, decision: null };
  return { outbox: "a", taskId: "t1", at, ...rest, ...change };
}

describe.each([
  ["the browser's database", () => openStorage()],
  ["memory", async () => memory()],
])("%s", (_name, open: () => Promise<Storage>) => {
  let storage: Storage;

  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    storage = await open();
  });

  const ids = async (outbox = "a"): Promise<string[]> => (await storage.ops(outbox)).map(({ opId }) => opId);

  it("keeps operations in order, by outbox", async () => {
    await storage.addOp(row("1"));
    await storage.addOp(row("2", { outbox: "b" }));
    await storage.addOp(row("3"));
    expect(await ids()).toEqual(["1", "3"]);
    expect(await ids("b")).toEqual(["2"]);
    expect(await storage.allOps()).toHaveLength(3);
  });

  it("supersedes an unsent draft of the same task, and only that", async () => {
    await storage.addOp(row("d1", { status: "draft" }));
    await storage.addOp(row("d2", { status: "draft", taskId: "t2" }));
    await storage.addOp(row("d3", { status: "draft" }));
    await storage.addOp(row("1"));
    await storage.addOp(row("2", { status: "retracted" }));
    expect(await ids()).toEqual(["d2", "1", "2"]);
  });

  it("removes and updates by number", async () => {
    await storage.addOp(row("1"));
    await storage.addOp(row("2"));
    const [first, second] = await storage.ops("a");
    if (first?.n === undefined || second === undefined) throw new Error("rows have no numbers");
    await storage.updateOp({ ...second, refused: "too long" });
    await storage.removeOps([first.n]);
    expect(await storage.ops("a")).toMatchObject([{ opId: "2", refused: "too long" }]);
  });

  it("forgets a local draft when the answer is given, or when the server has it", async () => {
    await storage.putDraft(draft(1));
    await storage.removeDraft("a", "t1", 0.5);
    expect(await storage.drafts("a")).toHaveLength(1);
    await storage.removeDraft("a", "t1", 1);
    expect(await storage.drafts("a")).toHaveLength(0);
    await storage.putDraft(draft(2));
    await storage.addOp(row("1"));
    expect(await storage.drafts("a")).toHaveLength(0);
  });

  it("gives a draft back as it was, whatever it keeps of a long list", async () => {
    const spans: Json[] = [
      { $keep: 0 },
      { $keep: 1 },
      { $keep: 3, set: { label: "A" } },
      { $keep: 4 },
      { $keep: 5 },
    ];
    const set = { spans: [...spans, { start: 1, end: 2, label: "B" }, { $keep: 2 }], note: "x", tags: [] };
    await storage.putDraft(draft(1, { set, unset: ["old"] }));
    expect(await storage.drafts("a")).toEqual([draft(1, { set, unset: ["old"] })]);
  });

  it("gives a lock to one holder until it expires or is let go", async () => {
    expect(await storage.acquire("send", "x", 100, 0)).toBe(true);
    expect(await storage.acquire("send", "y", 100, 50)).toBe(false);
    expect(await storage.acquire("send", "x", 150, 50)).toBe(true);
    expect(await storage.acquire("send", "y", 300, 150)).toBe(true);
    await storage.unlock("send", "x");
    expect(await storage.acquire("send", "x", 300, 200)).toBe(false);
    await storage.unlock("send", "y");
    expect(await storage.acquire("send", "x", 300, 200)).toBe(true);
  });
});

describe("a browser without a database", () => {
  it("keeps rows in memory and says so", async () => {
    const { indexedDB } = globalThis;
    Reflect.deleteProperty(globalThis, "indexedDB");
    const storage = await openStorage();
    globalThis.indexedDB = indexedDB;
    expect(storage.durable).toBe(false);
  });

  it("is told apart from one with a database", async () => {
    globalThis.indexedDB = new IDBFactory();
    expect((await openStorage()).durable).toBe(true);
  });

  it("shares what it stored with the next page", async () => {
    globalThis.indexedDB = new IDBFactory();
    await (await openStorage()).addOp(row("1"));
    expect(await (await openStorage()).ops("a")).toHaveLength(1);
  });
});

/** A store of strings as browsers have one: its rows are its own properties. */
function strings(entries: Record<string, string> = {}): globalThis.Storage {
  return Object.create(
    {
      getItem(this: Record<string, string>, key: string) {
        return this[key] ?? null;
      },
      setItem(this: Record<string, string>, key: string, value: string) {
        this[key] = value;
      },
      removeItem(this: Record<string, string>, key: string) {
        Reflect.deleteProperty(this, key);
      },
    },
    Object.getOwnPropertyDescriptors(entries),
  ) as globalThis.Storage;
}

describe("a page that went away before the database had stored its rows", () => {
  beforeEach(() => {
    globalThis.indexedDB = new IDBFactory();
  });

  it("leaves them for the next one", async () => {
    const store = strings();
    const journal = journalIn(store);
    const storage = await openStorage("tallymark", journal);
    // Nothing is waited for: this is as far as a page gets that is closed now.
    void storage.addOp(row("1", { at: 1 }));
    void storage.addOp(row("2", { at: 2, taskId: "t2" }));
    void storage.putDraft(draft(3, { taskId: "t3", set: { words: "half a sent" } }));
    const kept = { ...store };
    expect(Object.keys(kept)).toHaveLength(3);

    globalThis.indexedDB = new IDBFactory();
    const next = strings(kept);
    const opened = await openStorage("tallymark", journalIn(next));
    expect((await opened.ops("a")).map(({ opId }) => opId)).toEqual(["1", "2"]);
    expect(await opened.drafts("a")).toMatchObject([{ taskId: "t3", set: { words: "half a sent" } }]);
    expect(Object.keys(next)).toEqual([]);
  });

  it("is not held up by what it left as it was", async () => {
    const store = strings();
    const storage = await openStorage("tallymark", journalIn(store));
    const spans = Array.from({ length: 5000 }, (_, n) => ({ $keep: n }));
    void storage.putDraft(draft(1, { set: { spans } }));
    const [text] = Object.values(store) as string[];
    expect(text?.length).toBeLessThan(300);
    const opened = await openStorage("tallymark", journalIn(strings({ ...store })));
    expect(await opened.drafts("a")).toEqual([draft(1, { set: { spans } })]);
  });

  it("leaves nothing behind once they are stored", async () => {
    const store = strings();
    const storage = await openStorage("tallymark", journalIn(store));
    await storage.addOp(row("1"));
    await storage.putDraft(draft(1));
    expect(Object.keys(store)).toEqual([]);
  });

  it("is not believed over what was stored later", async () => {
    const journal = journalIn(strings());
    const storage = await openStorage("tallymark", journal);
    await storage.putDraft(draft(5, { comment: "newer" }));
    await storage.addOp(row("1", { taskId: "t2" }));
    journal.put("draft", draft(4, { comment: "older" }));
    journal.put("op", row("1", { taskId: "t2" }));
    const next = await openStorage("tallymark", journal);
    expect(await next.drafts("a")).toMatchObject([{ comment: "newer" }]);
    expect(await next.ops("a")).toHaveLength(1);
  });

  it("costs nothing where the store is full, forbidden or damaged", async () => {
    const full = strings({ "tallymark unstored x": "{", other: "1" });
    full.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    for (const store of [null, full]) {
      globalThis.indexedDB = new IDBFactory();
      const storage = await openStorage("tallymark", journalIn(store));
      await storage.addOp(row("1"));
      expect(await storage.ops("a")).toHaveLength(1);
    }
  });
});
