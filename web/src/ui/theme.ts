/** Light, dark, or as the system says; remembered per browser. */

import { recall, remember } from "@/ui/memory";

export type Choice = "auto" | "light" | "dark";

const KEY = "theme";

export function chosenTheme(): Choice {
  const stored = recall(KEY);
  return stored === "light" || stored === "dark" ? stored : "auto";
}

export function applyTheme(choice: Choice = chosenTheme()): void {
  if (choice === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
}

export function chooseTheme(choice: Choice): void {
  remember(KEY, choice);
}

/** To the theme that is not showing now. */
export function switchTheme(): Choice {
  const dark =
    chosenTheme() === "dark" ||
    (chosenTheme() === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  const next = dark ? "light" : "dark";
  remember(KEY, next);
  applyTheme(next);
  return next;
}
