/** The keys of the span interfaces beside those of labels. */

import { t } from "@/core/say";
import type { KeyHelp } from "@/interfaces/interface";

export interface BorderMove {
  side: "start" | "end";
  direction: 1 | -1;
  characters: boolean;
}

const BORDERS: Record<string, Omit<BorderMove, "characters">> = {
  q: { side: "start", direction: -1 },
  w: { side: "start", direction: 1 },
  o: { side: "end", direction: -1 },
  p: { side: "end", direction: 1 },
};

/** The border of the selected span a key moves, if it does; with shift by a character. */
export function borderKey(key: string): BorderMove | null {
  const characters = key.startsWith("shift+");
  const move = BORDERS[characters ? key.slice("shift+".length) : key];
  return move === undefined ? null : { ...move, characters };
}

interface Having {
  switchable: boolean;
  searched: boolean;
  overlap: boolean;
}

export function helpOf(
  labels: readonly string[],
  keys: readonly (string | null)[],
  { switchable, searched, overlap }: Having,
): KeyHelp[] {
  return [
    ...labels.flatMap((label, i) => {
      const key = keys[i] ?? null;
      return key === null ? [] : [{ keys: [key], words: t("Mark as {0}, or relabel", label) }];
    }),
    ...(searched ? [{ keys: ["/"], words: t("Find a label") }] : []),
    { keys: ["arrowleft", "arrowright"], words: t("Move the cursor by a token") },
    { keys: ["arrowup", "arrowdown"], words: t("Move the cursor by a line") },
    { keys: ["ctrl+arrowleft", "ctrl+arrowright"], words: t("To the sentence before or after") },
    { keys: ["home", "end"], words: t("To the line's start or end; with ctrl the text's") },
    { keys: ["shift+arrowright"], words: t("Stretch the selection (any move with shift)") },
    { keys: ["enter"], words: t("Mark the selection with the chosen label") },
    { keys: ["r"], words: t("Mark it with the label used last") },
    { keys: ["e"], words: t("The same label wherever the same words stand") },
    {
      keys: [",", "."],
      words: overlap
        ? t("Select the span before or after, inner ones too")
        : t("Select the span before or after"),
    },
    { keys: ["q", "w"], words: t("Move the selected span's start (with shift by a character)") },
    { keys: ["o", "p"], words: t("Move the selected span's end (with shift by a character)") },
    { keys: ["backspace", "delete"], words: t("Remove the selected span") },
    { keys: ["escape"], words: t("Let go of the selection") },
    ...(switchable ? [{ keys: ["m"], words: t("Mark characters, or words") }] : []),
  ];
}
