import type { Task } from "@/api/types";
import { edit as audio } from "@/interfaces/audio/edit";
import { edit as audioManual } from "@/interfaces/audio_manual/edit";
import { edit as blocks } from "@/interfaces/blocks/edit";
import { edit as choice } from "@/interfaces/choice/edit";
import { edit as classification } from "@/interfaces/classification/edit";
import { edit as compare } from "@/interfaces/compare/edit";
import { edit as dep } from "@/interfaces/dep/edit";
import { edit as diff } from "@/interfaces/diff/edit";
import { edit as html } from "@/interfaces/html/edit";
import { edit as image } from "@/interfaces/image/edit";
import { edit as imageManual } from "@/interfaces/image_manual/edit";
import { edit as llmIo } from "@/interfaces/llm_io/edit";
import type { Edit } from "@/interfaces/interface";
import { edit as ner } from "@/interfaces/ner/edit";
import { edit as nerManual } from "@/interfaces/ner_manual/edit";
import { edit as spansManual } from "@/interfaces/spans_manual/edit";
import { edit as pages } from "@/interfaces/pages/edit";
import { edit as relations } from "@/interfaces/relations/edit";
import { edit as text } from "@/interfaces/text/edit";
import { edit as textInput } from "@/interfaces/text_input/edit";

/** The pure half of every interface. The desk treats the work as an opaque immutable value. */
export const EDITS = {
  text,
  classification,
  choice,
  ner,
  ner_manual: nerManual,
  pos: ner,
  pos_manual: nerManual,
  spans: ner,
  spans_manual: spansManual,
  relations,
  dep,
  html,
  image,
  image_manual: imageManual,
  audio,
  audio_manual: audioManual,
  compare,
  diff,
  llm_io: llmIo,
  text_input: textInput,
  blocks,
  pages,
} as const;

export type ViewId = keyof typeof EDITS;

export const VIEW_IDS = Object.keys(EDITS) as ViewId[];

export function isViewId(name: string): name is ViewId {
  return Object.hasOwn(EDITS, name);
}

/** The interface of a task: its own `config` may name another than the project's. */
export function viewIdOf(project: string, task: Task): ViewId | null {
  const { config } = task;
  const own = config !== null && typeof config === "object" && !Array.isArray(config) ? config.view_id : null;
  if (typeof own === "string" && isViewId(own)) return own;
  return isViewId(project) ? project : null;
}

export function editOf(viewId: ViewId): Edit<unknown> {
  return EDITS[viewId] as Edit<unknown>;
}
