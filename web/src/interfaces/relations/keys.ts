/** The keys of relations beside those of labels. */

import { t } from "@/core/say";
import type { KeyHelp } from "@/interfaces/interface";

interface Having {
  searched: boolean;
  /** Spans are marked, too. */
  spans: boolean;
}

export function helpOf(
  labels: readonly string[],
  keys: readonly (string | null)[],
  { searched, spans }: Having,
): KeyHelp[] {
  return [
    ...labels.flatMap((label, i) => {
      const key = keys[i] ?? null;
      return key === null ? [] : [{ keys: [key], words: t("Relate as {0}, or relabel", label) }];
    }),
    ...(searched ? [{ keys: ["/"], words: t("Find a label") }] : []),
    { keys: ["arrowleft", "arrowright"], words: t("To the word or span before or after") },
    { keys: ["arrowup", "arrowdown"], words: t("To the line above or below") },
    { keys: ["home", "end"], words: t("To the first or last word") },
    { keys: ["enter"], words: t("Pick it: first where the arrow begins, then where it ends") },
    { keys: ["shift+enter"], words: t("Relate it to itself") },
    { keys: [",", "."], words: t("Select the relation before or after") },
    { keys: ["v"], words: t("Turn the selected relation round") },
    { keys: ["backspace", "delete"], words: t("Remove the selected relation") },
    { keys: ["escape"], words: t("Let go of the selection") },
    ...(spans ? [{ keys: ["m"], words: t("Draw relations, or mark spans") }] : []),
  ];
}
