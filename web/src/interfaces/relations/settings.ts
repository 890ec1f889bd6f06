/** Settings of relations in the shapes the page uses. */

import type { Config } from "@/api/types";
import { PALETTE } from "@/interfaces/relations/edit";
import { labelStyle, themeOf } from "@/ui/settings";

const ROOMS = { single: ["relationHeight"], wrapped: ["relationHeightWrap", "relationHeightWrapped"] };

/** Room above a line with arcs that `custom_theme` asks for, in CSS pixels. */
export function leastRoom(config: Config): number {
  const theme = themeOf(config);
  const names = config.wrap_relations === true ? ROOMS.wrapped : ROOMS.single;
  const given = names.map((name) => theme[name]).find((height) => typeof height === "number");
  return given === undefined ? 0 : Math.max(0, Math.min(given, 1000));
}

interface Labelled {
  label: string;
  color?: string;
}

/**
 * CSS variables of a label, worked out once for each. A colour of its own counts; those that are stored without
 * anybody's asking do not, since they are legible on white alone.
 */
export function styler(labels: readonly string[], config: Config): (thing: Labelled) => string {
  const known = new Map<string, string>();
  const usual: readonly string[] = PALETTE;
  return ({ label, color = "" }) => {
    const own = color === "" || usual.includes(color.toLowerCase()) ? undefined : color;
    const key = `${own ?? ""} ${label}`;
    const style = known.get(key) ?? labelStyle(label, labels, config, own);
    known.set(key, style);
    return style;
  };
}
