/**
 * Draws a text with its spans into an element, and knows where every character is on screen.
 *
 * The text stays as it is: a few elements, one for each stretch between borders, whatever the number of
 * tokens. Painting again replaces only the stretches that changed.
 */

import type { Document } from "@/interfaces/ner_manual/document";
import type { Span } from "@/interfaces/ner_manual/edit";

export interface PainterOptions {
  /** CSS variables of a label. */
  style: (label: string) => string;
  editable: boolean;
}

export interface PaintOptions {
  hideNewlines: boolean;
  /** The label set; with another one the labels have other colours. */
  labels: readonly string[];
}

interface Segment {
  key: string;
  /** UTF-16 units, end exclusive. */
  start: number;
  end: number;
  span: Span | null;
}

interface Leaf {
  start: number;
  end: number;
  node: Text;
}

export class Painter {
  private segments: { segment: Segment; element: HTMLElement }[] = [];
  private spans = new WeakMap<Element, Span>();
  private leaves: Map<Node, Leaf> | null = null;
  private doc: Document | null = null;
  private look = "";

  constructor(
    private readonly box: HTMLElement,
    private readonly options: PainterOptions,
  ) {}

  paint(doc: Document, shown: readonly Span[], options: PaintOptions): void {
    const look = JSON.stringify(options);
    if (this.doc !== doc || this.look !== look) this.clear();
    this.doc = doc;
    this.look = look;
    const next = segmentsOf(doc, shown);
    const head = commonHead(this.segments, next);
    const tail = commonTail(this.segments, next, head);
    const gone = this.segments.slice(head, this.segments.length - tail);
    const after = this.segments[this.segments.length - tail]?.element ?? null;
    for (const { element } of gone) element.remove();
    const fresh = next.slice(head, next.length - tail).map((segment) => {
      const element = this.draw(doc, segment, options);
      this.box.insertBefore(element, after);
      return { segment, element };
    });
    const kept = this.segments.slice(this.segments.length - tail);
    this.segments = [...this.segments.slice(0, head), ...fresh, ...kept];
    this.bind(next);
    this.leaves = null;
  }

  private clear(): void {
    this.box.replaceChildren();
    this.segments = [];
  }

  /** Elements that stayed belong to the newest span objects. */
  private bind(next: readonly Segment[]): void {
    this.segments.forEach((drawn, i) => {
      const segment = next[i];
      if (segment === undefined) return;
      drawn.segment = segment;
      if (segment.span !== null) this.spans.set(drawn.element, segment.span);
    });
  }

  /** The span drawn around an element, if any. */
  spanOf(element: Element | null): Span | null {
    const mark = element?.closest("mark") ?? null;
    return mark === null ? null : (this.spans.get(mark) ?? null);
  }

  elementOf(span: Span | null): HTMLElement | null {
    return this.segments.find(({ segment }) => segment.span === span && span !== null)?.element ?? null;
  }

  /** Rectangles of the text between two units, without the names of spans in between. */
  rects(start: number, end: number): DOMRect[] {
    const range = document.createRange();
    return [...this.allLeaves().values()].flatMap((leaf) => {
      if (leaf.end <= start || leaf.start >= end) return [];
      range.setStart(leaf.node, Math.max(start, leaf.start) - leaf.start);
      range.setEnd(leaf.node, Math.min(end, leaf.end) - leaf.start);
      return [...range.getClientRects()];
    });
  }

  /** The unit under a point of the screen; null outside the text. */
  unitAt(x: number, y: number): number | null {
    const caret = caretAt(x, y);
    if (caret === null || !this.box.contains(caret.node)) return null;
    const leaf = this.allLeaves().get(caret.node);
    if (leaf !== undefined) return leaf.start + caret.offset;
    const element = caret.node instanceof Element ? caret.node : caret.node.parentElement;
    const drawn = this.segments.find((one) => one.element.contains(element));
    return drawn === undefined ? null : drawn.segment.end;
  }

  /** The unit of the character under a point of the screen; null beside the text. */
  characterAt(x: number, y: number): number | null {
    const caret = this.unitAt(x, y);
    if (caret === null) return null;
    const under = [caret - 1, caret].find((unit) => unit >= 0 && this.isUnder(unit, x, y));
    return under ?? null;
  }

  private isUnder(unit: number, x: number, y: number): boolean {
    return this.rects(unit, unit + 1).some((rect) => {
      const slack = rect.height * 0.5;
      return x >= rect.left && x <= rect.right && y >= rect.top - slack && y <= rect.bottom + slack;
    });
  }

  private allLeaves(): Map<Node, Leaf> {
    const found = (): Leaf[] =>
      this.segments.flatMap(({ segment, element }) => leavesOf(element, segment.start));
    this.leaves ??= new Map(found().map((leaf) => [leaf.node, leaf]));
    return this.leaves;
  }

  private draw(doc: Document, segment: Segment, options: PaintOptions): HTMLElement {
    const element = document.createElement(segment.span === null ? "span" : "mark");
    for (const piece of piecesOf(doc, segment)) element.append(drawPiece(piece, options));
    if (segment.span !== null) {
      element.style.cssText = this.options.style(segment.span.label);
      element.append(this.tag(segment.span, doc));
    }
    return element;
  }

  private tag(span: Span, doc: Document): HTMLElement {
    const tag = document.createElement("span");
    tag.className = "tag";
    tag.dir = "auto";
    tag.dataset.prodigyLabel = span.label;
    if (!this.options.editable) {
      tag.textContent = span.label;
      return tag;
    }
    const covered = doc.text.slice(doc.offsets.toUnits(span.start), doc.offsets.toUnits(span.end));
    tag.append(
      tagButton("name", span.label, `${span.label}: change the label of “${covered}”`),
      tagButton("remove", "×", `Remove ${span.label} from “${covered}”`),
    );
    return tag;
  }
}

function tagButton(kind: string, text: string, name: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = kind;
  button.tabIndex = -1;
  button.textContent = text;
  button.setAttribute("aria-label", name);
  return button;
}

function segmentsOf(doc: Document, shown: readonly Span[]): Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  const add = (start: number, end: number, span: Span | null): void => {
    if (end > start) segments.push({ key: `${start} ${end} ${span?.label ?? ""}`, start, end, span });
  };
  for (const span of shown) {
    const [start, end] = [doc.offsets.toUnits(span.start), doc.offsets.toUnits(span.end)];
    add(at, start, null);
    add(start, end, span);
    at = Math.max(at, end);
  }
  add(at, doc.text.length, null);
  return segments;
}

type Drawn = readonly { segment: Segment }[];

function alike(a: Segment | undefined, b: Segment | undefined): boolean {
  return a !== undefined && b !== undefined && a.key === b.key && (a.span === null) === (b.span === null);
}

function commonHead(old: Drawn, next: readonly Segment[]): number {
  let n = 0;
  while (n < old.length && n < next.length && alike(old[n]?.segment, next[n])) n += 1;
  return n;
}

function commonTail(old: Drawn, next: readonly Segment[], head: number): number {
  const most = Math.min(old.length, next.length) - head;
  let n = 0;
  while (n < most && alike(old[old.length - 1 - n]?.segment, next[next.length - 1 - n])) n += 1;
  return n;
}

type Piece = { text: string; kind: "text" | "newline" | "disabled" };

/** A segment cut where newlines and disabled tokens begin and end. */
function piecesOf(doc: Document, { start, end }: Segment): Piece[] {
  const pieces: Piece[] = [];
  let at = start;
  for (const token of doc.disabled) {
    const [from, to] = [doc.offsets.toUnits(token.start), doc.offsets.toUnits(token.end)];
    if (to <= at || from >= end) continue;
    pieces.push(...lines(doc.text.slice(at, Math.max(at, from))));
    pieces.push({ text: doc.text.slice(Math.max(at, from), Math.min(to, end)), kind: "disabled" });
    at = Math.min(to, end);
  }
  pieces.push(...lines(doc.text.slice(at, end)));
  return pieces.filter((piece) => piece.text !== "");
}

function lines(text: string): Piece[] {
  return text
    .split(/(\n)/)
    .map((part): Piece => (part === "\n" ? { text: part, kind: "newline" } : { text: part, kind: "text" }));
}

function drawPiece({ text, kind }: Piece, { hideNewlines }: PaintOptions): Node {
  if (kind === "text" || (kind === "newline" && hideNewlines)) return document.createTextNode(text);
  const element = document.createElement("span");
  element.className = kind;
  element.textContent = text;
  return element;
}

/** Text nodes that carry the document's text, in order; names of spans do not. */
function leavesOf(element: HTMLElement, start: number): Leaf[] {
  const leaves: Leaf[] = [];
  let at = start;
  const walk = (node: Node): void => {
    if (node instanceof Text) {
      leaves.push({ start: at, end: at + node.length, node });
      at += node.length;
    } else if (!(node instanceof Element && node.classList.contains("tag"))) {
      node.childNodes.forEach(walk);
    }
  };
  walk(element);
  return leaves;
}

interface Caret {
  node: Node;
  offset: number;
}

interface OldCaret {
  caretRangeFromPoint?: (x: number, y: number) => Range | null;
}

function caretAt(x: number, y: number): Caret | null {
  if (typeof document.caretPositionFromPoint === "function") {
    const caret = document.caretPositionFromPoint(x, y);
    return caret === null ? null : { node: caret.offsetNode, offset: caret.offset };
  }
  const range = (document as OldCaret).caretRangeFromPoint?.(x, y) ?? null;
  return range === null ? null : { node: range.startContainer, offset: range.startOffset };
}
