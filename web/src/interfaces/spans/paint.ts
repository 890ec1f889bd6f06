/**
 * Draws a text with its spans into an element, and knows where every character is on screen.
 *
 * The text is cut into blocks of some lines. A block out of sight is not laid out and its spans are not drawn
 * yet; painting again replaces only the blocks whose spans changed. Spans are drawn as marks in the text with their name behind
 * them, or, where they may overlap, as bands in lanes under the text; both flow with the text, so nothing is
 * measured.
 */

import "@/interfaces/spans/paint.css";

import { blocksOf, type Stretch } from "@/interfaces/spans/blocks";
import type { Document } from "@/interfaces/spans/document";
import type { Span } from "@/interfaces/spans/edit";
import { inOrder } from "@/interfaces/spans/edit";
import { labelWidth, lanesOf } from "@/interfaces/spans/lanes";
import { drawText, type TextLook } from "@/interfaces/spans/text";

export interface PainterOptions {
  /** CSS variables of a label. */
  style: (label: string, color?: string) => string;
  editable: boolean;
  /** Spans may overlap and are drawn in lanes. */
  lanes: boolean;
}

export interface PaintOptions extends TextLook {
  /** The label set; with another one the labels have other colours. */
  labels: readonly string[];
  /** What the labels mean. */
  descriptions?: Readonly<Record<string, string>>;
}

/** A stretch of text under the same spans. */
interface Segment extends Stretch {
  /** Spans with their lanes; at most one without lanes. */
  over: readonly { span: Span; lane: number }[];
  key: string;
}

interface Block extends Stretch {
  element: HTMLElement;
  /** In sight or not far from it; the text of others is there, their spans are not drawn. */
  near: boolean;
  key: string;
  /** Of the painting that was drawn last. */
  version: number;
  segments: { segment: Segment; element: HTMLElement }[];
  leaves: Leaf[] | null;
  /** Labels are where there is room for them. */
  settled: boolean;
}

interface Leaf {
  start: number;
  end: number;
  node: Text;
}

/** Height of a lane, in CSS pixels; `paint.css` has the same. */
const LANE = { fine: 22, coarse: 30 };
/** So far out of sight spans are drawn, in time before they come in. */
const AHEAD_PX = 900;
/** Letters at the start of a text that are in sight at first, as far as can be known. */
const FIRST_SIGHT = 3_600;
/** Further away from the window than this nothing is drawn over the text. */
const NEAR_PX = 1_500;

export class Painter {
  private blocks: Block[] = [];
  private spans = new Map<string, Span>();
  private byElement = new WeakMap<Element, Block>();
  private shown: readonly Span[] = [];
  private lanes: Map<Span, number> | null = null;
  private doc: Document | null = null;
  private painted: PaintOptions | null = null;
  private look = "";
  private version = 0;
  private readonly sight: IntersectionObserver;
  private readonly lane = matchMedia("(pointer: coarse)").matches ? LANE.coarse : LANE.fine;

  constructor(
    private readonly box: HTMLElement,
    private readonly options: PainterOptions,
  ) {
    this.sight = new IntersectionObserver((entries) => this.seen(entries), {
      root: box.closest("[data-scroller]"),
      rootMargin: `${AHEAD_PX}px`,
    });
  }

  paint(doc: Document, shown: readonly Span[], options: PaintOptions): void {
    const look = JSON.stringify(options);
    if (this.doc !== doc || this.look !== look) this.clear(doc);
    this.doc = doc;
    this.look = look;
    this.painted = options;
    this.shown = inOrder(shown);
    this.spans = new Map(this.shown.map((span) => [keyOf(span), span]));
    this.lanes = this.options.lanes ? lanesOf(this.shown, labelWidth) : null;
    this.version += 1;
    for (const block of this.blocks) if (block.near) this.bring(block);
  }

  /** Ends what goes on in the background. */
  destroy(): void {
    this.sight.disconnect();
    this.box.replaceChildren();
  }

  private clear(doc: Document): void {
    if (this.doc?.text === doc.text && this.blocks.length > 0) {
      for (const block of this.blocks) block.key = "";
      return;
    }
    this.sight.disconnect();
    this.blocks = blocksOf(doc.text).map((stretch) => {
      const element = document.createElement("div");
      element.className = "block";
      element.style.setProperty("--letters", String(stretch.end - stretch.start));
      element.textContent = doc.text.slice(stretch.start, stretch.end);
      const near = stretch.start < FIRST_SIGHT;
      return { ...stretch, element, near, key: "", version: 0, segments: [], leaves: null, settled: false };
    });
    this.byElement = new WeakMap(this.blocks.map((block) => [block.element, block]));
    this.box.replaceChildren(...this.blocks.map((block) => block.element));
    if (this.blocks.length > 1) for (const block of this.blocks) this.sight.observe(block.element);
  }

  private seen(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const block = this.byElement.get(target);
      if (block === undefined) continue;
      block.near = isIntersecting;
      if (isIntersecting) this.bring(block);
    }
    this.settle();
  }

  /** Draws a block as it is now, if it is not. */
  private bring(block: Block): void {
    const { doc, painted } = this;
    if (doc === null || painted === null || block.version === this.version) return;
    block.version = this.version;
    const inside = this.shown.filter(
      (span) => doc.offsets.toUnits(span.start) < block.end && doc.offsets.toUnits(span.end) > block.start,
    );
    const segments = segmentsOf(doc, block, inside, this.lanes);
    const key = segments.map((segment) => segment.key).join("|");
    if (key === block.key) return;
    block.key = key;
    block.segments = segments.map((segment) => ({ segment, element: this.draw(doc, segment, painted) }));
    block.element.replaceChildren(...block.segments.map((drawn) => drawn.element));
    block.leaves = null;
    block.settled = false;
  }

  /** Moves labels that would stand out of the text's edge back in; for what is in sight, after painting. */
  settle(all = false): void {
    if (!this.options.lanes) return;
    const frame = this.box.getBoundingClientRect();
    const open = this.blocks.filter((block) => (all || !block.settled) && isNear(block.element));
    const tags = open.flatMap(({ element }) => [...element.querySelectorAll<HTMLElement>(".tag")]);
    if (all) for (const tag of tags) tag.style.removeProperty("--shift");
    const rtl = this.box.dir === "rtl";
    const over = tags.map((tag) => {
      const rect = tag.getBoundingClientRect();
      return rtl ? frame.left - rect.left : rect.right - frame.right;
    });
    tags.forEach((tag, i) => {
      const beyond = over[i] ?? 0;
      if (beyond > 0) tag.style.setProperty("--shift", `${-Math.ceil(beyond)}px`);
    });
    for (const block of open) block.settled = true;
  }

  // ------------------------------------------------------------ drawing

  private draw(doc: Document, segment: Segment, options: PaintOptions): HTMLElement {
    if (segment.over.length === 0) {
      const plain = document.createElement("span");
      drawText(plain, doc, segment, options);
      return plain;
    }
    return this.options.lanes ? this.drawLanes(doc, segment, options) : this.drawMark(doc, segment, options);
  }

  private drawMark(doc: Document, segment: Segment, options: PaintOptions): HTMLElement {
    const element = document.createElement("mark");
    const span = segment.over[0]?.span;
    drawText(element, doc, segment, options);
    if (span === undefined) return element;
    element.style.cssText = this.options.style(span.label, span.color);
    element.dataset.span = keyOf(span);
    if (doc.offsets.toUnits(span.end) === segment.end) element.append(this.tag(span, doc, options));
    return element;
  }

  /** The outer element reaches down as far as the lanes do, the inner one holds the text and paints the bands. */
  private drawLanes(doc: Document, segment: Segment, options: PaintOptions): HTMLElement {
    const deepest = Math.max(...segment.over.map(({ lane }) => lane)) + 1;
    const outer = document.createElement("mark");
    outer.className = "laned";
    outer.style.setProperty("--depth", String(deepest));
    const inner = document.createElement("span");
    inner.className = "bands";
    inner.style.cssText = bandStyle(segment, deepest, this.lane, doc, this.options.style);
    for (const { span, lane } of segment.over) {
      if (doc.offsets.toUnits(span.start) !== segment.start) continue;
      const anchor = document.createElement("span");
      anchor.className = "at";
      const tag = this.tag(span, doc, options);
      tag.style.cssText = this.options.style(span.label, span.color);
      tag.style.setProperty("--lane", String(lane));
      anchor.append(tag);
      inner.append(anchor);
    }
    drawText(inner, doc, segment, options);
    outer.append(inner);
    return outer;
  }

  private tag(span: Span, doc: Document, { descriptions }: PaintOptions): HTMLElement {
    const tag = document.createElement("span");
    tag.className = "tag";
    tag.dir = "auto";
    tag.dataset.prodigyLabel = span.label;
    tag.dataset.span = keyOf(span);
    const description = descriptions?.[span.label];
    if (description !== undefined) tag.title = description;
    if (!this.options.editable) {
      tag.textContent = span.label;
      return tag;
    }
    const covered = doc.text.slice(doc.offsets.toUnits(span.start), doc.offsets.toUnits(span.end));
    const words = covered.length > 80 ? `${covered.slice(0, 79)}…` : covered;
    tag.append(
      tagButton("name", span.label, `${span.label}: change the label of “${words}”`),
      tagButton("remove", "×", `Remove ${span.label} from “${words}”`),
    );
    return tag;
  }

  // ------------------------------------------------------------ finding

  /** The span an element belongs to, if any. */
  spanOf(element: Element | null): Span | null {
    const key = element?.closest<HTMLElement>("[data-span]")?.dataset.span;
    return key === undefined ? null : (this.spans.get(key) ?? null);
  }

  /** Everything drawn for a span. */
  elementsOf(span: Span | null): HTMLElement[] {
    if (span === null) return [];
    const found = this.box.querySelectorAll<HTMLElement>(`[data-span="${CSS.escape(keyOf(span))}"]`);
    return [...found];
  }

  /** The span whose band is under a point; null on the text and beside it. */
  bandAt(target: Element | null, x: number, y: number): Span | null {
    const bands = target?.closest<HTMLElement>(".bands") ?? null;
    if (bands === null || target?.closest(".tag") != null) return null;
    const block = this.blocks.find(({ element }) => element.contains(bands));
    const drawn = block?.segments.find(({ element }) => element.contains(bands));
    if (drawn === undefined) return null;
    const { over } = drawn.segment;
    const depth = Math.max(...over.map(({ lane }) => lane)) + 1;
    const line = [...bands.getClientRects()].find(
      (rect) => x >= rect.left - 1 && x <= rect.right + 1 && y >= rect.top && y <= rect.bottom,
    );
    if (line === undefined) return null;
    const lane = Math.floor((y - (line.bottom - depth * this.lane)) / this.lane);
    return over.find((one) => one.lane === lane)?.span ?? null;
  }

  /** Rectangles of the text between two units that are near the window, without the names of spans in between. */
  rects(start: number, end: number, everywhere = false): DOMRect[] {
    const range = document.createRange();
    return this.blocks.flatMap((block) => {
      if (block.end <= start || block.start >= end) return [];
      if (everywhere) this.bring(block);
      else if (!isNear(block.element)) return [];
      return this.leavesIn(block).flatMap((leaf) => {
        if (leaf.end <= start || leaf.start >= end) return [];
        range.setStart(leaf.node, Math.max(start, leaf.start) - leaf.start);
        range.setEnd(leaf.node, Math.min(end, leaf.end) - leaf.start);
        return [...range.getClientRects()];
      });
    });
  }

  /** The unit under a point of the screen; null outside the text. */
  unitAt(x: number, y: number): number | null {
    const caret = caretAt(x, y);
    if (caret === null || !this.box.contains(caret.node)) return null;
    const block = this.blocks.find(({ element }) => element.contains(caret.node));
    if (block === undefined) return null;
    const leaf = this.leavesIn(block).find(({ node }) => node === caret.node);
    if (leaf !== undefined) return leaf.start + caret.offset;
    const drawn = block.segments.find(({ element }) => element.contains(caret.node));
    if (drawn === undefined) return caret.offset === 0 ? block.start : block.end;
    return this.options.lanes ? drawn.segment.start : drawn.segment.end;
  }

  /** The unit of the character under a point of the screen; null beside the text. */
  characterAt(x: number, y: number): number | null {
    const caret = this.unitAt(x, y);
    if (caret === null) return null;
    const under = [caret - 1, caret].find((unit) => unit >= 0 && this.isUnder(unit, x, y));
    return under ?? null;
  }

  private isUnder(unit: number, x: number, y: number): boolean {
    return this.rects(unit, unit + 1, true).some((rect) => {
      const slack = rect.height * 0.5;
      return x >= rect.left && x <= rect.right && y >= rect.top - slack && y <= rect.bottom + slack;
    });
  }

  private leavesIn(block: Block): Leaf[] {
    block.leaves ??= leavesOf(block.element, block.start);
    return block.leaves;
  }
}

/** Names a span among those drawn. */
function keyOf({ start, end, label }: Span): string {
  return `${start} ${end} ${label}`;
}

function isNear(element: HTMLElement): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > -NEAR_PX && top < innerHeight + NEAR_PX;
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

function segmentsOf(
  doc: Document,
  block: Stretch,
  spans: readonly Span[],
  lanes: Map<Span, number> | null,
): Segment[] {
  const placed = spans.map((span) => ({
    span,
    lane: lanes?.get(span) ?? 0,
    start: doc.offsets.toUnits(span.start),
    end: doc.offsets.toUnits(span.end),
  }));
  const inside = placed.flatMap(({ start, end }) => [start, end]);
  const borders = [block.start, block.end, ...inside].filter((at) => at >= block.start && at <= block.end);
  const cuts = [...new Set(borders)].sort((a, b) => a - b);
  return cuts.slice(0, -1).map((start, i) => {
    const end = cuts[i + 1] ?? block.end;
    const over = placed.filter((one) => one.start < end && one.end > start);
    const told = over.map(({ span, lane }) => `${keyOf(span)} ${lane} ${span.color ?? ""}`);
    return { start, end, over, key: `${start} ${end} ${told.join("+")}` };
  });
}

/** Bands as layers of the background; a band ends a little before its span does, so that two can be told apart. */
function bandStyle(
  { over, end }: Segment,
  depth: number,
  lane: number,
  doc: Document,
  style: PainterOptions["style"],
): string {
  const variables = over.map(({ span }, i) =>
    style(span.label, span.color).replaceAll(/--([pil]):/g, `--$1${i}:`),
  );
  const layers = over.flatMap(({ span, lane: at }, i) => {
    const width = doc.offsets.toUnits(span.end) === end ? "calc(100% - 2px)" : "100%";
    const up = (depth - 1 - at) * lane;
    const layer = (colour: string, height: number, rise: number): string =>
      `linear-gradient(${colour},${colour}) 0 calc(100% - ${up + rise}px)/${width} ${height}px no-repeat`;
    return [layer(`var(--l${i})`, 2, lane - 4), layer(`var(--p${i})`, lane - 4, 2)];
  });
  return `${variables.join(";")};background:${layers.join(",")}`;
}

/** Text nodes that carry the document's text, in order; names of spans do not. */
function leavesOf(element: HTMLElement, start: number): Leaf[] {
  const leaves: Leaf[] = [];
  let at = start;
  const walk = (node: Node): void => {
    if (node instanceof Text) {
      leaves.push({ start: at, end: at + node.length, node });
      at += node.length;
    } else if (!(node instanceof Element && (node.classList.contains("tag") || node.className === "at"))) {
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
