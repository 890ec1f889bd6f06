/** Numbers, times and JSON for people. */

const NUMBER = new Intl.NumberFormat("en");
const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export function number(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : NUMBER.format(value);
}

/** A share (0..1) in percent. */
export function percent(share: number | null): string {
  return share === null ? "–" : `${Math.round(share * 100)} %`;
}

export function alpha(value: number | null): string {
  return value === null ? "–" : value.toFixed(2);
}

/** Seconds since 1970 as a date and a time. */
export function at(seconds: number | null | undefined): string {
  return seconds === null || seconds === undefined ? "–" : TIME.format(seconds * 1000);
}

/** Seconds in the two largest units. */
export function span(seconds: number | null): string {
  if (seconds === null) return "–";
  const units: [number, string][] = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const parts: string[] = [];
  let rest = Math.max(0, Math.round(seconds));
  for (const [size, name] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 && parts.length < 2) parts.push(`${count} ${name}`);
  }
  return parts.join(" ") || "0 s";
}

/** How long ago; `now` and `then` in seconds. */
export function ago(then: number, now: number): string {
  return now - then < 60 ? "just now" : `${span(now - then)} ago`;
}

export function words(name: string): string {
  return name.replaceAll("_", " ");
}

export function short(value: unknown, limit = 300): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}
