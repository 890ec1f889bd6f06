/** Settings of the project in the shapes the page uses. */

import { t } from "@/core/say";
import { plain } from "@/api/json";
import type { Config, Json, Project, Task } from "@/api/types";
import { type LabelColour, labelColour, Strays } from "@/core/colour";
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

export type Direction = "left" | "right";

/** What a swipe stands for; null where swipes are off. */
export function gesturesOf(config: Config): Partial<Record<Direction, Button>> | null {
  if (config.swipe !== true) return null;
  const given = config.swipe_gestures;
  const wanted = given !== null && typeof given === "object" && !Array.isArray(given) ? given : {};
  const named = (direction: Direction, usual: Button): Button | undefined => {
    const name = wanted[direction] ?? usual;
    return BUTTONS.find((button) => button === name);
  };
  const [left, right] = [named("left", "accept"), named("right", "reject")];
  return { ...(left === undefined ? {} : { left }), ...(right === undefined ? {} : { right }) };
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

const strays = new Strays();

/** CSS variables --p (paper), --i (ink) and --l (line) of a label, for both themes; `colour` is a span's own. */
export function labelStyle(
  label: string,
  labels: readonly string[],
  config: Config,
  colour?: string,
): string {
  const own = colour ?? ownColour(label, config);
  const place = labels.indexOf(label);
  const index = place >= 0 ? place : strays.placeOf(label, labels.length);
  const [light, dark] = [labelColour(index, "light", own), labelColour(index, "dark", own)];
  const both = (part: keyof LabelColour): string => `light-dark(${light[part]}, ${dark[part]})`;
  return `--p:${both("paper")};--i:${both("ink")};--l:${both("line")}`;
}

export function themeOf(config: Config): { [key: string]: Json } {
  const theme = config.custom_theme;
  return theme !== null && typeof theme === "object" && !Array.isArray(theme) ? theme : {};
}

/** The widest a card may be, as CSS; a bare number means pixels. */
export function cardWidth(config: Config): string | undefined {
  const width = themeOf(config).cardMaxWidth;
  if (typeof width === "number") return `${width}px`;
  return typeof width === "string" ? width : undefined;
}

/** An object of properties, in either spelling, as CSS. */
export function cssOf(value: Json | undefined): string {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return "";
  return Object.entries(value)
    .map(([name, setting]) => `${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}:${plain(setting)}`)
    .join(";");
}

/** What a colour of `custom_theme` is here. Colours of buttons are made readable on their own soft ground. */
const DECISION_COLOURS = ["accept", "reject", "ignore"];
const PLAIN_COLOURS: Record<string, string> = {
  bgPage: "--bg",
  bgCard: "--paper",
  bgMeta: "--sunk",
  colorText: "--ink",
  colorMeta: "--ink-2",
};
const COLOUR = /^[#a-z0-9(),.%/ -]+$/i;

/** Themes that are more than light or dark. */
const NAMED_THEMES: Record<string, string> = {
  spacy: "--accent:light-dark(#07617f,#86d4ef);--accent-soft:light-dark(#e0f2f9,#123744)",
  eighties:
    "--accent:light-dark(#8f1270,#ff9ade);--accent-soft:light-dark(#f9e4f4,#46183b);--bg:light-dark(#f8f1fa,#171226);--paper:light-dark(#fffeff,#201a33)",
};

/** CSS variables for the `theme`, with the colours of `custom_theme` over it. */
export function themeStyle(config: Config): string {
  const { theme: name } = config;
  const named = typeof name === "string" && Object.hasOwn(NAMED_THEMES, name) ? NAMED_THEMES[name] : "";
  return [named, ownStyle(config)].filter((part) => part !== "").join(";");
}

function ownStyle(config: Config): string {
  const theme = themeOf(config);
  const given = (name: string): string | null => {
    const colour = theme[name];
    return typeof colour === "string" && COLOUR.test(colour) ? colour : null;
  };
  const decided = DECISION_COLOURS.flatMap((name) => {
    const colour = given(name);
    if (colour === null) return [];
    const ink = `light-dark(color-mix(in srgb, ${colour} 55%, #000), color-mix(in srgb, ${colour} 40%, #fff))`;
    return [`--${name}:${ink}`, `--${name}-soft:color-mix(in srgb, ${colour} 20%, var(--paper))`];
  });
  const plain = Object.entries(PLAIN_COLOURS).flatMap(([name, variable]) => {
    const colour = given(name);
    return colour === null ? [] : [`${variable}:${colour}`];
  });
  return [...decided, ...plain].join(";");
}

/** What the side panel says of the project where `project_info` asks for it: names and values. */
export function projectInfo(project: Project, seat: string): [string, string][] {
  const { config, dataset, labels, recipe, view_id: view } = project;
  const known: Record<string, [string, unknown]> = {
    dataset: [t("Dataset"), dataset],
    session: [t("Seat"), seat],
    lang: [t("Language"), config.lang],
    recipe_name: [t("Recipe"), recipe],
    view_id: [t("Interface"), view],
    label: [t("Labels"), config.label ?? labels.join(", ")],
  };
  return strings(config.project_info).flatMap((name): [string, string][] => {
    const found = Object.hasOwn(known, name) ? known[name] : undefined;
    const [title, value] = found ?? ["", null];
    return typeof value === "string" && value !== "" ? [[title, value]] : [];
  });
}

/** The colour that `custom_theme` gives a label. */
export function ownColour(label: string, config: Config): string | undefined {
  const { labels } = themeOf(config);
  if (labels === null || labels === undefined || typeof labels !== "object" || Array.isArray(labels)) {
    return undefined;
  }
  const colour = labels[label];
  return typeof colour === "string" ? colour : undefined;
}
