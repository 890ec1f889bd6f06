/** The keys of the span interfaces beside those of labels. */

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
      return key === null ? [] : [{ keys: [key], words: `Mark as ${label}, or relabel` }];
    }),
    ...(searched ? [{ keys: ["/"], words: "Find a label" }] : []),
    { keys: ["arrowleft", "arrowright"], words: "Move the cursor by a token" },
    { keys: ["arrowup", "arrowdown"], words: "Move the cursor by a line" },
    { keys: ["ctrl+arrowleft", "ctrl+arrowright"], words: "To the sentence before or after" },
    { keys: ["home", "end"], words: "To the line's start or end; with ctrl the text's" },
    { keys: ["shift+arrowright"], words: "Stretch the selection (any move with shift)" },
    { keys: ["enter"], words: "Mark the selection with the chosen label" },
    { keys: ["r"], words: "Mark it with the label used last" },
    { keys: ["e"], words: "The same label wherever the same words stand" },
    {
      keys: [",", "."],
      words: overlap ? "Select the span before or after, inner ones too" : "Select the span before or after",
    },
    { keys: ["q", "w"], words: "Move the selected span's start (with shift by a character)" },
    { keys: ["o", "p"], words: "Move the selected span's end (with shift by a character)" },
    { keys: ["backspace", "delete"], words: "Remove the selected span" },
    { keys: ["escape"], words: "Let go of the selection" },
    ...(switchable ? [{ keys: ["m"], words: "Mark characters, or words" }] : []),
  ];
}
