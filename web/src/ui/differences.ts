/** What one of two answers to a task has and the other has not, in a few words. */

import { t } from "@/core/say";
import { plain } from "@/api/json";
import type { Json, Task } from "@/api/types";
import { same } from "@/core/merge";
import { offsetsOf } from "@/core/offsets";

const SHOWN = 4;
const LONGEST = 40;

export function onlyIn(task: Task, other: Task): string[] {
  const words = Object.keys(task)
    .filter((key) => !key.startsWith("_") && !same(task[key], other[key]))
    .flatMap((key) => wordsOf(key, task[key], other[key], task));
  return words.length <= SHOWN
    ? words
    : [...words.slice(0, SHOWN - 1), t("{0} more", words.length - SHOWN + 1)];
}

function wordsOf(key: string, value: Json | undefined, other: Json | undefined, task: Task): string[] {
  if (value === undefined || value === null || value === "" || value === false) return [];
  if (!Array.isArray(value)) return [value === true ? key : `${key}: ${short(plain(value))}`];
  const theirs = Array.isArray(other) ? other : [];
  return value.filter((item) => !theirs.some((one) => same(item, one))).map((item) => itemWords(item, task));
}

function itemWords(item: Json, task: Task): string {
  if (item === null || typeof item !== "object" || Array.isArray(item)) return short(plain(item));
  const { start, end, label } = item;
  if (typeof start !== "number" || typeof end !== "number" || typeof task.text !== "string")
    return short(plain(item.text ?? item.label ?? item.id ?? item));
  const { toUnits } = offsetsOf(task.text);
  return `“${short(task.text.slice(toUnits(start), toUnits(end)))}” ${plain(label ?? "")}`.trim();
}

function short(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1).trimEnd()}…`;
}
