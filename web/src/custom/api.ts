/** What scripts of a recipe find under `window.tallymark`, and under `window.prodigy`. */

import { parse, stringify } from "@/api/json";
import type { Config, Json, Task } from "@/api/types";
import type { Desk } from "@/core/desk";
import { same } from "@/core/merge";
import { themeColours } from "@/custom/theme";

export const PREFIXES = ["tallymark", "prodigy"] as const;

export interface PageApi {
  /** The task with the annotations so far; what is changed in it is stored with the answer. */
  readonly content: Task;
  readonly options: Json;
  readonly config: Config;
  readonly viewId: string;
  readonly theme: { [name: string]: Json };
  /** Merges keys into the task and shows it anew; undefined takes a key away. */
  update: (values: { [key: string]: Json | undefined }) => void;
  /** Calls an event hook of the recipe with the keys of the payload. */
  event: (name: string, payload?: { [key: string]: Json }) => Promise<Json>;
  resetQueue: () => Promise<void>;
  save: () => Promise<void>;
  addEventListener: (name: string, listener: EventListener) => void;
  removeEventListener: (name: string, listener: EventListener) => void;
}

interface Handed {
  taskId: string;
  /** What scripts hold and may change. */
  task: Task;
  /** What it was. */
  before: Task;
}

/** The document that scripts hold, and what they changed in it. */
export class Content {
  private handed: Handed | null = null;

  constructor(private readonly desk: Desk) {}

  get(): Task {
    const { document } = this.desk;
    const taskId = this.desk.view.card?.taskId;
    if (document === null || taskId === undefined) return {};
    if (this.handed?.taskId === taskId && same(document, this.handed.before)) return this.handed.task;
    this.gather();
    const now = this.desk.document ?? document;
    this.handed = { taskId, task: copy(now), before: copy(now) };
    return this.handed.task;
  }

  /** Takes over what scripts wrote into the document. */
  gather(): void {
    const { handed } = this;
    if (handed === null || this.desk.view.card?.taskId !== handed.taskId) return;
    const { task, before } = handed;
    const keys = [...new Set([...Object.keys(task), ...Object.keys(before)])];
    const changed = keys.filter((key) => !same(task[key], before[key]));
    if (changed.length === 0) return;
    handed.before = copy(task);
    this.desk.update(copied(Object.fromEntries(changed.map((key) => [key, task[key]]))));
  }
}

export function pageApi(desk: Desk, content: Content): PageApi {
  const full = (name: string): string =>
    PREFIXES.some((prefix) => name.startsWith(prefix)) ? name : `${PREFIXES[0]}${name}`;
  return {
    get content() {
      return content.get();
    },
    get options() {
      return content.get().options ?? [];
    },
    get config() {
      return desk.view.project.config;
    },
    get viewId() {
      return desk.view.project.view_id;
    },
    get theme() {
      return themeColours(desk.view.project.config);
    },
    update(values) {
      if (values === null || typeof values !== "object" || Array.isArray(values)) {
        throw new TypeError("update() takes an object with the keys to change");
      }
      content.gather();
      desk.update(copied(values));
    },
    event: async (name, payload = {}) => desk.event(name, payload),
    resetQueue: () => desk.resetQueue(),
    save() {
      content.gather();
      return desk.save();
    },
    addEventListener: (name, listener) => document.addEventListener(full(name), listener),
    removeEventListener: (name, listener) => document.removeEventListener(full(name), listener),
  };
}

export function copy(task: Task): Task {
  return parse(stringify(task)) as Task;
}

/** A copy that later changes of the script do not reach; what is no JSON raises an error here. */
function copied(values: { [key: string]: Json | undefined }): { [key: string]: Json | undefined } {
  const told = Object.entries(values).map(([key, value]) => [
    key,
    value === undefined ? undefined : parse(stringify(value)),
  ]);
  return Object.fromEntries(told) as { [key: string]: Json | undefined };
}
