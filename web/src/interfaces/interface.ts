import type { Changes, Config, Decision, Task } from "@/api/types";

/** A key an interface listens to, for the list of keys. */
export interface KeyHelp {
  keys: string[];
  words: string;
}

/**
 * The pure half of an interface: what a card's work is, and what it changes in the document. `S` is an
 * immutable value; null for interfaces that only ask for a decision.
 */
export interface Edit<S> {
  /**
   * The work as the document has it, or as an unsent draft of the same document left it. `answered`: the
   * document is an answer given earlier.
   */
  start(task: Task, config: Config, draft?: Partial<Changes>, answered?: boolean): S;
  /** Changes against the document; nothing that the person did not touch. */
  changes(task: Task, work: S, config: Config): Changes;
  /** Why this work cannot be submitted with this decision, in plain words, or null. */
  problem(task: Task, work: S, decision: Decision, config: Config): string | null;
  /** Top-level keys the work may change: what "keep mine" writes after a conflict. */
  readonly writes: readonly string[] | ((task: Task, config: Config) => readonly string[]);
  /** A few words for the list of answers ("2 spans", "sports"). */
  summary(task: Task, config?: Config): string;
}

/** How a change of the work is remembered. */
export interface Change {
  /** A change of the same step as the one before it is one step with it, as letters typed into a field. */
  step?: string;
  /** Only where the person looks has changed: no step, and nothing to save. */
  look?: boolean;
}

export function writesOf(edit: Edit<unknown>, task: Task, config: Config): readonly string[] {
  return typeof edit.writes === "function" ? edit.writes(task, config) : edit.writes;
}

export const NO_CHANGES: Changes = { set: {}, unset: [] };

/** An interface that shows something and asks for a decision. */
export function decisionOnly(summary: (task: Task) => string = () => ""): Edit<null> {
  return { start: () => null, changes: () => NO_CHANGES, problem: () => null, writes: [], summary };
}

/** Settings of the project with the task's own `config` over them. */
export function settingsFor(config: Config, task: Task): Config {
  const own = task.config;
  return own !== null && typeof own === "object" && !Array.isArray(own) ? { ...config, ...own } : config;
}

export function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
