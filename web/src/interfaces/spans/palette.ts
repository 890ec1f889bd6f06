/** Colours of labels as classes: hundreds of spans share few styles, which the browser works out once. */

type Style = (label: string, color?: string) => string;

export class Palette {
  private readonly sheet = new CSSStyleSheet();
  private readonly known = new Map<string, { name: string; css: string }>();

  /** `style` gives the CSS variables of a label. */
  constructor(private readonly given: Style) {
    document.adoptedStyleSheets.push(this.sheet);
  }

  classOf(label: string, color?: string): string {
    return this.entry(label, color).name;
  }

  style(label: string, color?: string): string {
    return this.entry(label, color).css;
  }

  destroy(): void {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== this.sheet);
  }

  private entry(label: string, color?: string): { name: string; css: string } {
    const key = `${color ?? ""} ${label}`;
    const found = this.known.get(key);
    if (found !== undefined) return found;
    const made = { name: nextName(), css: this.given(label, color) };
    this.known.set(key, made);
    this.sheet.insertRule(`.${made.name}{${made.css}}`);
    return made;
  }
}

let names = 0;
function nextName(): string {
  names += 1;
  return `tint-${names}`;
}
