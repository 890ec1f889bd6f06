/** Elements of a text with spans: marks in the text with their name behind them, or bands in lanes under it. */

import { t } from "@/core/say";
import type { Stretch } from "@/interfaces/spans/blocks";
import type { Document } from "@/interfaces/spans/document";
import type { Span } from "@/interfaces/spans/edit";
import type { Palette } from "@/interfaces/spans/palette";
import { drawText, type TextLook } from "@/interfaces/spans/text";

export interface PaintOptions extends TextLook {
  /** The label set; with another one the labels have other colours. */
  labels: readonly string[];
  /** What the labels mean. */
  descriptions?: Readonly<Record<string, string>>;
}

/** A stretch of text under the same spans. */
export interface Segment extends Stretch {
  /** Spans with their lanes; at most one without lanes. */
  over: readonly { span: Span; lane: number }[];
  /** Equal keys are drawn equally. */
  key: string;
}

/** What a segment is drawn with. */
export interface Brush {
  doc: Document;
  options: PaintOptions;
  palette: Palette;
  editable: boolean;
  /** Height of a lane in CSS pixels; null where spans are marks in the text. */
  lane: number | null;
}

/** Names a span among those drawn. */
export function keyOf({ start, end, label }: Span): string {
  return `${start} ${end} ${label}`;
}

/** A block cut where spans begin and end. */
export function segmentsOf(doc: Document, block: Stretch, spans: Segment["over"]): Segment[] {
  const placed = spans.map(({ span, lane }) => ({
    span,
    lane,
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

export function drawSegment(brush: Brush, segment: Segment): HTMLElement {
  if (segment.over.length > 0)
    return brush.lane === null ? drawMark(brush, segment) : drawLanes(brush, segment);
  const plain = document.createElement("span");
  drawText(plain, brush.doc, segment, brush.options);
  return plain;
}

function drawMark(brush: Brush, segment: Segment): HTMLElement {
  const { doc, options, palette } = brush;
  const element = document.createElement("mark");
  const span = segment.over[0]?.span;
  drawText(element, doc, segment, options);
  if (span === undefined) return element;
  element.className = palette.classOf(span.label, span.color);
  element.dataset.span = keyOf(span);
  if (doc.offsets.toUnits(span.end) === segment.end) element.append(tagOf(brush, span));
  return element;
}

/** The outer element reaches down as far as the lanes do, the inner one holds the text and paints the bands. */
function drawLanes(brush: Brush, segment: Segment): HTMLElement {
  const { doc, palette } = brush;
  const deepest = Math.max(...segment.over.map(({ lane }) => lane)) + 1;
  const outer = document.createElement("mark");
  outer.className = "laned";
  outer.style.setProperty("--depth", String(deepest));
  const inner = document.createElement("span");
  inner.className = "bands";
  inner.style.cssText = bandStyle(brush, segment, deepest);
  for (const { span, lane } of segment.over) {
    if (doc.offsets.toUnits(span.start) !== segment.start) continue;
    const anchor = document.createElement("span");
    anchor.className = "at";
    const tag = tagOf(brush, span);
    tag.classList.add(palette.classOf(span.label, span.color));
    tag.style.setProperty("--lane", String(lane));
    anchor.append(tag);
    inner.append(anchor);
  }
  drawText(inner, doc, segment, brush.options);
  outer.append(inner);
  return outer;
}

function tagOf({ doc, options, editable }: Brush, span: Span): HTMLElement {
  const tag = (editable ? BUTTONS : NAME).cloneNode(true) as HTMLElement;
  tag.dataset.prodigyLabel = span.label;
  tag.dataset.span = keyOf(span);
  const description = options.descriptions?.[span.label];
  if (description !== undefined) tag.title = description;
  if (!editable) {
    tag.textContent = span.label;
    return tag;
  }
  const covered = doc.text.slice(doc.offsets.toUnits(span.start), doc.offsets.toUnits(span.end));
  const words = covered.length > 80 ? `${covered.slice(0, 79)}…` : covered;
  const [name, remove] = tag.children;
  if (name !== undefined) name.textContent = span.label;
  name?.setAttribute("aria-label", t("{0}: change the label of “{1}”", span.label, words));
  remove?.setAttribute("aria-label", t("Remove {0} from “{1}”", span.label, words));
  return tag;
}

/** Copied for every span, which is quicker than to make each anew. */
const NAME = tagWith([]);
const BUTTONS = tagWith([tagButton("name", ""), tagButton("remove", "×")]);

function tagWith(buttons: readonly HTMLElement[]): HTMLElement {
  const tag = document.createElement("span");
  tag.className = "tag";
  tag.dir = "auto";
  tag.append(...buttons);
  return tag;
}

/** Not a real button: those are laid out as boxes of their own, and a long text has hundreds. Keys do the same. */
function tagButton(kind: string, text: string): HTMLElement {
  const button = document.createElement("span");
  button.className = kind;
  button.setAttribute("role", "button");
  button.textContent = text;
  return button;
}

/** Bands as layers of the background; a band ends a little before its span does, so that two can be told apart. */
function bandStyle({ doc, palette, lane }: Brush, { over, end }: Segment, depth: number): string {
  const high = lane ?? 0;
  const variables = over.map(({ span }, i) =>
    palette.style(span.label, span.color).replaceAll(/--([pil]):/g, `--$1${i}:`),
  );
  const layers = over.map(({ span, lane: at }, i) => {
    const width = doc.offsets.toUnits(span.end) === end ? "calc(100% - 2px)" : "100%";
    const up = (depth - 1 - at) * high + 2;
    const colours = `linear-gradient(var(--l${i}) 2px,var(--p${i}) 0)`;
    return `${colours} var(--from) calc(100% - ${up}px)/${width} ${high - 4}px no-repeat`;
  });
  return `${variables.join(";")};background:${layers.join(",")}`;
}
