/** Relations between words or spans, and the spans: what drawing, relabelling and removing do. No page in here. */

import { t } from "@/core/say";
import type { Changes, Config, Json, Task } from "@/api/types";
import { isKeep, same } from "@/core/merge";
import { offsetsOf } from "@/core/offsets";
import { type Edit, NO_CHANGES, strings } from "@/interfaces/interface";
import { docOf, type End, isObject, readEnd, sameEnd } from "@/interfaces/relations/ends";
import type { Document } from "@/interfaces/spans/document";
import { edit as spanEdit, type SpanWork } from "@/interfaces/spans/edit";

export interface Relation {
  head: End;
  child: End;
  label: string;
  /** Stored with it; what is drawn follows the label. */
  color: string;
  /** Its place in the document's own list; null for a new one. */
  origin: number | null;
}

export interface RelationWork {
  spans: SpanWork;
  relations: readonly Relation[];
  /** Places of what stands among the relations and cannot be drawn. */
  odd: readonly number[];
}

type Stored = { [key: string]: Json };

/** Colours of labels in their order, as they are stored. */
export const PALETTE = [
  "#ffd882",
  "#c5bdf4",
  "#d9fbad",
  "#c2f2f6",
  "#ffdaf9",
  "#b5c6c9",
  "#96e8ce",
  "#ffd1b2",
] as const;

export function sameRelation(a: Relation, b: Relation): boolean {
  return a.label === b.label && sameEnd(a.head, b.head) && sameEnd(a.child, b.child);
}

/** The work with one more relation; the same work where it is there already. */
export function relate(work: RelationWork, relation: Omit<Relation, "origin">): RelationWork {
  const made = { ...relation, origin: null };
  if (work.relations.some((one) => sameRelation(one, made))) return work;
  return { ...work, relations: [...work.relations, made] };
}

/** The work with another relation in the place of one; the same work where that is there already. */
export function change(work: RelationWork, old: Relation, next: Relation): RelationWork {
  if (work.relations.some((one) => sameRelation(one, next))) return work;
  return { ...work, relations: work.relations.map((one) => (one === old ? next : one)) };
}

export function turned(relation: Relation): Relation {
  return { ...relation, head: relation.child, child: relation.head };
}

export function without(work: RelationWork, gone: Relation): RelationWork {
  return { ...work, relations: work.relations.filter((one) => one !== gone) };
}

export function withoutOdd(work: RelationWork, place: number): RelationWork {
  return { ...work, odd: work.odd.filter((one) => one !== place) };
}

/** Whether spans are marked beside relations. */
export function marksSpans(config: Config): boolean {
  return strings(config.relations_span_labels).length > 0;
}

// ------------------------------------------------------------ from the document

const COMMON = new Set(["head", "child", "head_span", "child_span", "label", "color"]);

function own(relation: Stored): Stored {
  return Object.fromEntries(Object.entries(relation).filter(([key]) => !COMMON.has(key)));
}

/** What relations were read from, so that those nobody touched are not compared again. */
const source = new WeakMap<Relation, Json>();

/** A relation as it is stored; null for what cannot be drawn. */
export function readRelation(
  doc: Document,
  item: Json,
  origin: number | null,
  spans: SpanWork,
): Relation | null {
  if (!isObject(item)) return null;
  const [head, child] = [readEnd(doc, item, "head", spans), readEnd(doc, item, "child", spans)];
  if (head === null || child === null) return null;
  const { label, color } = item;
  const text = typeof label === "string" ? label : "";
  const relation = { head, child, label: text, color: typeof color === "string" ? color : "", origin };
  source.set(relation, item);
  return relation;
}

/** The original that a relation of a draft was made of: a server tells drafts whole, without saying so. */
function originOf(item: Json, base: readonly Json[]): number | null {
  const equal = base.findIndex((other) => same(item, other));
  if (equal >= 0 || !isObject(item)) return equal >= 0 ? equal : null;
  const mine = own(item);
  if (Object.keys(mine).length === 0) return null;
  const made = base.findIndex((other) => isObject(other) && same(mine, own(other)));
  return made < 0 ? null : made;
}

interface Item {
  value: Json;
  origin: number | null;
}

function drafted(item: Json, base: readonly Json[]): Item[] {
  if (!isKeep(item)) return [{ value: item, origin: originOf(item, base) }];
  const kept = base[item.$keep];
  if (kept === undefined) return [];
  if (!isObject(kept)) return [{ value: kept, origin: item.$keep }];
  const changed: Stored = { ...kept, ...item.set };
  for (const key of item.unset ?? []) Reflect.deleteProperty(changed, key);
  return [{ value: changed, origin: item.$keep }];
}

const NONE: readonly Json[] = [];

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : NONE;
}

function started(task: Task, spans: SpanWork, items: readonly Item[]): RelationWork {
  const doc = docOf(task);
  const relations: Relation[] = [];
  const odd: number[] = [];
  for (const { value, origin } of items) {
    const relation = readRelation(doc, value, origin, spans);
    if (relation !== null) relations.push(relation);
    else if (origin !== null) odd.push(origin);
  }
  return { spans, relations, odd };
}

// ------------------------------------------------------------ to the document

function written({ head, child, label, color }: Relation): Stored {
  return {
    head: head.token_end,
    child: child.token_end,
    head_span: { ...head },
    child_span: { ...child },
    color,
    label,
  };
}

/** What differs from the relation as it was given; its other keys are its own. */
function difference(relation: Relation, before: Relation, given: Stored): Stored {
  const set: Stored = {};
  if (before.label !== relation.label) {
    set.label = relation.label;
    if ("color" in given) set.color = relation.color;
  }
  for (const side of ["head", "child"] as const) {
    const [was, is] = [before[side], relation[side]];
    if (sameEnd(was, is) && was.label === is.label) continue;
    set[side] = is.token_end;
    set[`${side}_span`] = { ...is };
  }
  return set;
}

function stored(relation: Relation, base: readonly Json[], doc: Document, spans: SpanWork): Stored {
  const given = relation.origin === null ? undefined : base[relation.origin];
  if (given !== undefined && source.get(relation) === given) return { $keep: relation.origin };
  const before = given === undefined ? null : readRelation(doc, given, relation.origin, spans);
  if (before === null || !isObject(given)) return written(relation);
  const set = difference(relation, before, given);
  return { $keep: relation.origin, ...(Object.keys(set).length > 0 ? { set } : {}) };
}

function relationsOf(task: Task, { relations, odd }: RelationWork): Stored[] | null {
  const base = listOf(task.relations);
  const given = spanEdit.start(task, {});
  const originals = relations.filter(({ origin }) => origin !== null);
  const kept = originals.map((one) => ({ at: one.origin ?? 0, item: stored(one, base, docOf(task), given) }));
  const rest = odd.map((at) => ({ at, item: { $keep: at } as Stored }));
  const old = [...kept, ...rest].sort((a, b) => a.at - b.at).map(({ item }) => item);
  const made = relations.filter(({ origin }) => origin === null).map(written);
  const untouched =
    made.length === 0 &&
    old.length === base.length &&
    old.every((item) => Object.keys(item).join() === "$keep");
  return Array.isArray(task.relations) && untouched ? null : [...old, ...made];
}

/** Spans made here tell their text and what they are, as those of exports do. */
function told(item: Json, text: string): Json {
  if (!isObject(item) || "$keep" in item) return item;
  const { start, end, token_start, token_end, label } = item;
  const { toUnits } = offsetsOf(text);
  const words = text.slice(toUnits(Number(start)), toUnits(Number(end)));
  const tokens: Stored =
    token_start === undefined || token_end === undefined ? {} : { token_start, token_end };
  return { text: words, start: start ?? 0, ...tokens, end: end ?? 0, type: "span", label: label ?? "" };
}

function spanChanges(task: Task, spans: SpanWork, config: Config): Changes["set"] {
  if (!marksSpans(config)) return {};
  const { spans: list } = spanEdit.changes(task, spans, config).set;
  if (!Array.isArray(list)) return {};
  const text = typeof task.text === "string" ? task.text : "";
  return { spans: list.map((item) => told(item, text)) };
}

export const edit: Edit<RelationWork> = {
  start(task: Task, config: Config, draft?: Partial<Changes>): RelationWork {
    const base = listOf(task.relations);
    const spans = spanEdit.start(task, config, draft);
    const changed = draft?.set?.relations;
    const items = Array.isArray(changed)
      ? changed.flatMap((item) => drafted(item, base))
      : base.map((value, origin) => ({ value, origin }));
    return started(task, spans, items);
  },
  changes(task: Task, work: RelationWork, config: Config): Changes {
    const relations = relationsOf(task, work);
    const spans = spanChanges(task, work.spans, config);
    if (relations === null && Object.keys(spans).length === 0) return NO_CHANGES;
    return { set: { ...spans, ...(relations === null ? {} : { relations }) }, unset: [] };
  },
  problem: () => null,
  writes: (_task: Task, config: Config) => (marksSpans(config) ? ["relations", "spans"] : ["relations"]),
  summary(task: Task): string {
    return counted(listOf(task.relations).length);
  },
};

/** So many relations, in words. */
export function counted(n: number): string {
  return n === 0 ? t("no relations") : n === 1 ? t("1 relation") : t("{0} relations", n);
}
