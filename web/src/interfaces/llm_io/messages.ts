/** What a large language model was asked and said, as texts. */

import type { Json, Task } from "@/api/types";

export interface Message {
  kind: "prompt" | "response";
  texts: string[];
}

const KINDS = ["prompt", "response"] as const;

export function messagesOf(task: Task): Message[] {
  const { llm } = task;
  if (llm === null || typeof llm !== "object" || Array.isArray(llm)) return [];
  return KINDS.map((kind) => ({ kind, texts: textsOf(llm[kind]) })).filter(({ texts }) => texts.length > 0);
}

/** A text, or several where a long one was asked in parts; other JSON as it would be written. */
function textsOf(value: Json | undefined): string[] {
  if (value === undefined || value === null) return [];
  const parts = Array.isArray(value) ? value : [value];
  return parts.map((part) => (typeof part === "string" ? part : JSON.stringify(part, null, 2)));
}
