/** The keys of drawing beside those of labels. */

import { t } from "@/core/say";
import type { Drawing, Tool } from "@/interfaces/image_manual/drawing.svelte";
import type { Grip } from "@/interfaces/image_manual/geometry";
import type { KeyHelp } from "@/interfaces/interface";

export const TOOL_KEYS: Record<Tool, string> = { select: "v", rect: "b", polygon: "g", freehand: "d" };

const ARROWS: Record<string, [Grip["h"], Grip["v"]]> = {
  arrowleft: [-1, 0],
  arrowright: [1, 0],
  arrowup: [0, -1],
  arrowdown: [0, 1],
};

/** So much of the window is gone on by at once. */
const PUSH = 0.25;

const ACTIONS: Record<string, (drawing: Drawing) => unknown> = {
  escape: (drawing) => drawing.leave(),
  enter: (drawing) => drawing.enter(),
  backspace: (drawing) => drawing.removeSelected(),
  delete: (drawing) => drawing.removeSelected(),
  "ctrl+z": (drawing) => drawing.backOne(),
  "command+z": (drawing) => drawing.backOne(),
  ",": (drawing) => drawing.pickBeside(-1),
  ".": (drawing) => drawing.pickBeside(1),
  o: (drawing) => drawing.pickBelow(),
  u: (drawing) => drawing.reorder("front"),
  "shift+u": (drawing) => drawing.reorder("back"),
  "+": (drawing) => drawing.zoomIn(),
  "=": (drawing) => drawing.zoomIn(),
  "-": (drawing) => drawing.zoomOut(),
  z: (drawing) => drawing.fit(),
  "shift+z": (drawing) => drawing.zoomToSelected(),
  pageup: (drawing) => drawing.push(0, drawing.room.height * PUSH),
  pagedown: (drawing) => drawing.push(0, -drawing.room.height * PUSH),
  home: (drawing) => drawing.push(drawing.room.width * PUSH, 0),
  end: (drawing) => drawing.push(-drawing.room.width * PUSH, 0),
  k: (drawing) => drawing.darken(),
  m: (drawing) => drawing.hide(),
};

/** True when the key meant something here. */
export function pressed(drawing: Drawing, key: string): boolean {
  const tool = (["select", ...drawing.modes] as const).find((one) => TOOL_KEYS[one] === key);
  const parts = key.split("+");
  const arrow = ARROWS[parts.at(-1) ?? ""];
  if (tool !== undefined) drawing.take(tool);
  else if (arrow !== undefined && !parts.includes("alt") && !parts.includes("command")) {
    drawing.arrow(...arrow, { stretch: parts.includes("shift"), fine: parts.includes("ctrl") });
  } else return Object.hasOwn(ACTIONS, key) && ACTIONS[key]?.(drawing) !== false;
  return true;
}

export function helpOf({ labels, keys, modes }: Drawing, searched: boolean): KeyHelp[] {
  const tools: Record<Tool, string> = {
    select: t("Select and move"),
    rect: t("Draw boxes"),
    polygon: t("Draw polygons"),
    freehand: t("Draw freehand"),
  };
  return [
    ...labels.flatMap((label, i) => {
      const key = keys[i] ?? null;
      return key === null ? [] : [{ keys: [key], words: t("Mark as {0}, or relabel", label) }];
    }),
    ...(searched ? [{ keys: ["/"], words: t("Find a label") }] : []),
    ...(["select", ...modes] as const).map((tool) => ({ keys: [TOOL_KEYS[tool]], words: tools[tool] })),
    {
      keys: ["arrowleft", "arrowright", "arrowup", "arrowdown"],
      words: t("Move the selected region, or else the cross; with ctrl by a pixel"),
    },
    { keys: ["shift+arrowright"], words: t("Stretch or shrink the selected region (any arrow with shift)") },
    { keys: ["enter"], words: t("Begin or end a region at the cross; set a corner") },
    { keys: ["escape"], words: t("Drop what is being drawn, or let go of the region") },
    { keys: ["backspace", "delete"], words: t("Remove the selected region, or the last corner") },
    { keys: [",", "."], words: t("Select the region before or after") },
    { keys: ["o"], words: t("Select what lies below or above at the same place") },
    { keys: ["u", "shift+u"], words: t("To the front, or to the back") },
    { keys: ["+", "-"], words: t("Closer, or farther away") },
    { keys: ["z", "shift+z"], words: t("The whole picture, or the selected region") },
    { keys: ["pageup", "pagedown", "home", "end"], words: t("Go up, down, left and right over the picture") },
    { keys: ["k"], words: t("Darken the picture") },
    { keys: ["m"], words: t("Hide or show the regions") },
  ];
}
