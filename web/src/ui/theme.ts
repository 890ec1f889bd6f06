/** Light, dark, or as the recipe or else the system says; remembered per browser. */

import { recall, remember } from "@/ui/memory";

export type Choice = "auto" | "light" | "dark";

const KEY = "theme";

/** What the recipe wants where the person has not chosen. */
let wanted: Choice = "auto";

export function chosenTheme(): Choice {
  const stored = recall(KEY);
  return stored === "light" || stored === "dark" ? stored : "auto";
}

export function applyTheme(choice: Choice = chosenTheme()): void {
  const shown = choice === "auto" ? wanted : choice;
  if (shown === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = shown;
}

/** Takes over the theme that the recipe names. */
export function wantTheme(name: unknown): void {
  wanted = name === "light" || name === "dark" ? name : "auto";
  applyTheme();
}

export function chooseTheme(choice: Choice): void {
  remember(KEY, choice);
}

/** To the theme that is not showing now. */
export function switchTheme(): Choice {
  const own = chosenTheme();
  const choice = own === "auto" ? wanted : own;
  const dark = choice === "dark" || (choice === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  const next = dark ? "light" : "dark";
  remember(KEY, next);
  applyTheme(next);
  return next;
}
