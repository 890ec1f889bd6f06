/** The keys of recordings, beside those of labels. */

import { t } from "@/core/say";
import type { KeyHelp } from "@/interfaces/interface";
import type { Side } from "@/interfaces/sound/regions";

/** Seconds that a key winds on or back. */
const WINDS: Record<string, number> = {
  arrowleft: -1,
  arrowright: 1,
  "shift+arrowleft": -0.1,
  "shift+arrowright": 0.1,
  "ctrl+arrowleft": -10,
  "ctrl+arrowright": 10,
  // These work inside of fields, too: to hear again what one is writing down.
  "ctrl+arrowup": -2,
  "ctrl+arrowdown": 2,
  "alt+pageup": -2,
  "alt+pagedown": 2,
};

export function windOf(key: string): number | null {
  return WINDS[key] ?? null;
}

export interface BorderMove {
  side: Side;
  /** Seconds. */
  by: number;
}

const BORDERS: Record<string, BorderMove> = {
  q: { side: "start", by: -0.1 },
  w: { side: "start", by: 0.1 },
  o: { side: "end", by: -0.1 },
  p: { side: "end", by: 0.1 },
};
const FINE = 0.1;

/** The border of the selected region a key moves, if it does; with shift a tenth as far. */
export function borderKey(key: string): BorderMove | null {
  const fine = key.startsWith("shift+");
  const move = BORDERS[fine ? key.slice("shift+".length) : key];
  return move === undefined ? null : { side: move.side, by: move.by * (fine ? FINE : 1) };
}

/** Seconds by which a key moves the whole selected region. */
export function moveKey(key: string): number | null {
  const way = { j: -1, k: 1 }[key.replace("shift+", "")];
  if (way === undefined) return null;
  return way * (key.startsWith("shift+") ? 0.1 * FINE : 0.1);
}

export function playHelp(playpause: string[], marked: boolean): KeyHelp[] {
  return [
    ...(playpause.length === 0 ? [] : [{ keys: playpause, words: t("Play or pause") }]),
    { keys: ["arrowleft", "arrowright"], words: t("Back or on by a second (shift: a tenth, ctrl: ten)") },
    { keys: ["ctrl+arrowup", "ctrl+arrowdown"], words: t("Back or on by two seconds, in fields as well") },
    { keys: ["home", "end"], words: t("To the start or end of the recording") },
    { keys: ["<", ">"], words: t("Slower, faster") },
    { keys: ["-", "+"], words: t("See more, see it larger") },
    ...(marked
      ? [
          { keys: [",", "."], words: t("Select the region before or after") },
          { keys: ["r"], words: t("Hear the selected region") },
        ]
      : []),
  ];
}

export function markHelp(
  labels: readonly string[],
  keys: readonly (string | null)[],
  searched: boolean,
): KeyHelp[] {
  return [
    ...labels.flatMap((label, i) => {
      const key = keys[i] ?? null;
      return key === null ? [] : [{ keys: [key], words: t("Mark as {0}, or relabel", label) }];
    }),
    ...(searched ? [{ keys: ["/"], words: t("Find a label") }] : []),
    { keys: ["m"], words: t("A region starts here; again: it ends here. Also while playing") },
    { keys: ["q", "w"], words: t("Selected region: start earlier, later by a tenth (shift: a hundredth)") },
    { keys: ["o", "p"], words: t("Selected region: end earlier, later by a tenth (shift: a hundredth)") },
    {
      keys: ["j", "k"],
      words: t("Selected region: all of it earlier, later by a tenth (shift: a hundredth)"),
    },
    { keys: ["backspace", "delete"], words: t("Remove the selected region") },
    { keys: ["escape"], words: t("Let go of the region") },
  ];
}
