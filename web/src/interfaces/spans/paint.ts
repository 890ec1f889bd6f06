/**
 * Draws a text with its spans into an element, and knows where every character is on screen.
 *
 * The text is cut into blocks of some lines, and some blocks make a part. What is out of sight is not laid out
 * and its spans are not drawn yet; painting again replaces only those stretches of the blocks in sight whose
 * spans changed. A block that grows moves its neighbours and the parts behind its own, not every block of the
 * text. Both ways of drawing spans (`draw.ts`) flow with the text, so nothing has to be measured for it.
 */

import "@/interfaces/spans/paint.css";

import { blocksOf, type Stretch } from "@/interfaces/spans/blocks";
import type { Document } from "@/interfaces/spans/document";
import {
  type Brush,
  drawSegment,
  keyOf,
  type PaintOptions,
  type Segment,
  segmentsOf,
} from "@/interfaces/spans/draw";
import type { Span } from "@/interfaces/spans/edit";
import { inOrder } from "@/interfaces/spans/edit";
import { type Difference, type Laid, labelWidth, NO_SPANS, relaid } from "@/interfaces/spans/lanes";
import { Palette } from "@/interfaces/spans/palette";
import { Sight } from "@/interfaces/spans/sight";
import { caretAt, type Leaf, leavesOf } from "@/interfaces/spans/leaves";

export interface PainterOptions {
  /** CSS variables of a label. */
  style: (label: string, color?: string) => string;
  editable: boolean;
  /** Spans may overlap and are drawn in lanes. */
  lanes: boolean;
}

interface Drawn {
  segment: Segment;
  element: HTMLElement;
  leaves: Leaf[] | null;
}

interface Part {
  element: HTMLElement;
  blocks: readonly Block[];
}

interface Block extends Stretch {
  element: HTMLElement;
  /** In sight or not far from it; the text of others is there, their spans are not drawn. */
  near: boolean;
  /** Laid out, so that reading its measures costs nothing. */
  visible: boolean;
  /** Spans over it, in order, with their lanes. */
  over: Segment["over"];
  drawn: Drawn[];
  /** Spans that are drawn, with their lanes; null before the first time. */
  inside: Segment["over"] | null;
  leaves: Leaf[] | null;
  /** Labels are where there is room for them. */
  settled: boolean;
}

/** Height of a lane, in CSS pixels; `paint.css` has the same. */
const LANE = { fine: 22, coarse: 30 };
/** So far out of sight, in heights of the window, spans are drawn: before the browser lays out their block. */
const AHEAD = "260%";
/** Width of a letter, in font sizes; rather too much. */
const LETTER_EM = 0.54;
/** So many blocks are drawn in one go when they come near. */
const AT_ONCE = 2;
/** So many blocks make a part; they come near together. */
const PART = 6;
/** Letters at the start of a text that are in sight at first, as far as can be known. */
const FIRST_SIGHT = 1_500;
const SKIPPED = "contentvisibilityautostatechange";

export class Painter {
  private blocks: Block[] = [];
  private byElement = new WeakMap<Element, Block>();
  private laid: Laid = NO_SPANS;
  private brush: Brush | null = null;
  /** Of the text, when labels were last put where there is room. */
  private width = 0;
  private frame = 0;
  private readonly sight: Sight<Block>;
  /** The only one: the browser keeps every range there is up to date with each change of the page. */
  private readonly range = document.createRange();
  private readonly lane = matchMedia("(pointer: coarse)").matches ? LANE.coarse : LANE.fine;

  constructor(
    private readonly box: HTMLElement,
    private readonly options: PainterOptions,
  ) {
    this.sight = new Sight({
      root: box.closest("[data-scroller]"),
      ahead: AHEAD,
      atOnce: AT_ONCE,
      near: (block) => {
        block.near = true;
        this.bring(block);
      },
      far: (block) => (block.near = false),
    });
    box.addEventListener(SKIPPED, this.appeared, true);
  }

  paint(doc: Document, shown: readonly Span[], options: PaintOptions): void {
    const spans = inOrder(shown);
    const other = this.brush?.doc !== doc || !alike(this.brush.options, options);
    const before = other ? NO_SPANS : this.laid;
    const change = relaid(before, spans, this.options.lanes ? labelWidth : noWidth);
    this.laid = change.laid;
    if (other) this.take(doc, options);
    for (const block of other ? this.blocks : this.touched(before, change)) {
      block.over = this.over(block);
      if (block.near) this.bring(block);
    }
  }

  /** Blocks with spans that came, went, or got another lane. */
  private touched(before: Laid, change: Difference): Block[] {
    const gone = before.spans.slice(change.first, change.before);
    const came = this.shown.slice(change.first, change.after);
    const stretches = [...gone, ...came].map((span) => this.unitsOf(span));
    return this.blocks.filter((block) => stretches.some((one) => isOver(one, block)));
  }

  /** The spans over a block, with their lanes. */
  private over(block: Block): Segment["over"] {
    const found: Segment["over"][number][] = [];
    for (const [at, span] of this.shown.entries()) {
      const stretch = this.unitsOf(span);
      if (stretch.start >= block.end) break;
      if (isOver(stretch, block)) found.push({ span, lane: this.laid.lanes[at] ?? 0 });
    }
    return found;
  }

  private unitsOf({ start, end }: Span): Stretch {
    const { offsets } = this.brush?.doc ?? {};
    return { start: offsets?.toUnits(start) ?? start, end: offsets?.toUnits(end) ?? end };
  }

  private get shown(): readonly Span[] {
    return this.laid.spans;
  }

  /** Ends what goes on in the background. */
  destroy(): void {
    cancelAnimationFrame(this.frame);
    this.sight.destroy();
    this.brush?.palette.destroy();
    this.box.removeEventListener(SKIPPED, this.appeared, true);
    this.box.replaceChildren();
  }

  /** Another text, or another look of it. */
  private take(doc: Document, options: PaintOptions): void {
    const before = this.brush;
    const kept = before !== null && alike(before.options, options) ? before.palette : null;
    if (kept === null) before?.palette.destroy();
    const palette = kept ?? new Palette(this.options.style);
    const lane = this.options.lanes ? this.lane : null;
    this.brush = { doc, options, palette, editable: this.options.editable, lane };
    if (before?.doc.text === doc.text && this.blocks.length > 0) {
      for (const block of this.blocks) Object.assign(block, { drawn: [], inside: null });
      return;
    }
    const skips = CSS.supports("content-visibility", "auto");
    this.blocks = blocksOf(doc.text).map((stretch) => {
      const element = division("block");
      element.textContent = doc.text.slice(stretch.start, stretch.end);
      const near = stretch.start < FIRST_SIGHT;
      const fresh = { over: [], drawn: [], inside: null, leaves: null, settled: false };
      return { ...stretch, ...fresh, element, near, visible: !skips };
    });
    this.byElement = new WeakMap(this.blocks.map((block) => [block.element, block]));
    const parts = partsOf(this.blocks);
    this.expect(doc, parts);
    this.box.replaceChildren(...parts.map((part) => part.element));
    const watched = this.blocks.length > 1 ? parts : [];
    this.sight.watch(new Map(watched.map((part) => [part.element, part.blocks])));
  }

  /** How high blocks will be, about: text that grows while it is read would shake everything around it. */
  private expect({ offsets, text }: Document, parts: readonly Part[]): void {
    this.measured();
    let at = 0;
    for (const part of parts) {
      let [allLetters, allSpans] = [0, 0];
      for (const block of part.blocks) {
        let [letters, spans] = [block.end - block.start, 0];
        for (; at < this.shown.length; at += 1) {
          const span = this.shown[at];
          if (span === undefined || (offsets.toUnits(span.start) >= block.end && block.end < text.length))
            break;
          letters += this.options.lanes ? 0 : labelWidth(span) + 2;
          spans += 1;
        }
        this.expected(block.element, letters, spans);
        allLetters += letters;
        allSpans += spans;
      }
      this.expected(part.element, allLetters, allSpans);
      part.element.style.setProperty("--lines", String(part.blocks.length));
    }
  }

  private expected(element: HTMLElement, letters: number, spans: number): void {
    element.style.setProperty("--letters", String(letters));
    if (this.options.lanes) element.style.setProperty("--lanes", String(spans));
  }

  private readonly appeared = (event: Event): void => {
    const block = event.target instanceof Element ? this.byElement.get(event.target) : undefined;
    if (block === undefined) return;
    block.visible = !("skipped" in event && event.skipped === true);
    if (block.visible) this.settleSoon();
  };

  /** Draws a block as it is now, if it is not. */
  private bring(block: Block): void {
    const { brush } = this;
    const inside = block.over;
    if (brush === null || inside === block.inside) return;
    const known = block.inside !== null && sameSpans(inside, block.inside);
    block.inside = inside;
    if (known) return;
    const before = new Map(block.drawn.map((one) => [one.segment.key, one]));
    const drawn = segmentsOf(brush.doc, block, inside).map((segment): Drawn => {
      const { element, leaves } = before.get(segment.key) ?? {
        element: drawSegment(brush, segment),
        leaves: null,
      };
      return { segment, element, leaves };
    });
    const same = drawn.length === block.drawn.length && drawn.every(({ segment }) => before.has(segment.key));
    block.drawn = drawn;
    if (same) return;
    place(block.element, drawn);
    block.leaves = null;
    block.settled = false;
    if (block.visible) this.settleSoon();
  }

  // ------------------------------------------------------------ labels at the edge

  private settleSoon(): void {
    if (!this.options.lanes || this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.settle();
    });
  }

  /** Moves labels that would stand out of the text's edge back in; `all` when the text may have another width. */
  settle(all = false): void {
    const wider = all && this.measured();
    if (!this.options.lanes) return;
    const open = this.blocks.filter((block) => block.visible && (wider || !block.settled));
    if (open.length === 0) return;
    const tags = open.flatMap(({ element }) => [...element.querySelectorAll<HTMLElement>(".tag")]);
    const frame = this.box.getBoundingClientRect();
    const rtl = this.box.dir === "rtl";
    // Everything is measured before anything is moved, and most labels stay where they are.
    const beyond = tags.map((tag) => {
      const rect = tag.getBoundingClientRect();
      const over = rtl ? frame.left - rect.left : rect.right - frame.right;
      return Math.max(0, Math.ceil(over + shiftOf(tag)));
    });
    tags.forEach((tag, i) => shift(tag, beyond[i] ?? 0));
    for (const block of open) block.settled = true;
  }

  /** Whether the text has another width than before. */
  private measured(): boolean {
    const width = this.box.clientWidth;
    const other = width !== this.width;
    this.width = width;
    if (!other) return false;
    const letter = Number.parseFloat(getComputedStyle(this.box).fontSize) * LETTER_EM;
    this.box.style.setProperty("--columns", String(Math.max(8, Math.floor(width / letter))));
    for (const block of this.blocks) block.settled = false;
    return true;
  }

  /** Of the whole text; for when it is laid out. */
  get size(): string {
    return `${this.box.offsetWidth} ${this.box.offsetHeight}`;
  }

  // ------------------------------------------------------------ finding

  /** The span an element belongs to, if any. */
  spanOf(element: Element | null): Span | null {
    const key = element?.closest<HTMLElement>("[data-span]")?.dataset.span;
    return this.shown.find((span) => keyOf(span) === key) ?? null;
  }

  /** Everything drawn for a span. */
  elementsOf(span: Span | null): HTMLElement[] {
    if (span === null) return [];
    const stretch = this.unitsOf(span);
    const found = `[data-span="${CSS.escape(keyOf(span))}"]`;
    return this.blocks
      .filter((block) => isOver(stretch, block))
      .flatMap(({ element }) => [...element.querySelectorAll<HTMLElement>(found)]);
  }

  /** The span whose band is under a point; null on the text and beside it. */
  bandAt(target: Element | null, x: number, y: number): Span | null {
    const bands = target?.closest<HTMLElement>(".bands") ?? null;
    if (bands === null || target?.closest(".tag") != null) return null;
    const drawn = this.blockOf(bands)?.drawn.find(({ element }) => element.contains(bands));
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
    const { range } = this;
    return this.blocks.flatMap((block) => {
      if (block.end <= start || block.start >= end) return [];
      if (!block.near && !everywhere) return [];
      block.near = true;
      this.bring(block);
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
    const block = this.blockOf(caret.node);
    if (block === null) return null;
    const leaf = this.leavesIn(block).find(({ node }) => node === caret.node);
    if (leaf !== undefined) return leaf.start + caret.offset;
    const drawn = block.drawn.find(({ element }) => element.contains(caret.node));
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

  private blockOf(node: Node): Block | null {
    const element = node instanceof Element ? node : node.parentElement;
    const block = element?.closest(".block") ?? null;
    return block === null ? null : (this.byElement.get(block) ?? null);
  }

  private leavesIn(block: Block): Leaf[] {
    block.leaves ??=
      block.drawn.length === 0
        ? leavesOf(block.element, block.start)
        : block.drawn.flatMap((one) => (one.leaves ??= leavesOf(one.element, one.segment.start)));
    return block.leaves;
  }
}

function division(name: string): HTMLElement {
  const element = document.createElement("div");
  element.className = name;
  return element;
}

function partsOf(blocks: readonly Block[]): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < blocks.length; at += PART) {
    const own = blocks.slice(at, at + PART);
    const element = division("part");
    element.append(...own.map((block) => block.element));
    parts.push({ element, blocks: own });
  }
  return parts;
}

function isOver(span: Stretch, block: Stretch): boolean {
  return span.start < block.end && span.end > block.start;
}

function noWidth(): number {
  return 0;
}

function sameSpans(a: Segment["over"], b: Segment["over"]): boolean {
  return a.length === b.length && a.every(({ span, lane }, i) => span === b[i]?.span && lane === b[i].lane);
}

/** CSS pixels that a label stands further in than its span begins. */
function shiftOf(tag: HTMLElement): number {
  const [, shifted] = /^-(\d+)px$/.exec(tag.style.getPropertyValue("--shift")) ?? [];
  return Number(shifted ?? 0);
}

function shift(tag: HTMLElement, px: number): void {
  if (px === shiftOf(tag)) return;
  if (px === 0) tag.style.removeProperty("--shift");
  else tag.style.setProperty("--shift", `${-px}px`);
}

function alike(a: PaintOptions, b: PaintOptions): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Puts elements into a block in their order; those that stay are not moved. */
function place(block: HTMLElement, drawn: readonly Drawn[]): void {
  const staying = new Set<Node>(drawn.map(({ element }) => element));
  for (const child of [...block.childNodes]) if (!staying.has(child)) child.remove();
  let next = block.firstChild;
  for (const { element } of drawn) {
    if (element === next) next = next.nextSibling;
    else block.insertBefore(element, next);
  }
}
