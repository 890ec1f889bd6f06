/**
 * JSON in which integers beyond 2^53 survive where the browser can do it.
 *
 * Such an integer becomes the browser's raw JSON value (an object with one key, `rawJSON`), which is written
 * back digit by digit. Documents never travel back whole, but an option's id or a relabelled value may.
 */

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;
type RawJson = { parse(text: string, reviver: Reviver): unknown; rawJSON?: (source: string) => unknown };

const engine = JSON as unknown as RawJson;
const LONG_NUMBER = /\d{16}/;
const INTEGER = /^-?\d+$/;

export function parse(text: string): unknown {
  const raw = engine.rawJSON;
  if (raw === undefined || !LONG_NUMBER.test(text)) return JSON.parse(text);
  return engine.parse(text, (_key, value, context) => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    const source = context?.source;
    return source !== undefined && INTEGER.test(source) ? raw(source) : value;
  });
}

export function stringify(value: unknown): string {
  return JSON.stringify(value);
}

/** The exact text of a scalar, for showing and comparing. */
export function plain(value: unknown): string {
  if (typeof value === "string") return value;
  if (value !== null && typeof value === "object" && "rawJSON" in value) return String(value.rawJSON);
  return JSON.stringify(value) ?? "";
}
