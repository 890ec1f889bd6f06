import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Task } from "@/api/types";
import { Desk } from "@/core/desk";
import { newId } from "@/core/ids";
import type { TabMessage, Tabs } from "@/core/outbox";
import { Seat } from "@/core/seat";
import { memory, type Storage } from "@/core/storage";
import { mark } from "@/interfaces/spans/edit";
import { ApiError, Fake, type FakeOptions, Unreachable } from "@dev/fake";
import { nerTask } from "@dev/samples";

const OFFLINE = new Unreachable(new TypeError("Failed to fetch"));

function bus(): Tabs {
  const listeners = new Set<(message: TabMessage) => void>();
  return {
    post: (message) => queueMicrotask(() => listeners.forEach((heard) => heard(message))),
    listen: (heard) => {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
  };
}

function texts(n: number): Task[] {
  return Array.from({ length: n }, (_, i) => nerTask(`Text ${i + 1} of Ada`, i));
}

interface Page {
  desk: Desk;
  storage: Storage;
  seat: Seat;
}

const opened: Desk[] = [];

async function open(
  fake: Fake,
  { storage = memory(), client = "c1", tabs = bus(), name = "ada" } = {},
): Promise<Page> {
  const project = await fake.project(null);
  const seat = await Seat.claim(fake, project.dataset, name, client);
  const desk = new Desk({
    api: fake,
    seat,
    project,
    storage,
    tabs,
    holder: newId("h"),
  });
  opened.push(desk);
  await desk.start();
  return { desk, storage, seat };
}

function server(options: Partial<FakeOptions> = {}): Fake {
  return new Fake({ tasks: texts(30), viewId: "ner_manual", labels: ["PERSON", "ORG"], ...options });
}

const settle = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const idOf = (desk: Desk): string | undefined => desk.view.card?.taskId;
const annotate = (desk: Desk, start: number, end: number, label = "PERSON"): void =>
  desk.edit(mark(desk.view.card?.work as never, { start, end }, label));
const spansOf = (fake: Fake, id: string): unknown => fake.held.get(id)?.current?.task.spans;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  for (const desk of opened.splice(0)) desk.close();
  vi.useRealTimers();
});

describe("answering", () => {
  it("puts the next task on the table at once and stores the answer", async () => {
    const fake = server();
    const { desk } = await open(fake);
    expect(idOf(desk)).toBe("t1");
    annotate(desk, 10, 13);
    desk.answer("accept");
    expect(idOf(desk)).toBe("t2");
    await settle();
    expect(fake.received).toMatchObject([
      { task_id: "t1", base: 0, status: "submitted", decision: "accept" },
    ]);
    expect(spansOf(fake, "t1")).toEqual([{ start: 10, end: 13, label: "PERSON" }]);
    expect(desk.view.save).toMatchObject({ unsent: 0, trouble: null });
    expect(desk.view.answers[0]).toMatchObject({ taskId: "t1", base: 1, decision: "accept" });
  });

  it("always has tasks ahead and never shows one twice", async () => {
    const { desk } = await open(server());
    const seen: (string | undefined)[] = [];
    while (desk.view.card !== null) {
      seen.push(idOf(desk));
      desk.answer("accept");
      await settle();
    }
    expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => `t${i + 1}`));
    expect(desk.view.ending?.title).toBe("You are done");
  });

  it("asks for one task at a time where the recipe says so", async () => {
    const fake = server({ config: { batch_size: 1 } });
    const { desk } = await open(fake);
    desk.answer("reject");
    await settle();
    expect(idOf(desk)).toBe("t2");
    expect([...fake.held.values()].filter((held) => held.seat !== null)).toHaveLength(2);
  });

  it("refuses an empty choice in plain words and keeps the card", async () => {
    const { desk } = await open(
      server({ viewId: "choice", tasks: [{ text: "?", options: [{ id: 1, text: "A" }] }] }),
    );
    desk.answer("accept");
    expect(idOf(desk)).toBe("t1");
    expect(desk.view.notices[0]?.text).toContain("Choose an option");
    desk.edit([1]);
    expect(desk.view.notices).toEqual([]);
    desk.answer("accept");
    expect(desk.view.card).toBeNull();
  });

  it("sends flag, comment, reason, times and activity", async () => {
    const fake = server();
    const { desk } = await open(fake);
    desk.touch();
    await settle(5_000);
    desk.toggleFlag();
    desk.comment("odd");
    desk.answer("ignore", "Wrong language");
    await settle();
    const op = fake.received.at(-1);
    expect(op).toMatchObject({
      set: { flagged: true },
      comment: "odd",
      reason: "Wrong language",
      active_ms: 5_000,
    });
    expect((op?.client_time ?? 0) - (op?.shown_at ?? 0)).toBeCloseTo(5);
  });
});

describe("undo and earlier answers", () => {
  it("takes the last answer back with its work, and redo gives it again", async () => {
    const fake = server();
    const { desk } = await open(fake);
    annotate(desk, 0, 4);
    desk.answer("accept");
    await settle();
    await desk.undo();
    expect(idOf(desk)).toBe("t1");
    expect(desk.view.card?.work).toMatchObject([{ start: 0, end: 4, origin: 0 }]);
    await settle();
    expect(fake.held.get("t1")?.current?.status).toBe("retracted");
    desk.redo();
    expect(idOf(desk)).toBe("t2");
    await settle();
    expect(fake.held.get("t1")?.current).toMatchObject({
      status: "submitted",
      revision: 3,
      decision: "accept",
    });
    expect(spansOf(fake, "t1")).toEqual([{ start: 0, end: 4, label: "PERSON" }]);
  });

  it("works before the answer was acknowledged, several answers deep", async () => {
    const fake = server();
    const { desk } = await open(fake);
    fake.down = OFFLINE;
    desk.answer("accept");
    desk.answer("reject");
    await desk.undo();
    await desk.undo();
    expect(idOf(desk)).toBe("t1");
    desk.answer("ignore");
    fake.down = null;
    desk.retry();
    await settle(1_000);
    const told = fake.received.map(({ task_id, status }) => `${task_id} ${status}`);
    expect(told).toEqual(["t1 submitted", "t2 submitted", "t2 retracted", "t1 retracted", "t1 submitted"]);
    expect(fake.held.get("t1")?.current).toMatchObject({ revision: 3, decision: "ignore" });
    expect(fake.held.get("t2")?.current?.status).toBe("retracted");
    expect(idOf(desk)).toBe("t2");
  });

  it("undoes steps on the card first when asked for a step", async () => {
    const { desk } = await open(server());
    desk.answer("accept");
    annotate(desk, 0, 4);
    annotate(desk, 5, 6);
    desk.stepBack();
    expect(desk.view.card?.work).toHaveLength(1);
    desk.redo();
    expect(desk.view.card?.work).toHaveLength(2);
    desk.stepBack();
    desk.stepBack();
    expect(desk.view.card?.work).toHaveLength(0);
    desk.stepBack();
    expect(idOf(desk)).toBe("t1");
  });

  it("reaches answers of an earlier visit", async () => {
    const fake = server();
    const first = await open(fake);
    first.desk.answer("reject");
    await settle();
    first.desk.close();
    const { desk } = await open(fake, { client: "c1" });
    expect(desk.view.answers).toMatchObject([{ taskId: "t1", decision: "reject" }]);
    await desk.undo();
    await settle();
    expect(fake.held.get("t1")?.current?.status).toBe("retracted");
  });

  it("edits an earlier answer as a new revision and walks on through the list", async () => {
    const fake = server();
    const { desk } = await open(fake);
    for (const decision of ["accept", "accept", "reject"] as const) desk.answer(decision);
    await settle();
    await desk.back();
    await desk.back();
    expect([idOf(desk), desk.view.opened]).toEqual(["t2", 1]);
    annotate(desk, 0, 4, "ORG");
    desk.answer("accept");
    expect([idOf(desk), desk.view.opened]).toEqual(["t3", 0]);
    desk.forward();
    expect([idOf(desk), desk.view.opened]).toEqual(["t4", null]);
    await settle();
    expect(fake.held.get("t2")?.current).toMatchObject({ revision: 2, status: "submitted" });
    expect(spansOf(fake, "t2")).toEqual([{ start: 0, end: 4, label: "ORG" }]);
  });

  it("keeps unsaved work on an earlier answer while looking elsewhere", async () => {
    const { desk } = await open(server());
    desk.answer("accept");
    await desk.back();
    annotate(desk, 0, 4);
    desk.toCurrent();
    expect(idOf(desk)).toBe("t2");
    await desk.back();
    expect(desk.view.card).toMatchObject({ taskId: "t1", touched: true });
    expect(desk.view.card?.work).toHaveLength(1);
  });
});

describe("when the server is away", () => {
  it("goes on with the tasks it has and sends everything afterwards, in order", async () => {
    const fake = server();
    const { desk } = await open(fake);
    fake.down = OFFLINE;
    for (let i = 0; i < 4; i += 1) desk.answer("accept");
    await settle(10);
    expect(desk.view.save).toMatchObject({ unsent: 4, trouble: { kind: "offline" } });
    fake.down = null;
    await settle(60_000);
    expect(desk.view.save).toMatchObject({ unsent: 0, trouble: null });
    expect(fake.received.map(({ task_id: id }) => id)).toEqual(["t1", "t2", "t3", "t4"]);
  });

  it("says so when the tasks run out, and goes on by itself", async () => {
    const fake = server({ config: { batch_size: 2 } });
    const { desk } = await open(fake);
    fake.down = OFFLINE;
    desk.answer("accept");
    desk.answer("accept");
    await settle(5_000);
    expect(desk.view.ending?.title).toBe("The server does not answer");
    fake.down = null;
    await settle(40_000);
    expect(idOf(desk)).toBe("t3");
  });

  it("leaves unsent work to the next page, which does not show those tasks again", async () => {
    const fake = server();
    const storage = memory();
    const first = await open(fake, { storage });
    fake.down = OFFLINE;
    first.desk.answer("accept");
    first.desk.answer("reject");
    await settle(10);
    first.desk.close();
    fake.down = null;
    const { desk } = await open(fake, { storage });
    await settle(30_000);
    expect(fake.received.map(({ task_id: id, decision }) => [id, decision])).toEqual([
      ["t1", "accept"],
      ["t2", "reject"],
    ]);
    expect(idOf(desk)).toBe("t3");
  });

  it("pauses on 401 without dropping anything, until asked", async () => {
    const fake = server();
    const { desk } = await open(fake);
    fake.down = new ApiError(401, "login", "Sign in again.");
    desk.answer("accept");
    await settle(120_000);
    expect(desk.view.save).toMatchObject({
      unsent: 1,
      trouble: { kind: "paused", message: "Sign in again." },
    });
    fake.down = null;
    desk.retry();
    await settle();
    expect(desk.view.save.unsent).toBe(0);
  });

  it("goes on where it was after another login", async () => {
    const fake = server();
    fake.password = "right";
    const { desk } = await open(fake);
    await desk.logout();
    desk.answer("accept");
    await settle();
    expect(desk.view).toMatchObject({ loggedOut: true, save: { unsent: 1 } });
    await expect(desk.login("wrong")).rejects.toThrow("wrong password");
    expect(desk.view.loggedOut).toBe(true);
    await desk.login("right");
    await settle();
    expect(desk.view).toMatchObject({ loggedOut: false, save: { unsent: 0 } });
    expect(await desk.logsInElsewhere()).toBe(false);
  });

  it("claims the seat again when the server forgot it", async () => {
    const fake = server();
    const { desk } = await open(fake);
    fake.forgetSeats();
    desk.answer("accept");
    await settle(1_000);
    expect(fake.held.get("t1")?.current?.decision).toBe("accept");
    expect(desk.view.save.trouble).toBeNull();
  });

  it("does not send to another database", async () => {
    const fake = server();
    const { desk } = await open(fake);
    fake.forgetSeats();
    const claim = fake.claim.bind(fake);
    fake.claim = async (body) => ({ ...(await claim(body)), database_id: "db-2" });
    desk.answer("accept");
    await settle(5_000);
    expect(fake.received).toEqual([]);
    expect(desk.view.save).toMatchObject({ unsent: 1, trouble: { kind: "paused" } });
  });

  it("sets one refused operation aside and sends the others", async () => {
    const fake = server();
    const { desk, storage } = await open(fake);
    fake.refuse = (op) => (op.task_id === "t1" ? new ApiError(422, "shape", "That cannot be.") : null);
    fake.down = OFFLINE;
    desk.answer("accept");
    desk.answer("accept");
    fake.down = null;
    desk.retry();
    await settle(2_000);
    expect(desk.view.save).toMatchObject({ unsent: 1, refused: 1 });
    expect(fake.held.get("t2")?.current?.decision).toBe("accept");
    expect(await storage.allOps()).toMatchObject([{ taskId: "t1", refused: "That cannot be." }]);
  });
});

describe("drafts", () => {
  it("travel to the server when the hand rests, and to the next page", async () => {
    const fake = server();
    const { desk } = await open(fake);
    annotate(desk, 0, 4);
    annotate(desk, 5, 6);
    await settle(1_500);
    expect(fake.received).toMatchObject([{ status: "draft", task_id: "t1" }]);
    desk.close();
    const next = await open(fake);
    expect(next.desk.view.card).toMatchObject({ taskId: "t1", touched: true });
    expect(next.desk.view.card?.work).toHaveLength(2);
  });

  it("survive a crash before the server had them", async () => {
    const fake = server();
    const storage = memory();
    const first = await open(fake, { storage });
    annotate(first.desk, 0, 4);
    await settle(200);
    expect(fake.received).toEqual([]);
    const { desk } = await open(fake, { storage });
    expect(desk.view.card?.work).toHaveLength(1);
  });

  it("of an earlier answer come back with it", async () => {
    const fake = server();
    const { desk } = await open(fake);
    desk.answer("accept");
    await settle();
    await desk.back();
    annotate(desk, 0, 4);
    await settle(1_500);
    expect(fake.received.at(-1)).toMatchObject({ status: "draft", task_id: "t1", base: 1 });
    desk.close();
    const next = await open(fake);
    await next.desk.back();
    expect(next.desk.view.card).toMatchObject({ taskId: "t1", touched: true });
    expect(next.desk.view.card?.work).toHaveLength(1);
    next.desk.answer("accept");
    await settle();
    expect(spansOf(fake, "t1")).toHaveLength(1);
  });

  it("are forgotten when the task is answered", async () => {
    const fake = server();
    const { desk, storage } = await open(fake);
    annotate(desk, 0, 4);
    desk.answer("accept");
    await settle(5_000);
    expect(fake.received.map(({ status }) => status)).toEqual(["submitted"]);
    expect(await storage.drafts(JSON.stringify(["db-1", "news", "ada"]))).toEqual([]);
  });
});

describe("what the server says about an answer", () => {
  it("asks which of two answers stands, and sends mine on top", async () => {
    const fake = server();
    const a = await open(fake);
    a.desk.answer("accept");
    await settle();
    const b = await open(fake, { client: "c2" });
    await b.desk.back();
    annotate(b.desk, 0, 4, "ORG");
    await a.desk.back();
    annotate(a.desk, 5, 6);
    a.desk.answer("reject");
    await settle();
    b.desk.answer("accept");
    await settle();
    expect(b.desk.view.conflict).toMatchObject({ taskId: "t1", theirs: { decision: "reject", revision: 2 } });
    b.desk.resolve("mine");
    await settle();
    expect(b.desk.view.conflict).toBeNull();
    expect(fake.held.get("t1")?.current).toMatchObject({ decision: "accept" });
    expect(spansOf(fake, "t1")).toEqual([{ start: 0, end: 4, label: "ORG" }]);
  });

  it("asks nothing where two windows say the same", async () => {
    const fake = server();
    const a = await open(fake);
    a.desk.answer("accept");
    await settle();
    const b = await open(fake, { client: "c2" });
    for (const { desk } of [a, b]) {
      await desk.back();
      annotate(desk, 0, 4, "ORG");
      desk.comment("sure");
    }
    a.desk.answer("accept");
    await settle();
    b.desk.answer("accept");
    await settle();
    expect(fake.held.get("t1")?.revisions).toHaveLength(3);
    expect(b.desk.view.conflict).toBeNull();
    expect(b.desk.view.answers).toMatchObject([{ taskId: "t1", base: 2 }]);
    await b.desk.back();
    b.desk.answer("reject");
    await settle();
    expect(b.desk.view.conflict).toBeNull();
    expect(fake.held.get("t1")?.current).toMatchObject({ decision: "reject", revision: 4 });
  });

  it("asks nothing where both windows undo, and takes the next answer", async () => {
    const fake = server();
    const a = await open(fake);
    a.desk.answer("accept");
    await settle();
    const b = await open(fake, { client: "c2" });
    await Promise.all([a.desk.undo(), b.desk.undo()]);
    await settle();
    expect(a.desk.view.conflict ?? b.desk.view.conflict).toBeNull();
    b.desk.answer("reject");
    await settle();
    expect(b.desk.view.conflict).toBeNull();
    expect(fake.held.get("t1")?.current?.decision).toBe("reject");
  });

  it.each([
    ["another comment", (desk: Desk) => desk.comment("not sure"), "accept" as const],
    ["another decision", () => undefined, "reject" as const],
  ])("asks where one says the same with %s", async (_what, differ, decision) => {
    const fake = server();
    const a = await open(fake);
    a.desk.answer("accept");
    await settle();
    const b = await open(fake, { client: "c2" });
    await Promise.all([a.desk.back(), b.desk.back()]);
    a.desk.answer("accept");
    await settle();
    differ(b.desk);
    b.desk.answer(decision);
    await settle();
    expect(b.desk.view.conflict).not.toBeNull();
  });

  it("counts answers that are not sent yet, and takes undone ones off", async () => {
    const fake = server();
    const { desk } = await open(fake);
    desk.answer("accept");
    await settle();
    expect(desk.view.progress).toMatchObject({ mine: 1, remaining: 29 });
    fake.down = OFFLINE;
    for (const decision of ["accept", "reject", "ignore"] as const) desk.answer(decision);
    await settle();
    expect(desk.view.progress).toMatchObject({ mine: 4, remaining: 26 });
    await desk.undo();
    await settle();
    expect(desk.view.progress).toMatchObject({ mine: 3 });
    desk.toCurrent();
    await desk.back();
    desk.answer("ignore");
    await settle();
    expect(desk.view.progress).toMatchObject({ mine: 3 });
    const seen: (number | undefined)[] = [];
    desk.subscribe(() => seen.push(desk.view.progress?.mine));
    fake.down = null;
    desk.retry();
    await settle();
    expect(desk.view.save.unsent).toBe(0);
    expect(new Set(seen)).toEqual(new Set([3]));
  });

  it("ends with a word where this person was erased, and asks for nothing more", async () => {
    const fake = server();
    const { desk, seat } = await open(fake);
    desk.answer("accept");
    await settle();
    fake.erased.add("ada");
    desk.answer("reject");
    await settle();
    expect(desk.view).toMatchObject({ card: null, conflict: null, save: { unsent: 1 } });
    expect(desk.view.ending?.title).toBe("Your name has been erased here");
    expect(desk.view.ending?.text).toContain("Not sent before, and in this browser alone: 1 answer.");
    const claimed = fake.seats.size;
    await settle(120_000);
    desk.retry();
    await settle();
    expect(fake.seats.size).toBe(claimed);
    expect(fake.received).toHaveLength(1);
    await expect(seat.call(() => Promise.resolve(1))).rejects.toThrow("has been erased");
  });

  it("leaves the other answer when asked to", async () => {
    const fake = server();
    const a = await open(fake);
    a.desk.answer("accept");
    await settle();
    const b = await open(fake, { client: "c2" });
    await a.desk.back();
    a.desk.answer("reject");
    await settle();
    await b.desk.undo();
    await settle();
    b.desk.resolve("theirs");
    expect(b.desk.view.answers).toMatchObject([{ taskId: "t1", decision: "reject", base: 2 }]);
    expect(idOf(b.desk)).not.toBe("t1");
    expect(fake.held.get("t1")?.current?.decision).toBe("reject");
  });

  it("shows what was set aside", async () => {
    const fake = server();
    const { desk } = await open(fake);
    fake.held.delete("t1");
    desk.answer("accept");
    await settle();
    expect(desk.view.notices[0]?.text).toContain("set aside");
    expect(desk.view.answers[0]?.mark).toBe("quarantined");
    expect(desk.view.save.unsent).toBe(0);
  });

  it("keeps the card where the recipe refuses the answer, with its words", async () => {
    const fake = server({ validates: true });
    const { desk } = await open(fake);
    fake.invalid = (task) => ((task.spans as unknown[]).length === 0 ? "Mark at least one span." : null);
    desk.answer("accept");
    expect(desk.view.checking).toBe(true);
    await settle();
    expect(desk.view.card).toMatchObject({ taskId: "t1", message: "Mark at least one span." });
    annotate(desk, 0, 4);
    desk.answer("accept");
    await settle();
    expect(idOf(desk)).toBe("t2");
    expect(desk.view.answers).toHaveLength(1);
  });

  it("brings a refused answer back when the word comes late", async () => {
    const fake = server({ validates: true });
    const { desk } = await open(fake);
    fake.invalid = () => "No.";
    fake.down = OFFLINE;
    desk.answer("accept");
    await settle(4_500);
    expect(idOf(desk)).toBe("t2");
    fake.down = null;
    desk.retry();
    await settle(3_000);
    expect(desk.view.answers).toEqual([]);
    expect(desk.view.notices[0]?.text).toContain("came back");
    const held: unknown[] = [];
    fake.invalid = null;
    while (desk.view.card !== null) {
      held.push([idOf(desk), desk.view.card.message]);
      desk.answer("accept");
      await settle();
    }
    expect(held).toContainEqual(["t1", "No."]);
  });
});

describe("tabs of one seat", () => {
  it("hold different tasks and share one outbox", async () => {
    const fake = server();
    const storage = memory();
    const tabs = bus();
    const a = await open(fake, { storage, tabs, client: "c1" });
    const b = await open(fake, { storage, tabs, client: "c2" });
    expect([idOf(a.desk), idOf(b.desk)]).toEqual(["t1", "t11"]);
    fake.down = OFFLINE;
    a.desk.answer("accept");
    b.desk.answer("reject");
    await settle(10);
    a.desk.close();
    fake.down = null;
    await settle(60_000);
    expect(b.desk.view.save.unsent).toBe(0);
    expect(fake.received.map(({ task_id: id }) => id).sort()).toEqual(["t1", "t11"]);
  });

  it("never send at the same time", async () => {
    const fake = server();
    const storage = memory();
    const tabs = bus();
    const pages = [await open(fake, { storage, tabs }), await open(fake, { storage, tabs, client: "c2" })];
    let busy = 0;
    let most = 0;
    const answers = fake.answers.bind(fake);
    fake.answers = async (...args) => {
      busy += 1;
      most = Math.max(most, busy);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const reply = await answers(...args);
      busy -= 1;
      return reply;
    };
    for (let i = 0; i < 5; i += 1) for (const { desk } of pages) desk.answer("accept");
    await settle(60_000);
    expect(most).toBe(1);
    expect(fake.received).toHaveLength(10);
    expect(pages.map(({ desk }) => desk.view.save.unsent)).toEqual([0, 0]);
  });

  it("learn of each other's answers by the heartbeat", async () => {
    const fake = server();
    const { desk } = await open(fake);
    fake.changed = [{ task_id: "t1", revision: 4 }];
    await settle(20_000);
    expect(idOf(desk)).toBe("t2");
    annotate(desk, 0, 4);
    fake.changed = [{ task_id: "t2", revision: 4 }];
    await settle(20_000);
    expect(idOf(desk)).toBe("t2");
    expect(desk.view.notices[0]?.text).toContain("answered elsewhere");
  });
});

describe("the heartbeat", () => {
  it("obeys pause and resume, the card keeps its work", async () => {
    const fake = server();
    const { desk } = await open(fake);
    annotate(desk, 0, 4);
    fake.state = "paused";
    await settle(20_000);
    expect(desk.view.card).toBeNull();
    expect(desk.view.ending?.title).toBe("Annotation is paused");
    fake.state = null;
    await settle(20_000);
    expect(desk.view.card?.work).toHaveLength(1);
  });

  it("drops queued tasks that are no longer ours, never the one on the table", async () => {
    const fake = server();
    const { desk } = await open(fake);
    for (const id of ["t1", "t2"]) {
      const held = fake.held.get(id);
      if (held !== undefined) held.seat = "somebody";
    }
    await settle(20_000);
    expect(idOf(desk)).toBe("t1");
    desk.answer("accept");
    expect(idOf(desk)).toBe("t3");
  });

  it("brings an answer that was sent back, next to the card on the table", async () => {
    const fake = server();
    const { desk } = await open(fake);
    desk.answer("accept");
    await settle();
    expect(idOf(desk)).toBe("t2");
    const held = fake.held.get("t1");
    if (held?.current == null) throw new Error("t1 was not stored");
    held.current = { ...held.current, revision: 2, status: "retracted" };
    held.revisions.push(held.current);
    held.client = "c1";
    fake.changed = [{ task_id: "t1", revision: 2 }];
    await settle(20_000);
    expect(idOf(desk)).toBe("t2");
    expect(desk.view.answers).toEqual([]);
    desk.answer("accept");
    expect(idOf(desk)).toBe("t1");
    desk.answer("reject");
    expect(idOf(desk)).toBe("t3");
    await settle();
    expect(fake.received.at(-1)).toMatchObject({ task_id: "t1", base: 2, decision: "reject" });
  });

  it("puts a question that follows from an answer next to the card on the table", async () => {
    const fake = server();
    const { desk } = await open(fake);
    const asked = fake.held.get("t30");
    if (asked === undefined) throw new Error("there is no t30");
    Object.assign(asked, { ahead: true, seat: fake.held.get("t1")?.seat, client: "c1" });
    await settle(20_000);
    expect(idOf(desk)).toBe("t1");
    desk.answer("reject");
    expect(idOf(desk)).toBe("t30");
    desk.answer("accept");
    expect(idOf(desk)).toBe("t2");
  });

  it("notices a new version of the project", async () => {
    const fake = server();
    const { desk } = await open(fake);
    fake.options.config = { batch_size: 3 };
    fake.project_version = 2;
    const asked = vi.spyOn(fake, "project");
    await settle(20_000);
    expect(asked).toHaveBeenCalledOnce();
    expect(desk.view.project.config).toEqual({ batch_size: 3 });
  });

  it("stops while the page is hidden and comes at once when it is back", async () => {
    const fake = server();
    const { desk } = await open(fake);
    const beats = vi.spyOn(fake, "heartbeat");
    desk.setVisible(false);
    await settle(60_000);
    expect(beats).not.toHaveBeenCalled();
    desk.setVisible(true);
    await settle();
    expect(beats).toHaveBeenCalledOnce();
  });
});
