/** Label colours: one hue per label, paper and ink picked so that the text keeps a contrast of 4.5. */

export type Theme = "light" | "dark";

export interface LabelColour {
  /** Behind the marked text. */
  paper: string;
  /** The marked text and the label's name on `paper`. */
  ink: string;
  /** Lines, dots and focus rings. */
  line: string;
}

type Rgb = readonly [number, number, number];

/** Hues in an order that keeps neighbours far apart. */
const HUES = [75, 255, 150, 20, 305, 200, 105, 345, 235, 50, 170, 280];

const LIGHT = { paper: [0.92, 0.052], ink: [0.37, 0.085], line: [0.62, 0.13] } as const;
const DARK = { paper: [0.365, 0.06], ink: [0.94, 0.04], line: [0.7, 0.12] } as const;

/** The colour of the label at `index` of the label set, or the recipe's own colour with a legible ink. */
export function labelColour(index: number, theme: Theme, own?: string): LabelColour {
  const given = own === undefined ? null : parseHex(own);
  if (given !== null && own !== undefined) return { paper: own, ink: legibleOn(given), line: own };
  const hue = HUES[index % HUES.length] ?? 75;
  const steps = theme === "light" ? LIGHT : DARK;
  const tone = ([light, chroma]: readonly [number, number]): string => hex(oklch(light, chroma, hue));
  return { paper: tone(steps.paper), ink: tone(steps.ink), line: tone(steps.line) };
}

/** A stable place in the palette for a label outside the label set. */
export function strayIndex(label: string): number {
  let sum = 0;
  for (const character of label) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return sum % HUES.length;
}

/** Places for the labels outside the label set: apart from its own and from each other while there are any left. */
export class Strays {
  private readonly places = new Map<string, number>();

  /** The place of a label beside a label set of this size; it stays the same unless the set grows over it. */
  placeOf(label: string, setSize: number): number {
    const known = this.places.get(label);
    if (known !== undefined && known >= setSize) return known;
    const place = this.firstFree(strayIndex(label), setSize);
    this.places.set(label, place);
    return place;
  }

  private firstFree(start: number, setSize: number): number {
    const used = new Set(this.places.values());
    const inOrder = HUES.map((_, step) => (start + step) % HUES.length);
    const open = inOrder.filter((place) => place >= setSize);
    return open.find((place) => !used.has(place)) ?? open[0] ?? start;
  }
}

/** WCAG contrast of two colours written as #rrggbb. */
export function contrast(a: string, b: string): number {
  const [x, y] = [luminance(parseHex(a) ?? [0, 0, 0]), luminance(parseHex(b) ?? [0, 0, 0])];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

function legibleOn(paper: Rgb): string {
  return luminance(paper) > 0.179 ? "#000000" : "#ffffff";
}

export function parseHex(colour: string): Rgb | null {
  const found = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(colour.trim());
  if (found === null) return null;
  const digits = found[1] ?? "";
  const full = digits.length === 3 ? [...digits].map((d) => d + d).join("") : digits;
  const channel = (at: number): number => Number.parseInt(full.slice(at, at + 2), 16) / 255;
  return [channel(0), channel(2), channel(4)];
}

function hex(rgb: Rgb): string {
  const digits = (part: number): string =>
    Math.round(Math.max(0, Math.min(1, part)) * 255)
      .toString(16)
      .padStart(2, "0");
  return `#${rgb.map(digits).join("")}`;
}

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
}

/** OKLCH to sRGB, https://bottosson.github.io/posts/oklab/ */
function oklch(lightness: number, chroma: number, hue: number): Rgb {
  const angle = (hue * Math.PI) / 180;
  const [a, b] = [chroma * Math.cos(angle), chroma * Math.sin(angle)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function gamma(linear: number): number {
  const part = Math.max(0, Math.min(1, linear));
  return part <= 0.0031308 ? part * 12.92 : 1.055 * part ** (1 / 2.4) - 0.055;
}
