/**
 * The parts of a card of blocks. Keys of a block stand over those of the task and over the settings; null takes
 * a key of the task away. What was answered under a key that the block writes stands over the block's own.
 */

import { t } from "@/core/say";
import { plain } from "@/api/json";
import type { Config, Json, Task } from "@/api/types";
import { type Edit, strings, writesOf } from "@/interfaces/interface";
import { editOf, isViewId, type ViewId } from "@/interfaces/edits";

export interface Part {
  /** Its place, from 0. */
  place: number;
  /** What the recipe calls its interface. */
  name: string;
  /** Null for an interface that cannot be a block. */
  viewId: ViewId | null;
  edit: Edit<unknown>;
  task: Task;
  config: Config;
  writes: readonly string[];
  /** Its own label set. */
  labels: string[] | null;
}

type Block = { [key: string]: Json };

/** `config` holds the task's own settings already. */
export function partsOf(task: Task, config: Config): Part[] {
  const blocks: unknown = config.blocks;
  if (!Array.isArray(blocks)) return [];
  return blocks.map((block, place) => partOf(objectOf(block), place, task, config));
}

function objectOf(value: unknown): Block {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Block) : {};
}

function partOf({ view_id: given, ...own }: Block, place: number, task: Task, config: Config): Part {
  const name = typeof given === "string" ? given : plain(given ?? null);
  const viewId = isViewId(name) && name !== "blocks" && name !== "pages" ? name : null;
  const edit = editOf(viewId ?? "text");
  const settings = { ...withoutTemplate(withoutChanges(config, own), viewId), ...own } as Config;
  const laid = lay(task, own);
  const writes = viewId === null ? [] : writesOf(edit, laid, settings);
  const answered = writes.filter((key) => task[key] !== undefined);
  const document = { ...laid, ...Object.fromEntries(answered.map((key) => [key, task[key]])) } as Task;
  const labels = Array.isArray(own.labels) ? strings(own.labels) : null;
  return { place, name, viewId, edit, task: document, config: settings, writes, labels };
}

function lay(task: Task, own: Block): Task {
  const laid = Object.entries({ ...task, ...own }).filter(([, value]) => value !== null);
  return Object.fromEntries(laid);
}

/** Options that a block brings are its own, and no labels of the project. */
function withoutChanges(config: Config, own: Block): Config {
  return own.options === undefined ? config : { ...config, label_changes: null };
}

/** A template for the whole card is meant for its `html` blocks. */
function withoutTemplate(config: Config, viewId: ViewId | null): Config {
  return viewId === "html" ? config : { ...config, html_template: null };
}

/** Why the blocks cannot be shown, in plain words, or null. */
export function trouble(parts: readonly Part[]): string | null {
  if (parts.length === 0) return t("This task has no blocks to show.");
  const unknown = parts.find((part) => part.viewId === null);
  if (unknown !== undefined) {
    return t(
      "Block {0}: this page cannot show the interface “{1}” in a block.",
      unknown.place + 1,
      unknown.name,
    );
  }
  const owners = new Map<string, Part>();
  for (const part of parts) {
    for (const key of part.writes) {
      const owner = owners.get(key);
      if (owner !== undefined) {
        return t(
          "Blocks {0} ({1}) and {2} ({3}) would both write “{4}”.",
          owner.place + 1,
          owner.name,
          part.place + 1,
          part.name,
          key,
        );
      }
      owners.set(key, part);
    }
  }
  return null;
}
