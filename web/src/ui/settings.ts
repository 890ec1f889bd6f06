/** Settings of the project in the shapes the page uses. */

import type { Config, Json, Project, Task } from "@/api/types";
import { type LabelColour, labelColour, strayIndex } from "@/core/colour";
import { settingsFor, strings } from "@/interfaces/interface";

export function reasonsOf(config: Config): string[] {
  return strings(config.ignore_reasons);
}

export const BUTTONS = ["accept", "reject", "ignore", "undo"] as const;
export type Button = (typeof BUTTONS)[number];

/** Buttons in their order; a button that is left out is off, its key as well. */
export function buttonsOf(config: Config): Button[] {
  if (!Array.isArray(config.buttons)) return [...BUTTONS];
  const wanted = strings(config.buttons);
  return wanted.flatMap((name) => BUTTONS.filter((button) => button === name));
}

export function labelsFor(project: Project, task: Task): string[] {
  const own = settingsFor(project.config, task).labels;
  return Array.isArray(own) && own.length > 0 ? strings(own) : project.labels;
}

/** Labels that blocks have for themselves. */
export function labelsOfBlocks(config: Config): string[] {
  const { blocks } = config;
  if (!Array.isArray(blocks)) return [];
  const holders = blocks.filter((block) => block !== null && typeof block === "object");
  return holders.flatMap((block) => strings((block as { labels?: Json }).labels));
}

/** CSS variables --p (paper), --i (ink) and --l (line) of a label, for both themes; `colour` is a span's own. */
export function labelStyle(
  label: string,
  labels: readonly string[],
  config: Config,
  colour?: string,
): string {
  const own = colour ?? ownColour(label, config);
  const place = labels.indexOf(label);
  const index = place >= 0 ? place : strayIndex(label);
  const [light, dark] = [labelColour(index, "light", own), labelColour(index, "dark", own)];
  const both = (part: keyof LabelColour): string => `light-dark(${light[part]}, ${dark[part]})`;
  return `--p:${both("paper")};--i:${both("ink")};--l:${both("line")}`;
}

function themeOf(config: Config): { [key: string]: Json } {
  const theme = config.custom_theme;
  return theme !== null && typeof theme === "object" && !Array.isArray(theme) ? theme : {};
}

/** The widest a card may be, as CSS; a bare number means pixels. */
export function cardWidth(config: Config): string | undefined {
  const width = themeOf(config).cardMaxWidth;
  if (typeof width === "number") return `${width}px`;
  return typeof width === "string" ? width : undefined;
}

function ownColour(label: string, config: Config): string | undefined {
  const { labels } = themeOf(config);
  if (labels === null || labels === undefined || typeof labels !== "object" || Array.isArray(labels)) {
    return undefined;
  }
  const colour = labels[label];
  return typeof colour === "string" ? colour : undefined;
}
