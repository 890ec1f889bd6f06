/** Labels as the page offers them: as buttons, or as a list to search where there are many. */

import type { Config } from "@/api/types";

/** More labels than this are searched rather than listed. */
export const MANY = 30;

export function isSearched(labels: readonly string[], config: Config): boolean {
  const style = config.label_style;
  return style === "dropdown" || (style !== "list" && labels.length > MANY);
}

/** What labels mean, by label. */
export function descriptionsOf(config: Config): Record<string, string> {
  const given = config.label_descriptions;
  if (given === null || typeof given !== "object" || Array.isArray(given)) return {};
  return Object.fromEntries(Object.entries(given).map(([label, words]) => [label, String(words)]));
}

/** Labels that hold what was typed, those that begin with it first. */
export function matching(labels: readonly string[], typed: string): string[] {
  const wanted = typed.trim().toLowerCase();
  const places = labels.map((label) => ({ label, at: label.toLowerCase().indexOf(wanted) }));
  const found = places.filter(({ at }) => at >= 0);
  return [...found.filter(({ at }) => at === 0), ...found.filter(({ at }) => at > 0)].map(
    ({ label }) => label,
  );
}

const met: string[] = [];

/** The label set with those that spans have beside it, in the order in which this page met them: one colour each. */
export function withMet(labels: readonly string[], spans: readonly { label: string }[]): string[] {
  for (const { label } of spans) if (!met.includes(label)) met.push(label);
  return [...labels, ...met.filter((label) => !labels.includes(label))];
}
