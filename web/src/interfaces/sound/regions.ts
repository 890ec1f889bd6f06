/** Regions of a recording: what marking, moving, resizing, relabelling and removing do. No page in here. */

import type { Changes, Config, Decision, Json, Task } from "@/api/types";
import { labelColour, parseHex, strayIndex } from "@/core/colour";
import { newId } from "@/core/ids";
import { isKeep, same } from "@/core/merge";
import { t } from "@/core/say";
import { clock } from "@/interfaces/content/stretches";
import { type Edit, NO_CHANGES, strings } from "@/interfaces/interface";
import { withPalette } from "@/interfaces/sound/settings";

/** Seconds. */
export interface Place {
  start: number;
  end: number;
}

export interface Region extends Place {
  id: string;
  label: string;
  /** Its place in the document's own list; the server copies it from there. Null for a new one. */
  origin: number | null;
  /** A colour of its own, as #rrggbb. */
  color?: string;
}

/** Every region of the answer, originals first in their order. */
export type RegionWork = readonly Region[];

/** Shorter ones are slips of the hand. */
export const SHORTEST = 0.01;

type Stored = { [key: string]: Json };

/** To the millisecond: nothing finer can be seen or heard. */
export function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** The stretch between two moments, inside the recording; null for one that is too short. */
export function between(one: number, other: number, duration: number): Place | null {
  const inside = (at: number): number => rounded(Math.min(Math.max(at, 0), duration));
  const [start, end] = [inside(Math.min(one, other)), inside(Math.max(one, other))];
  return end - start < SHORTEST ? null : { start, end };
}

/** A new region; an equal one that is there already is left alone. */
export function mark(work: RegionWork, { start, end }: Place, label: string): RegionWork {
  if (work.some((region) => equal(region, { start, end, label }))) return work;
  return [...work, { id: newId("region"), start, end, label, origin: null }];
}

function equal(one: Place & { label: string }, other: Place & { label: string }): boolean {
  return one.start === other.start && one.end === other.end && one.label === other.label;
}

export function remove(work: RegionWork, gone: Region): RegionWork {
  return work.filter((region) => region !== gone);
}

/** Under its new label it has that label's colour. */
export function relabel(work: RegionWork, old: Region, label: string): RegionWork {
  if (old.label === label) return work;
  const { id, start, end, origin } = old;
  return replaced(work, old, { id, start, end, label, origin });
}

export function place(work: RegionWork, old: Region, { start, end }: Place): RegionWork {
  if (old.start === start && old.end === end) return work;
  return replaced(work, old, { ...old, start, end });
}

/** Where the change would make one region twice, nothing changes. */
function replaced(work: RegionWork, old: Region, region: Region): RegionWork {
  if (work.some((other) => other !== old && equal(other, region))) return work;
  return work.map((one) => (one === old ? region : one));
}

export type Side = "start" | "end";

/** One border moved to a moment; it stops before the other one and at the ends of the recording. */
export function withBorder({ start, end }: Place, side: Side, at: number, duration: number): Place {
  if (side === "start") {
    return { start: rounded(Math.max(0, Math.min(at, end - SHORTEST))), end };
  }
  return { start, end: rounded(Math.max(start + SHORTEST, Math.min(at, Math.max(duration, end)))) };
}

/** Moved as it is by some seconds, as far as the recording goes. */
export function shifted({ start, end }: Place, by: number, duration: number): Place {
  const least = -start;
  const most = Math.max(0, duration - end);
  const way = Math.min(Math.max(by, least), most);
  return { start: rounded(start + way), end: rounded(end + way) };
}

/** The same region in later work, if it is still there. */
export function found(work: RegionWork, region: Region | null): Region | null {
  if (region === null || work.includes(region)) return region;
  return work.find(({ id }) => id === region.id) ?? null;
}

/** By their start, longer ones first. */
export function inOrder(work: RegionWork): readonly Region[] {
  return [...work].sort((a, b) => a.start - b.start || b.end - a.end);
}

/** The regions over a moment, shortest first. */
export function over(work: RegionWork, at: number): readonly Region[] {
  return work
    .filter(({ start, end }) => start <= at && at < end)
    .sort((a, b) => a.end - a.start - (b.end - b.start));
}

/** The row of every region, so that none lies over another, and how many rows there are. */
export function rows(work: RegionWork): { rowOf: ReadonlyMap<Region, number>; count: number } {
  const rowOf = new Map<Region, number>();
  const ends: number[] = [];
  for (const region of inOrder(work)) {
    const free = ends.findIndex((end) => end <= region.start);
    const row = free < 0 ? ends.length : free;
    ends[row] = region.end;
    rowOf.set(region, row);
  }
  return { rowOf, count: ends.length };
}

// ------------------------------------------------------------ colours

/** The colour a label has in the data: that of its place in the label set, or the recipe's own. */
export function colourOf(label: string, given: Config): string {
  const labels = strings(given.labels);
  const config = withPalette(given, labels);
  const theme = config.custom_theme as { labels?: Record<string, unknown> } | null | undefined;
  const own = theme?.labels?.[label];
  const at = labels.indexOf(label);
  const { line } = labelColour(
    at < 0 ? strayIndex(label) : at,
    "light",
    typeof own === "string" ? own : undefined,
  );
  const [r, g, b] = (parseHex(line) ?? [0.5, 0.5, 0.5]).map((part) => Math.round(part * 255));
  return `rgba(${r},${g},${b},0.2)`;
}

const RGB = /^rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)/;

/** The solid form of a colour as it stands in data; null for other kinds. */
function solid(colour: Json | undefined): string | null {
  if (typeof colour !== "string") return null;
  if (parseHex(colour) !== null) return colour;
  const parts = RGB.exec(colour)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return null;
  return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

// ------------------------------------------------------------ documents

function isObject(value: Json | undefined): value is Stored {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function isRegion(value: Json | undefined): value is Stored & Place {
  return isObject(value) && isSeconds(value.start) && isSeconds(value.end) && value.end >= value.start;
}

function isSeconds(value: Json | undefined): value is number {
  return typeof value === "number" && value >= 0 && Number.isFinite(value);
}

/** `at`: its place in the list, which is its name where it has none. */
function original(value: Json | undefined, origin: number | null, config: Config, at: number): Region[] {
  if (!isRegion(value)) return [];
  const { start, end, id } = value;
  const label = typeof value.label === "string" ? value.label : "";
  const own = value.color === colourOf(label, config) ? null : solid(value.color);
  const told = typeof id === "string" || typeof id === "number" ? String(id) : `#${at}`;
  return [{ id: told, start, end, label, origin, ...(own === null ? {} : { color: own }) }];
}

/** Data may hold an id twice; here each has one of its own. */
function distinct(regions: Region[]): Region[] {
  const seen = new Set<string>();
  return regions.map((region, at) => {
    const id = seen.has(region.id) ? `#${at}` : region.id;
    seen.add(id);
    return id === region.id ? region : { ...region, id };
  });
}

/** What a person may change of a region; everything else of it is its own. */
const CHANGEABLE = new Set(["start", "end", "label", "color"]);

function ownKeys(region: Stored): Stored {
  return Object.fromEntries(Object.entries(region).filter(([key]) => !CHANGEABLE.has(key)));
}

/** The original that a region of a draft was made of: a server tells drafts whole, without saying so. */
function originOf(item: Json, base: readonly Json[]): number | null {
  if (!isObject(item)) return null;
  const equal = base.findIndex((other) => same(item, other));
  if (equal >= 0) return equal;
  const mine = ownKeys(item);
  if (Object.keys(mine).length === 0) return null;
  const made = base.findIndex((other) => isObject(other) && same(mine, ownKeys(other)));
  return made < 0 ? null : made;
}

function fromDraft(item: Json, base: readonly Json[], config: Config, at: number): Region[] {
  if (!isKeep(item)) return original(item, originOf(item, base), config, at);
  const kept = base[item.$keep];
  if (!isObject(kept)) return [];
  const changed: Stored = { ...kept, ...item.set };
  for (const key of item.unset ?? []) Reflect.deleteProperty(changed, key);
  return original(changed, item.$keep, config, at);
}

/** What differs from the region as it was given; its other keys are its own. */
function difference(region: Region, given: Stored, config: Config): Stored {
  const set: Stored = {};
  if (given.start !== region.start) set.start = region.start;
  if (given.end !== region.end) set.end = region.end;
  if ((given.label ?? "") !== region.label) {
    set.label = region.label;
    set.color = colourOf(region.label, config);
  }
  return set;
}

function written(region: Region, base: readonly Json[], config: Config): Stored {
  const { start, end, label, id, origin } = region;
  const given = origin === null ? undefined : base[origin];
  if (origin === null || !isObject(given)) {
    return { start, end, label, id, color: colourOf(label, config) };
  }
  const set = difference(region, given, config);
  return Object.keys(set).length > 0 ? { $keep: origin, set } : { $keep: origin };
}

const known = new WeakMap<Region, { base: readonly Json[]; stored: Stored }>();

/** Regions are never changed, so of hundreds only the few new ones have to be written down again. */
function stored(region: Region, base: readonly Json[], config: Config): Stored {
  const found = known.get(region);
  if (found?.base === base) return found.stored;
  const made = written(region, base, config);
  known.set(region, { base, stored: made });
  return made;
}

const NONE: readonly Json[] = [];

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : NONE;
}

/** What is no region at all is kept where it is. */
function unreadable(base: readonly Json[]): Stored[] {
  return base.flatMap((item, i) => (isRegion(item) ? [] : [{ $keep: i }]));
}

export function regionsOf(task: Task, config: Config): RegionWork {
  return distinct(listOf(task.audio_spans).flatMap((item, i) => original(item, i, config, i)));
}

export const edit: Edit<RegionWork> = {
  start(task: Task, config: Config, draft?: Partial<Changes>): RegionWork {
    const base = listOf(task.audio_spans);
    const drafted = draft?.set?.audio_spans;
    if (!Array.isArray(drafted)) return regionsOf(task, config);
    return distinct(drafted.flatMap((item, at) => fromDraft(item, base, config, at)));
  },
  changes(task: Task, work: RegionWork, config: Config): Changes {
    const base = listOf(task.audio_spans);
    const odd = unreadable(base);
    const sorted = [...work].sort((a, b) => a.start - b.start || a.end - b.end);
    const list = sorted.map((region) => stored(region, base, config));
    const untouched = list.length === base.length - odd.length && list.every(isUntouched);
    if (Array.isArray(task.audio_spans) && untouched) return NO_CHANGES;
    return { set: { audio_spans: [...odd, ...list] }, unset: [] };
  },
  problem(_task: Task, work: RegionWork, decision: Decision): string | null {
    if (decision !== "accept") return null;
    const bad = work.find(({ start, end, label }) => start === end || label === "");
    if (bad !== undefined) {
      return bad.label === ""
        ? t("The region {0} has no label: give it one or remove it.", placeWords(bad))
        : t("The region {0} is empty: it ends where it starts. Stretch or remove it.", placeWords(bad));
    }
    const twice = work.find((region, i) => work.slice(0, i).some((other) => equal(region, other)));
    if (twice === undefined) return null;
    return t("The region {0} ({1}) is there twice: remove one.", placeWords(twice), twice.label);
  },
  writes: ["audio_spans"],
  summary(task: Task): string {
    const n = listOf(task.audio_spans).length;
    return n === 0 ? t("no regions") : n === 1 ? t("1 region") : t("{0} regions", n);
  },
};

function isUntouched(item: Stored): boolean {
  return Object.keys(item).join() === "$keep";
}

export function placeWords({ start, end }: Place): string {
  return `${clock(start)} – ${clock(end)}`;
}
