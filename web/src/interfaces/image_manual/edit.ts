/** What a person draws on a picture, and what it changes in the document. No page in here. */

import { t } from "@/core/say";
import type { Changes, Config, Decision, Json, Task } from "@/api/types";
import { newId } from "@/core/ids";
import { isKeep, type Keep, merge, same } from "@/core/merge";
import {
  isObject,
  place,
  read,
  samePoints,
  type Shape,
  type Size,
  type Stored,
  written,
} from "@/interfaces/image_manual/shapes";
import type { Edit } from "@/interfaces/interface";

export interface ImageWork {
  /** Every region that can be drawn, the lowest first. */
  shapes: readonly Shape[];
  /** Places in the document's own list of regions that cannot, and are kept. */
  odd: readonly number[];
  /** Of the picture in its own pixels; null while it is not there. */
  size: Size | null;
}

/** The key the regions are under. */
export function keyOf(config: Config): string {
  const { image_manual_spans_key: key } = config;
  return typeof key === "string" && key !== "" ? key : "spans";
}

const NONE: readonly Json[] = [];

export function listOf(task: Task, config: Config): readonly Json[] {
  const value = task[keyOf(config)];
  return Array.isArray(value) ? value : NONE;
}

function sizeOf({ width, height }: Task): Size | null {
  const given = typeof width === "number" && typeof height === "number" && width > 0 && height > 0;
  return given ? { width, height } : null;
}

/** What a person may change of a region; everything else of it is its own. */
const CHANGEABLE = new Set(["label", "color", "type", "points", "center", "x", "y", "width", "height"]);

function own(region: Stored): Stored {
  return Object.fromEntries(Object.entries(region).filter(([key]) => !CHANGEABLE.has(key)));
}

/** The original that a region of a draft was made of: a server tells drafts whole, without saying so. */
function originOf(item: Json, base: readonly Json[]): number | null {
  const equal = base.findIndex((other) => same(item, other));
  if (equal >= 0 || !isObject(item)) return equal < 0 ? null : equal;
  const mine = own(item);
  if (Object.keys(mine).length === 0) return null;
  const made = base.findIndex((other) => isObject(other) && same(mine, own(other)));
  return made < 0 ? null : made;
}

function fromDraft(list: readonly Json[], base: readonly Json[]): Pick<ImageWork, "shapes" | "odd"> {
  const taken = new Set<number>();
  const items = list.flatMap((item): [Json, number | null][] => {
    const kept = isKeep(item);
    const found = kept ? item.$keep : originOf(item, base);
    const origin = found === null || taken.has(found) ? null : found;
    if (origin !== null) taken.add(origin);
    const original = origin === null ? undefined : base[origin];
    if (!kept) return [[item, origin]];
    return original === undefined ? [] : [[changed(original, item), origin]];
  });
  return sorted(items);
}

function changed(original: Json, keep: Keep): Json {
  return isObject(original) ? merge(original, keep) : original;
}

/** The id of a new region that no other one has. */
function idOf(item: Json, taken: Set<string>): string {
  const given = isObject(item) && typeof item.id === "string" && !taken.has(item.id) ? item.id : null;
  const id = given ?? newId("region");
  taken.add(id);
  return id;
}

function sorted(items: readonly [Json, number | null][]): Pick<ImageWork, "shapes" | "odd"> {
  const shapes: Shape[] = [];
  const odd: number[] = [];
  const ids = new Set<string>();
  for (const [item, origin] of items) {
    const key = origin === null ? idOf(item, ids) : `original ${origin}`;
    const shape = read(item, origin, key);
    if (typeof shape !== "string") shapes.push(shape);
    else if (origin !== null) odd.push(origin);
  }
  return { shapes, odd };
}

/** What differs from the region as it was given; its other keys are its own. */
function difference(shape: Shape, given: Stored): Stored {
  const before = read(given, shape.origin, shape.key);
  if (typeof before === "string") return {};
  return {
    ...(before.label === shape.label ? {} : { label: shape.label }),
    ...(before.color === shape.color || shape.color === undefined ? {} : { color: shape.color }),
    ...(samePoints(before.points, shape.points) ? {} : place(shape)),
  };
}

function told(shape: Shape, base: readonly Json[]): Stored {
  const given = shape.origin === null ? undefined : base[shape.origin];
  if (shape.origin === null || !isObject(given)) return written(shape);
  const set = difference(shape, given);
  return { $keep: shape.origin, ...(Object.keys(set).length > 0 ? { set } : {}) };
}

const known = new WeakMap<Shape, { base: readonly Json[]; stored: Stored }>();

/** Shapes are never changed, so of hundreds only the few new ones have to be written down again. */
function stored(shape: Shape, base: readonly Json[]): Stored {
  const found = known.get(shape);
  if (found?.base === base) return found.stored;
  const made = told(shape, base);
  known.set(shape, { base, stored: made });
  return made;
}

/** Regions that cannot be drawn stay before those that came after them. */
function listed({ shapes, odd }: ImageWork, base: readonly Json[]): Stored[] {
  const list = shapes.map((shape) => stored(shape, base));
  for (const origin of [...odd].sort((a, b) => a - b)) {
    const after = list.findIndex(({ $keep }) => typeof $keep !== "number" || $keep > origin);
    list.splice(after < 0 ? list.length : after, 0, { $keep: origin });
  }
  return list;
}

function untouched(list: readonly Stored[], base: readonly Json[]): boolean {
  return list.length === base.length && list.every((item, i) => item.$keep === i && item.set === undefined);
}

export const edit: Edit<ImageWork> = {
  start(task: Task, config: Config, draft?: Partial<Changes>): ImageWork {
    const base = listOf(task, config);
    const drafted = draft?.set?.[keyOf(config)];
    const found = Array.isArray(drafted)
      ? fromDraft(drafted, base)
      : sorted(base.map((item, i): [Json, number] => [item, i]));
    return { ...found, size: sizeOf(task) };
  },
  changes(task: Task, work: ImageWork, config: Config): Changes {
    const base = listOf(task, config);
    const list = listed(work, base);
    const key = keyOf(config);
    const regions = Array.isArray(task[key]) && untouched(list, base) ? {} : { [key]: list };
    const { size } = work;
    const known = size === null || (task.width === size.width && task.height === size.height);
    return { set: { ...regions, ...(known ? {} : { ...size }) }, unset: [] };
  },
  problem(_task: Task, { size }: ImageWork, decision: Decision): string | null {
    if (size !== null || decision !== "accept") return null;
    return t("The picture is not there, so nothing on it can be accepted. Wait for it, or reject or ignore.");
  },
  /** Pictures of one card that have keys of their own share its size. */
  writes(_task: Task, config: Config): readonly string[] {
    const key = keyOf(config);
    return key === "spans" ? [key, "width", "height"] : [key];
  },
  summary(task: Task, config: Config = {}): string {
    const n = listOf(task, config).length;
    return n === 0 ? t("no regions") : n === 1 ? t("1 region") : t("{0} regions", n);
  },
};
