/** The settings of the player in the shapes it uses; what makes no sense counts as not given. */

import type { Config, Json } from "@/api/types";
import { normal } from "@/core/keymap";
import { strings } from "@/interfaces/interface";

export interface Look {
  /** Pixels; bars of no width are one line. */
  width: number;
  gap: number;
  radius: number;
  /** Times the height it has by itself. */
  height: number;
}

export function lookOf(config: Config): Look {
  return {
    width: number(config.audio_bar_width, 3, 0, 100),
    gap: number(config.audio_bar_gap, 1, 0, 100),
    radius: number(config.audio_bar_radius, 2, 0, 100),
    height: number(config.audio_bar_height, 1, 0, 100),
  };
}

/** Pixels for a second, at most. */
export function mostZoom(config: Config): number {
  return number(config.audio_max_zoom, 5000, 1, 20_000);
}

export const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4];

export function rateOf(config: Config): number {
  const rate = Number(config.audio_rate);
  // What browsers play.
  return rate > 0 ? Math.min(Math.max(rate, 0.0625), 16) : 1;
}

/** The next faster (1) or slower (-1) speed. */
export function rateBeside(rate: number, direction: 1 | -1): number {
  const further = RATES.filter((one) => (one - rate) * direction > 0.001);
  return (direction === 1 ? further[0] : further.at(-1)) ?? rate;
}

/** `keymap.playpause`, else enter; an empty list switches it off. */
export function playKeys(config: Config): string[] {
  const given = (config.keymap as { playpause?: unknown } | null | undefined)?.playpause;
  if (given === undefined || given === null) return ["enter"];
  return (typeof given === "string" ? [given] : strings(given)).map(normal);
}

/** Labels without a colour of their own have that of their place in `custom_theme.palettes.audio`, if there is one. */
export function withPalette(config: Config, labels: readonly string[]): Config {
  const theme = objectOf(config.custom_theme);
  const { audio: palette } = objectOf(theme.palettes);
  if (!Array.isArray(palette) || palette.length === 0) return config;
  const placed = labels.map((label, at) => [label, palette[at % palette.length] ?? null] as const);
  const coloured = { ...Object.fromEntries(placed), ...objectOf(theme.labels) };
  return { ...config, custom_theme: { ...theme, labels: coloured } };
}

function objectOf(value: Json | undefined): { [key: string]: Json } {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}

function number(given: unknown, usual: number, least: number, most: number): number {
  const value = typeof given === "number" ? given : NaN;
  return Number.isFinite(value) ? Math.min(Math.max(value, least), most) : usual;
}
