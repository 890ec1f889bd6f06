/** The colours of the page as scripts get them. */

import type { Config, Json } from "@/api/types";

const COLOURS: Record<string, string> = {
  accept: "--accept",
  reject: "--reject",
  ignore: "--ignore",
  undo: "--ignore",
  bgPage: "--bg",
  bgCard: "--paper",
  bgMeta: "--sunk",
  colorText: "--ink",
  colorMeta: "--ink-2",
  border: "--line",
  accent: "--accent",
};

/** As they are now, light or dark, with `custom_theme` over them. */
export function themeColours(config: Config): { [name: string]: Json } {
  const probe = document.createElement("span");
  document.body.append(probe);
  const told = Object.entries(COLOURS).map(([name, variable]) => {
    probe.style.color = `var(${variable})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  const own = config.custom_theme;
  return {
    ...(Object.fromEntries(told) as { [name: string]: Json }),
    ...(own !== null && typeof own === "object" && !Array.isArray(own) ? own : {}),
  };
}
