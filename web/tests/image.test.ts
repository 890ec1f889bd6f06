import { describe, expect, it } from "vitest";

import type { Config, Json, Task } from "@/api/types";
import { merge } from "@/core/merge";
import { concernsOf } from "@/interfaces/image_manual/concerns";
import { edit, type ImageWork } from "@/interfaces/image_manual/edit";
import * as geometry from "@/interfaces/image_manual/geometry";
import { darknessOf, fontOf, modesOf, strokeOf } from "@/interfaces/image_manual/options";
import { boundsOf, cornersOf, type Point, read, type Shape } from "@/interfaces/image_manual/shapes";
import * as sights from "@/interfaces/image_manual/sight";

const SIZE = { width: 200, height: 100 };

function box(x: number, y: number, width: number, height: number, key = `${x} ${y} ${width}`): Shape {
  return { key, kind: "rect", points: cornersOf({ x, y, width, height }), label: "CAT", origin: null };
}

function polygon(points: Point[], key = "polygon"): Shape {
  return { key, kind: "polygon", points, label: "CAT", origin: null };
}

const TENT: Point[] = [
  [10, 50],
  [50, 10],
  [90, 50],
];

describe("a region of a document", () => {
  const kind = (value: Json): string => {
    const found = read(value, 0, "k");
    return typeof found === "string" ? found : found.kind;
  };

  it("is a box, a polygon or freehand, whether it says so or not", () => {
    const points = cornersOf({ x: 1, y: 2, width: 3, height: 4 }).map(([x, y]) => [x, y]);
    expect(kind({ x: 1, y: 2, width: 3, height: 4 })).toBe("rect");
    expect(kind({ x: 1, y: 2, width: 3, height: 4, points })).toBe("rect");
    expect(kind({ points })).toBe("polygon");
    expect(kind({ points, type: "rect" })).toBe("rect");
    expect(kind({ points, type: "freehand" })).toBe("freehand");
    expect(kind({ x: 1, y: 2, width: 3, height: 4, points: [] })).toBe("rect");
  });

  it("is told what is wrong with it", () => {
    expect(kind(3)).toBe("is no object");
    expect(kind({ points: [[1, 2]], type: "circle" })).toContain("has the type “circle”");
    expect(kind({ x: 1, y: 2, width: "3", height: 4 })).toContain("has neither points nor");
    expect(kind({ x: 1, y: 2, width: 3, height: 4, type: "polygon" })).toContain("has neither points nor");
    expect(kind({ points: [[1, null]] })).toContain("has neither points nor");
    expect(kind({ points: [[1, 2], [3, 4]] })).toBe("has less than three points"); // prettier-ignore
    expect(kind({ x: 1, y: 2, width: -3, height: 4 })).toBe("has no area");
  });
});

describe("an answer", () => {
  const given: Task = {
    image: "a.png",
    spans: [
      { x: 1, y: 2, width: 30, height: 40, label: "CAT", mask: "kept" },
      { points: [[1, 2]], label: "BROKEN" },
      { points: TENT.map(([x, y]) => [x, y]), label: "TENT", color: "red" },
    ],
  };
  const config: Config = {};
  const start = (task = given): ImageWork => ({ ...edit.start(task, config), size: SIZE });
  const spans = (work: ImageWork, task = given): Json =>
    merge(task, edit.changes(task, work, config)).spans ?? null;

  it("leaves what nobody touched as it is, and adds the size of the picture", () => {
    expect(edit.changes(given, start(), config)).toEqual({ set: { ...SIZE }, unset: [] });
    expect(edit.changes({ ...given, ...SIZE }, start(), config)).toEqual({ set: {}, unset: [] });
    expect(edit.changes({ image: "a.png", ...SIZE }, start({ image: "a.png" }), config).set).toEqual({
      spans: [],
    });
  });

  it("has all keys of a new region, and of others what was changed", () => {
    const work = start();
    const [first, tent] = work.shapes as [Shape, Shape];
    const moved = geometry.moved(first, 5, 0, SIZE);
    const drawn: Shape = { ...box(10, 20, 30, 40, "new"), color: "#123456" };
    expect(spans({ ...work, shapes: [moved, { ...tent, label: "CAT", color: "#00ff00" }, drawn] })).toEqual([
      {
        ...{ x: 6, y: 2, width: 30, height: 40, label: "CAT", mask: "kept", type: "rect", center: [21, 22] },
        points: [[6, 2], [6, 42], [36, 42], [36, 2]], // prettier-ignore
      },
      { points: [[1, 2]], label: "BROKEN" },
      { points: TENT, label: "CAT", color: "#00ff00" },
      {
        ...{ id: "new", label: "CAT", color: "#123456", x: 10, y: 20, width: 30, height: 40 },
        ...{ center: [25, 40], points: [[10, 20], [10, 60], [40, 60], [40, 20]], type: "rect" }, // prettier-ignore
      },
    ]);
  });

  it("keeps another order, and drops what was removed", () => {
    const work = start();
    const labels = (list: Json): Json[] => (list as { label: Json }[]).map(({ label }) => label);
    expect(labels(spans({ ...work, shapes: [...work.shapes].reverse() }))).toEqual(["BROKEN", "TENT", "CAT"]);
    expect(labels(spans({ ...work, shapes: work.shapes.slice(1), odd: [] }))).toEqual(["TENT"]);
  });

  it("is taken up again from a draft, told in changes or whole", () => {
    const work = start();
    const [first, tent] = work.shapes as [Shape, Shape];
    const drawn = box(10, 20, 30, 40, "new");
    const changed = { ...work, shapes: [tent, geometry.moved(first, 5, 0, SIZE), drawn] };
    const draft = edit.changes(given, changed, config);
    const whole = { set: { spans: merge(given, draft).spans ?? null }, unset: [] };
    for (const told of [draft, whole]) {
      const again = { ...edit.start(given, config, told), size: SIZE };
      expect(again.shapes.map(({ key, origin }) => [key, origin])).toEqual([
        ["original 2", 2],
        ["original 0", 0],
        ["new", null],
      ]);
      expect(spans(again)).toEqual(spans(changed));
    }
  });

  it("never has two regions of one key", () => {
    const twice = { id: "a", x: 1, y: 2, width: 3, height: 4 };
    const { shapes } = edit.start({ image: "a.png" }, config, { set: { spans: [twice, twice] } });
    expect(new Set(shapes.map(({ key }) => key)).size).toBe(2);
  });

  it("is under the key of the settings, and tells how many there are", () => {
    const own: Config = { image_manual_spans_key: "boxes" };
    const task: Task = { image: "a.png", boxes: given.spans ?? null };
    expect(edit.start(task, own).shapes).toHaveLength(2);
    expect([edit.summary(task, own), edit.summary(task)]).toEqual(["3 regions", "no regions"]);
    expect(typeof edit.writes === "function" && edit.writes(task, own)).toEqual(["boxes"]);
  });

  it("waits for the picture when it is accepted", () => {
    const work = edit.start(given, config);
    expect(work.size).toBeNull();
    expect(edit.problem(given, work, "accept", config)).toContain("The picture is not there");
    expect(edit.problem(given, work, "ignore", config)).toBeNull();
    expect(edit.start({ ...given, ...SIZE }, config).size).toEqual(SIZE);
  });
});

describe("regions as figures", () => {
  it("are found under a point, small ones and upper ones first, one after the other", () => {
    const shapes = [box(0, 0, 100, 100, "large"), box(20, 20, 20, 20, "small"), box(20, 20, 20, 20, "upper")];
    const found = geometry.under(shapes, [30, 30], 2);
    expect(found.map(({ key }) => key)).toEqual(["upper", "small", "large"]);
    expect(geometry.nextUnder(found, null)?.key).toBe("upper");
    expect(geometry.nextUnder(found, "small")?.key).toBe("large");
    expect(geometry.nextUnder(found, "large")?.key).toBe("upper");
    expect(geometry.nextUnder([], "large")).toBeNull();
    expect(geometry.under(shapes, [101, 50], 2).map(({ key }) => key)).toEqual(["large"]);
    expect(geometry.under([polygon(TENT)], [15, 15], 2)).toEqual([]);
  });

  it("stay on the picture when they are moved and stretched", () => {
    const at = (shape: Shape): number[] => Object.values(boundsOf(shape.points));
    expect(at(geometry.moved(box(150, 10, 40, 20), 99, -99, SIZE))).toEqual([160, 0, 40, 20]);
    expect(at(geometry.moved(box(190, 10, 40, 20), 5, 1, SIZE))).toEqual([190, 11, 40, 20]);
    const tent = polygon(TENT);
    expect(geometry.moved(tent, 0, 0, SIZE)).toBe(tent);
    const wide = geometry.gripped(boundsOf(TENT), { h: 1, v: 0 }, [250, 3], SIZE);
    expect(wide).toEqual({ x: 10, y: 10, width: 190, height: 40 });
    expect(geometry.stretched(tent, wide ?? boundsOf(TENT)).points).toEqual([[10, 50], [105, 10], [200, 50]]); // prettier-ignore
    expect(geometry.gripped({ x: 5, y: 5, width: 5, height: 5 }, { h: 1, v: 1 }, [5, 30], SIZE)).toBeNull();
  });

  it("are drawn from corner to corner, or from the centre", () => {
    expect(geometry.boxFrom([50.04, 60], [20, -10], SIZE)).toEqual(
      cornersOf({ x: 20, y: 0, width: 30, height: 60 }),
    );
    expect(geometry.boxFrom([50, 50], [60, 55], SIZE, true)).toEqual(
      cornersOf({ x: 40, y: 45, width: 20, height: 10 }),
    );
    expect(geometry.boxFrom([50, 50], [50, 90], SIZE)).toBeNull();
  });

  it("get and lose corners, as long as they have three", () => {
    const tent = polygon(TENT);
    expect(geometry.withNewCorner(tent, 2, [50, 70]).points).toEqual([...TENT, [50, 70]]);
    expect(geometry.withCorner(tent, 1, [5, 5]).points[1]).toEqual([5, 5]);
    expect(geometry.withoutCorner(tent, 0)).toBeNull();
    expect(geometry.withoutCorner(polygon([...TENT, [50, 70]]), 3)?.points).toEqual(TENT);
  });

  it("are cut off where the picture ends", () => {
    expect(geometry.standing(box(0, 0, 200, 100), SIZE)).toBe("on");
    expect(geometry.standing(box(150, 0, 60, 10), SIZE)).toBe("over");
    expect(geometry.standing(box(200, 0, 60, 10), SIZE)).toBe("beside");
    expect(geometry.cutOff(box(150, -5, 60, 10), SIZE)?.points).toEqual(
      cornersOf({ x: 150, y: 0, width: 50, height: 5 }),
    );
    const half = geometry.cutOff(polygon([[-10, 0], [10, 0], [10, 40], [-10, 40]]), SIZE); // prettier-ignore
    expect(half === null ? null : boundsOf(half.points)).toEqual({ x: 0, y: 0, width: 10, height: 40 });
    expect(geometry.cutOff(box(300, 0, 60, 10), SIZE)).toBeNull();
  });

  it("drawn by hand keep the corners that matter, and nothing without an area", () => {
    const round = Array.from({ length: 400 }, (_, i): Point => {
      const angle = (i / 400) * 2 * Math.PI;
      return [100 + 40 * Math.cos(angle), 50 + 40 * Math.sin(angle)];
    });
    const kept = geometry.outlineOf("freehand", round, 0.5) ?? [];
    expect(kept.length).toBeLessThan(60);
    expect(geometry.areaOf(kept) / (Math.PI * 1600)).toBeGreaterThan(0.97);
    for (const point of round) expect(geometry.nearestSide(kept, point).away).toBeLessThanOrEqual(1);
    expect(geometry.outlineOf("freehand", [[0, 0], [1, 1], [2, 2]], 0.5)).toBeNull(); // prettier-ignore
    expect(geometry.outlineOf("polygon", [[0, 0], [9, 0], [9, 9], [0, 0]], 0.5)).toHaveLength(3); // prettier-ignore
  });

  it("are found fast among five hundred", () => {
    const many = Array.from({ length: 500 }, (_, i) => {
      const points = Array.from({ length: 60 }, (_, j): Point => [
        i + Math.cos(j) * 50,
        i + Math.sin(j) * 50,
      ]);
      return polygon(points, String(i));
    });
    expect(geometry.under(many, [250, 250], 2).length).toBeGreaterThan(10);
  });
});

describe("the sight of a picture", () => {
  const room = { width: 400, height: 400 };

  it("shows all of it, in the middle, small ones larger", () => {
    expect(sights.fit(SIZE, room)).toEqual({ scale: 2, x: 0, y: 100 });
    expect(sights.fit({ width: 10, height: 10 }, room).scale).toBe(6);
  });

  it("comes closer to where the hand is, and goes back again", () => {
    const at: Point = [300, 200];
    const before = sights.fit(SIZE, room);
    const close = sights.zoomed(before, 4, at, SIZE, room);
    expect(sights.toPicture(close, at)).toEqual(sights.toPicture(before, at));
    const back = sights.zoomed(close, 0.25, at, SIZE, room);
    expect([back.x, back.y, back.scale]).toEqual([before.x, before.y, before.scale]);
  });

  it("never loses the picture, and ends somewhere", () => {
    const away = sights.pushed(sights.fit(SIZE, room), -9999, 9999, SIZE, room);
    expect(away.x + SIZE.width * away.scale).toBeGreaterThan(0);
    expect(away.y).toBeLessThan(room.height);
    expect(sights.zoomed(away, 1e9, [0, 0], SIZE, room).scale).toBeLessThanOrEqual(40);
    expect(sights.zoomed(away, 1e-9, [0, 0], SIZE, room).scale).toBe(1);
  });

  it("goes to a region, and moves no more than needed", () => {
    const close = sights.closeTo({ x: 150, y: 50, width: 20, height: 20 }, SIZE, room);
    const [x, y] = sights.toRoom(close, [160, 60]);
    expect([Math.round(x), Math.round(y)]).toEqual([200, 200]);
    expect(sights.showing(close, [160, 60], SIZE, room)).toBe(close);
    const shown = sights.toRoom(sights.showing(close, [100, 60], SIZE, room), [100, 60]);
    expect(shown[0]).toBeCloseTo(24);
  });
});

describe("what is odd about regions", () => {
  it("is told of each", () => {
    const base: Json[] = [3, { points: [[1, 2]] }];
    const shapes = [
      box(0, 0, 10, 10, "a"),
      box(0, 0, 10, 10, "b"),
      box(190, 0, 20, 10, "c"),
      box(300, 0, 20, 10, "d"),
      { ...box(5, 5, 5, 5, "e"), label: "DOG" },
      { ...box(5, 5, 5, 6, "f"), label: null },
    ];
    const told = concernsOf({ shapes, odd: [0, 1], size: SIZE }, base, ["CAT"]);
    expect(told.map(({ text }) => text)).toEqual([
      "Region 1 cannot be shown, and is kept: it is no object.",
      "Region 2 cannot be shown, and is kept: it has less than three points.",
      "Region 3 (CAT) reaches beyond the picture.",
      "Region 4 (CAT) lies beside the picture.",
      "Region 2 (CAT) is the same as region 1.",
      "Region 5 (DOG) has a label that is none of the label set.",
      "Region 6 has no label.",
    ]);
    expect(told.map(({ cuts }) => cuts)).toEqual([false, false, true, false, false, false, false]);
    expect(concernsOf({ shapes: [box(0, 0, 10, 10)], odd: [], size: SIZE }, [], ["CAT"])).toEqual([]);
  });
});

describe("settings of drawing", () => {
  it("are taken as they are where they make sense", () => {
    expect(modesOf({ image_manual_modes: ["polygon", "rect", "polygon"] })).toEqual(["polygon", "rect"]);
    expect(modesOf({ image_manual_modes: ["circle"] })).toEqual(["rect", "polygon", "freehand"]);
    expect([strokeOf({}), strokeOf({ image_manual_stroke_width: 2 })]).toEqual([4, 2]);
    expect([fontOf({}), fontOf({ image_manual_font_size: -1 })]).toEqual([16, 16]);
    expect([darknessOf({}), darknessOf({ darken_image: 0.4 }), darknessOf({ darken_image: true })]).toEqual([
      0, 0.4, 0.3,
    ]);
  });
});
