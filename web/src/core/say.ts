/**
 * The words of the page in the language that the recipe asks for. English stands in the code and is the key of
 * every other language; `{0}`, `{1}` stand for values.
 */

type Words = Readonly<Record<string, string>>;

export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];

let words: Words | null = null;
let language: Language = "en";
/** Made once: making one costs more than a hundred numbers. */
let grouped = new Intl.NumberFormat("en-US");

/** The words in the language of the page. */
export function t(english: string, ...values: (string | number)[]): string {
  const told = words === null ? english : (words[english] ?? english);
  return values.length === 0 ? told : told.replace(/\{(\d)\}/g, (_, n) => String(values[Number(n)] ?? ""));
}

/** Words that are said later, by `t`. */
export function m<T extends string>(english: T): T {
  return english;
}

export function spoken(): Language {
  return language;
}

export function grouping(): Intl.NumberFormat {
  return grouped;
}

function isLanguage(name: unknown): name is Language {
  return LANGUAGES.some((one) => one === name);
}

/**
 * Loads a language, and lays the recipe's own words over it (`ui_lang_locale`): English words and what to say
 * instead. Without the file of the language, as on a bad line, the page speaks English.
 */
export async function speak(name: unknown, own: unknown): Promise<void> {
  language = isLanguage(name) ? name : "en";
  const loaded = language === "de" ? await import("@/words/de").then(({ de }) => de).catch(() => null) : null;
  if (loaded === null) language = "en";
  const laid = own !== null && typeof own === "object" ? (own as Words) : {};
  words = loaded === null && Object.keys(laid).length === 0 ? null : { ...loaded, ...laid };
  grouped = new Intl.NumberFormat(language === "en" ? "en-US" : language);
}
