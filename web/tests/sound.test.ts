import { describe, expect, it } from "vitest";

import type { Json, Task } from "@/api/types";
import { merge } from "@/core/merge";
import { moment, tick } from "@/interfaces/sound/draw";
import { Hand } from "@/interfaces/sound/hand";
import { borderKey, moveKey, windOf } from "@/interfaces/sound/keys";
import { frameAt, Mp3Cutter } from "@/interfaces/sound/mp3";
import { Peaks } from "@/interfaces/sound/peaks";
import type { Playing } from "@/interfaces/sound/playing.svelte";
import * as edits from "@/interfaces/sound/regions";
import { between, colourOf, edit, found, mark, over, place, rows } from "@/interfaces/sound/regions";
import { lookOf, playKeys, rateBeside, rateOf, withPalette } from "@/interfaces/sound/settings";
import type { Region } from "@/interfaces/sound/regions";
import { Surfer } from "@/interfaces/sound/wavesurfer";
import { WavReader } from "@/interfaces/sound/wav";

const CONFIG = { labels: ["SPEECH", "NOISE"] };

function task(...audio_spans: Json[]): Task {
  return { audio: "a.wav", audio_spans };
}

const GIVEN: Json[] = [
  { start: 1, end: 2, label: "SPEECH", id: "x", color: "rgba(255,215,0,0.2)", score: 0.5 },
  { start: 1.5, end: 3, label: "NOISE", channel: 1 },
];

function first<T>(list: readonly T[]): T {
  const [one] = list;
  if (one === undefined) throw new Error("an empty list");
  return one;
}

describe("regions of a document", () => {
  it("are what they were until they are touched", () => {
    const work = edit.start(task(...GIVEN), CONFIG);
    expect(work.map(({ id, color }) => [id, color])).toEqual([
      ["x", "#ffd700"],
      ["#1", undefined],
    ]);
    expect(edit.changes(task(...GIVEN), work, CONFIG)).toEqual({ set: {}, unset: [] });
    expect(edit.changes({ audio: "a" }, [], CONFIG).set).toEqual({ audio_spans: [] });
  });

  it("are the same however often a document is read", () => {
    expect(edit.start(task(...GIVEN), CONFIG)).toEqual(edit.start(task(...GIVEN), CONFIG));
  });

  it("keep their own keys when they are changed, and take the colour of another label", () => {
    const before = task(...GIVEN);
    const work = edit.start(before, CONFIG);
    const wider = place(work, first(work), { start: 0.5, end: 2 });
    const other = edits.relabel(wider, first(wider), "NOISE");
    expect(merge(before, edit.changes(before, wider, CONFIG)).audio_spans).toEqual([
      { ...(GIVEN[0] as Task), start: 0.5 },
      GIVEN[1],
    ]);
    expect((merge(before, edit.changes(before, other, CONFIG)).audio_spans as Json[])[0]).toEqual({
      ...(GIVEN[0] as Task),
      start: 0.5,
      label: "NOISE",
      color: colourOf("NOISE", CONFIG),
    });
  });

  it("are stored with start, end, label, id and color", () => {
    const work = mark([], { start: 0.25, end: 1 }, "NOISE");
    const changes = edit.changes({ audio: "a" }, work, CONFIG);
    expect(changes.set.audio_spans).toEqual([
      { start: 0.25, end: 1, label: "NOISE", id: first(work).id, color: colourOf("NOISE", CONFIG) },
    ]);
    expect(colourOf("NOISE", CONFIG)).toMatch(/^rgba\(\d+,\d+,\d+,0\.2\)$/);
    // Read again they have no colour of their own: in either theme they look as they did.
    const again = edit.start(merge({ audio: "a" }, changes), CONFIG);
    expect(first(again)).toEqual({ ...first(work), origin: 0 });
  });

  it("come back from drafts, kept or whole, with what they were made of", () => {
    const before = task(...GIVEN);
    const work = edit.start(before, CONFIG);
    const changed = mark(place(work, first(work), { start: 0, end: 2 }), { start: 4, end: 5 }, "NOISE");
    const changes = edit.changes(before, changed, CONFIG);
    const kept = edit.start(before, CONFIG, changes);
    expect(kept.map(({ start, origin }) => [start, origin])).toEqual([
      [0, 0],
      [1.5, 1],
      [4, null],
    ]);
    const whole = { set: { audio_spans: merge(before, changes).audio_spans ?? null } };
    const back = edit.start(before, CONFIG, whole);
    expect(merge(before, edit.changes(before, back, CONFIG))).toEqual(merge(before, changes));
  });

  it("leave what is no region where it is", () => {
    const odd: Json[] = [3, { start: "1", end: 2 }, { start: 5, end: 4, label: "X" }, { start: -1, end: 2 }];
    const before = task(...odd, ...GIVEN);
    const work = edit.start(before, CONFIG);
    expect(work).toHaveLength(2);
    expect(edit.changes(before, work, CONFIG)).toEqual({ set: {}, unset: [] });
    const fewer = edits.remove(work, first(work));
    expect(merge(before, edit.changes(before, fewer, CONFIG)).audio_spans).toEqual([...odd, GIVEN[1]]);
  });

  it("are refused in words where they are no answer", () => {
    const say = (...given: Json[]): string | null =>
      edit.problem(task(...given), edit.start(task(...given), CONFIG), "accept", CONFIG);
    expect(say(...GIVEN)).toBeNull();
    expect(say({ start: 1, end: 2 })).toContain("has no label");
    expect(say({ start: 1, end: 1, label: "X" })).toContain("is empty");
    const twice = [GIVEN[0] ?? null, GIVEN[0] ?? null];
    expect(say(...twice)).toContain("is there twice");
    const work = edit.start(task(...twice), CONFIG);
    expect(new Set(work.map(({ id }) => id)).size).toBe(2);
    expect(edit.problem(task(...twice), work, "ignore", CONFIG)).toBeNull();
    expect(edit.summary(task(...twice), CONFIG)).toBe("2 regions");
  });
});

describe("regions in hand", () => {
  const work = edit.start(task(...GIVEN), CONFIG);

  it("are stretches inside of the recording, to the millisecond", () => {
    expect(between(2.00049, 1, 10)).toEqual({ start: 1, end: 2 });
    expect(between(-1, 12, 10)).toEqual({ start: 0, end: 10 });
    expect(between(1, 1.005, 10)).toBeNull();
  });

  it("move and stretch no further than the recording", () => {
    expect(edits.shifted({ start: 1, end: 2 }, -5, 10)).toEqual({ start: 0, end: 1 });
    expect(edits.shifted({ start: 1, end: 2 }, 50, 10)).toEqual({ start: 9, end: 10 });
    expect(edits.withBorder({ start: 1, end: 2 }, "start", 3, 10)).toEqual({ start: 1.99, end: 2 });
    expect(edits.withBorder({ start: 1, end: 2 }, "end", 0, 10)).toEqual({ start: 1, end: 1.01 });
    expect(edits.withBorder({ start: 1, end: 2 }, "end", 11, 10)).toEqual({ start: 1, end: 10 });
    // Data may end after the recording: what is not touched stays.
    expect(edits.shifted({ start: 1, end: 12 }, 1, 10)).toEqual({ start: 1, end: 12 });
    expect(edits.withBorder({ start: 1, end: 12 }, "start", 2, 10)).toEqual({ start: 2, end: 12 });
  });

  it("are never there twice", () => {
    expect(mark(work, { start: 1, end: 2 }, "SPEECH")).toBe(work);
    const more = mark(work, { start: 1, end: 2 }, "NOISE");
    const last = more.at(-1);
    if (last === undefined) throw new Error("not marked");
    expect(edits.relabel(more, last, "SPEECH")).toBe(more);
  });

  it("are found again after a change, and below each other", () => {
    const one = first(work);
    const moved = place(work, one, { start: 1.2, end: 2 });
    expect(found(moved, one)).toMatchObject({ start: 1.2, id: "x" });
    expect(found(edits.remove(work, one), one)).toBeNull();
    expect(over(work, 1.7).map(({ label }) => label)).toEqual(["SPEECH", "NOISE"]);
    const { rowOf, count } = rows(work);
    expect([count, ...work.map((region) => rowOf.get(region))]).toEqual([2, 0, 1]);
  });
});

describe("a hand", () => {
  const [region] = edit.start(task(...GIVEN), CONFIG);
  if (region === undefined) throw new Error("no region");

  it("draws once it has moved", () => {
    const hand = new Hand(() => 10);
    hand.start({ kind: "draw" }, 100, 4, true);
    expect(hand.move(102, 4.1)).toBeNull();
    expect(hand.dragging).toBe(false);
    expect(hand.move(50, 2)).toEqual({ start: 2, end: 4 });
    expect(hand.end(2)).toMatchObject({ place: { start: 2, end: 4 }, tap: false });
    expect(hand.busy).toBe(false);
  });

  it("keeps the distance to what it took hold of", () => {
    const hand = new Hand(() => 10);
    hand.start({ kind: "border", region, side: "end" }, 100, 2.1, true);
    expect(hand.move(200, 3.1)).toEqual({ start: 1, end: 3 });
    hand.start({ kind: "move", region }, 100, 1.5, true);
    expect(hand.region).toBe(region);
    expect(hand.move(200, 2)).toEqual({ start: 1.5, end: 2.5 });
  });

  it("taps, and lets go of everything when it is stopped", () => {
    const hand = new Hand(() => 10);
    hand.start({ kind: "draw" }, 100, 4, false);
    hand.move(106, 4.2);
    expect(hand.end(4.2)).toMatchObject({ tap: true, place: null });
    hand.start({ kind: "draw" }, 100, 4, true);
    hand.cancel();
    expect(hand.end(9)).toBeNull();
  });
});

describe("scripts", () => {
  it("hear of regions, and change them", () => {
    const done: unknown[] = [];
    const surfer = new Surfer({
      media: new EventTarget() as HTMLMediaElement,
      playing: { hear: (stretch: Region) => done.push(["hear", stretch.id]) } as unknown as Playing,
      length: () => 10,
      zoom: () => undefined,
      place: (region, where) => done.push([region.id, where]),
      remove: ({ id }) => done.push(["remove", id]),
    });
    for (const name of ["region-created", "region-updated", "region-removed"]) {
      surfer.on(name, (region) => done.push([name, (region as Region).id]));
    }
    const work = edit.start(task(...GIVEN), CONFIG);
    surfer.show(work);
    surfer.show(place(work.slice(0, 1), first(work), { start: 0, end: 2 }));
    surfer.regions.list.x?.update({ end: 30 });
    surfer.regions.list.x?.play();
    surfer.regions.list.x?.remove();
    expect(done).toEqual([
      ["region-created", "x"],
      ["region-created", "#1"],
      ["region-updated", "x"],
      ["region-removed", "#1"],
      ["x", { start: 0, end: 10 }],
      ["hear", "x"],
      ["remove", "x"],
    ]);
  });
});

describe("peaks", () => {
  const RATE = 8000;

  it("give the loudest of any stretch, as a plain search does", () => {
    const count = RATE * 40;
    const [left, right] = [new Float32Array(count), new Float32Array(count)];
    for (let i = 0; i < count; i += 1) {
      left[i] = Math.sin(i * 12.9898) * Math.sin(i / 9000) ** 2 * 0.7;
      right[i] = -Math.abs(Math.sin(i * 78.233)) * 0.2;
    }
    const peaks = new Peaks();
    const piece = 12_345;
    for (let at = 0; at < count; at += piece) {
      peaks.add(at / RATE, [left.subarray(at, at + piece), right.subarray(at, at + piece)], RATE);
    }
    expect(peaks.seconds).toBeCloseTo(40, 2);
    const slow = (from: number, to: number): number => {
      let loud = 0;
      for (let i = Math.round(from * RATE); i < Math.round(to * RATE); i += 1) {
        loud = Math.max(loud, Math.abs(left[i] ?? 0), Math.abs(right[i] ?? 0));
      }
      return loud;
    };
    for (const [from, to] of [
      [0, 40],
      [0, 0.001],
      [1.234, 1.235],
      [3, 17.5],
      [12.003, 12.9],
      [39.5, 40],
    ] as const) {
      expect(peaks.over(from, to)).toBeCloseTo(slow(from, to), 3);
    }
    expect(peaks.loudest).toBeCloseTo(slow(0, 40), 3);
    expect(peaks.over(41, 42)).toBe(0);
  });
});

function chunk(name: string, body: Uint8Array): number[] {
  const size = new Uint8Array(new Uint32Array([body.length]).buffer);
  return [...new TextEncoder().encode(name), ...size, ...body, ...(body.length % 2 === 1 ? [0] : [])];
}

function wav(kind: number, channels: number, bits: number, data: Uint8Array): Uint8Array {
  const frame = (channels * bits) / 8;
  const format = new DataView(new ArrayBuffer(16));
  format.setUint16(0, kind, true);
  format.setUint16(2, channels, true);
  format.setUint32(4, 8000, true);
  format.setUint32(8, 8000 * frame, true);
  format.setUint16(12, frame, true);
  format.setUint16(14, bits, true);
  const inner = [
    ...new TextEncoder().encode("WAVE"),
    ...chunk("LIST", new Uint8Array(3)),
    ...chunk("fmt ", new Uint8Array(format.buffer)),
    ...chunk("data", data),
    ...chunk("id3 ", new Uint8Array([9, 9])),
  ];
  return new Uint8Array([...chunk("RIFF", new Uint8Array(inner))]);
}

function readIn(bytes: Uint8Array, size: number): number[][] {
  const reader = new WavReader();
  const channels: number[][] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const piece = reader.read(bytes.slice(at, at + size));
    piece?.channels.forEach((samples, i) => (channels[i] = [...(channels[i] ?? []), ...samples]));
  }
  return reader.readable ? channels : [];
}

describe("wav files", () => {
  const samples16 = new Uint8Array(new Int16Array([0, 16384, -32768, 8192]).buffer);

  it.each([1, 7, 64, 1000])("are read in pieces of %i bytes", (size) => {
    expect(readIn(wav(1, 2, 16, samples16), size)).toEqual([
      [0, -1],
      [0.5, 0.25],
    ]);
  });

  it("have samples of several kinds", () => {
    expect(readIn(wav(1, 1, 8, new Uint8Array([128, 192, 0])), 50)).toEqual([[0, 0.5, -1]]);
    expect(readIn(wav(1, 1, 24, new Uint8Array([9, 0, 64])), 50)).toEqual([[0.5]]);
    expect(readIn(wav(1, 1, 32, new Uint8Array([9, 9, 0, 64])), 50)).toEqual([[0.5]]);
    expect(readIn(wav(3, 1, 32, new Uint8Array(new Float32Array([0.25]).buffer)), 50)).toEqual([[0.25]]);
    expect(readIn(wav(3, 1, 64, new Uint8Array(new Float64Array([0.25]).buffer)), 50)).toEqual([[0.25]]);
  });

  it("of other kinds are left to the browser", () => {
    expect(readIn(wav(6, 1, 8, new Uint8Array(4)), 50)).toEqual([]);
  });
});

/** MPEG 1 layer 3, 128 kbit/s, 44.1 kHz: 417 bytes and 1152 samples. */
function frame(): Uint8Array {
  const bytes = new Uint8Array(417);
  bytes.set([0xff, 0xfb, 0x90, 0xc0]);
  return bytes;
}

describe("mp3 files", () => {
  it("have frames of known size", () => {
    expect(frameAt(frame(), 0)).toEqual({ size: 417, seconds: 1152 / 44_100 });
    expect(frameAt(new Uint8Array([0xff, 0xf3, 0x40, 0]), 0)).toEqual({ size: 104, seconds: 576 / 22_050 });
    expect(frameAt(new Uint8Array([0xff, 0xfb, 0x92, 0]), 0)?.size).toBe(418);
    expect(frameAt(new Uint8Array([0xff, 0xfb, 0xf0, 0]), 0)).toBeNull();
    expect(frameAt(new Uint8Array([1, 2, 3, 4]), 0)).toBeNull();
  });

  it.each([10, 417, 5000])("are cut between frames, read by %i bytes", (size) => {
    const tag = [...new TextEncoder().encode("ID3"), 4, 0, 0, 0, 0, 1, 2, ...new Uint8Array(130).fill(0xff)];
    const file = new Uint8Array([...tag, ...Array.from({ length: 10 }, () => [...frame()]).flat()]);
    const cutter = new Mp3Cutter(0.1);
    const cuts = [];
    for (let at = 0; at < file.length; at += size) cuts.push(...cutter.read(file.slice(at, at + size)));
    cuts.push(...cutter.end());
    expect(cuts.map(({ bytes }) => bytes.length / 417)).toEqual([4, 4, 2]);
    expect(cuts.map(({ start }) => Math.round((start * 44_100) / 1152))).toEqual([0, 4, 8]);
  });
});

describe("settings of the player", () => {
  it("are what was given, or what is usual", () => {
    expect(lookOf({})).toEqual({ width: 3, gap: 1, radius: 2, height: 1 });
    expect(
      lookOf({ audio_bar_width: 0, audio_bar_gap: "2", audio_bar_height: 2, audio_bar_radius: -1 }),
    ).toEqual({
      width: 0,
      gap: 1,
      radius: 0,
      height: 2,
    });
    expect([rateOf({}), rateOf({ audio_rate: "x" }), rateOf({ audio_rate: 99 })]).toEqual([1, 1, 16]);
    expect([rateBeside(1, 1), rateBeside(0.25, -1), rateBeside(1.1, -1)]).toEqual([1.25, 0.25, 1]);
    expect(playKeys({})).toEqual(["enter"]);
    expect(playKeys({ keymap: { playpause: ["command+enter", "option+enter"] } })).toEqual([
      "command+enter",
      "alt+enter",
    ]);
  });

  it("have a palette of labels", () => {
    const config = {
      labels: ["A", "B", "C"],
      custom_theme: { palettes: { audio: ["#ffd700", "#00ffff"] }, labels: { B: "#0000ff" } },
    };
    expect(["A", "B", "C"].map((label) => colourOf(label, config))).toEqual([
      "rgba(255,215,0,0.2)",
      "rgba(0,0,255,0.2)",
      "rgba(255,215,0,0.2)",
    ]);
    expect(withPalette({ custom_theme: "dark" }, ["A"])).toEqual({ custom_theme: "dark" });
  });

  it("have keys of their own", () => {
    expect([windOf("arrowleft"), windOf("ctrl+arrowup"), windOf("x")]).toEqual([-1, -2, null]);
    expect(borderKey("o")).toEqual({ side: "end", by: -0.1 });
    expect(borderKey("shift+w")?.by).toBeCloseTo(0.01);
    expect([moveKey("j"), moveKey("x")]).toEqual([-0.1, null]);
    expect(moveKey("shift+k")).toBeCloseTo(0.01);
  });

  it("tell times as finely as there is room", () => {
    expect([tick(1), tick(100), tick(5000)]).toEqual([120, 1, 0.02]);
    expect([moment(62, 1), moment(3723.25, 0.05), moment(0.5, 0.5)]).toEqual([
      "1:02",
      "1:02:03.25",
      "0:00.5",
    ]);
  });
});
