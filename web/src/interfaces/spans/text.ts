/** The text of a stretch as nodes: line breaks and tabs with a sign, disabled tokens grey. */

import type { Stretch } from "@/interfaces/spans/blocks";
import { type Document, stepAt } from "@/interfaces/spans/document";

export interface TextLook {
  /** Line breaks without their sign. */
  hideNewlines: boolean;
  /** A gap where a token follows another one without white space. */
  gaps?: boolean;
}

type Kind = "text" | "newline" | "tab" | "gap";

export function drawText(into: HTMLElement, doc: Document, stretch: Stretch, look: TextLook): void {
  let at = stretch.start;
  for (const { start, end } of disabledIn(doc, stretch)) {
    into.append(...plain(doc, at, start, look));
    const grey = document.createElement("span");
    grey.className = "disabled";
    grey.append(...plain(doc, start, end, look));
    into.append(grey);
    at = end;
  }
  into.append(...plain(doc, at, stretch.end, look));
}

function disabledIn(doc: Document, stretch: Stretch): Stretch[] {
  return doc.disabled.flatMap((token) => {
    const start = Math.max(stretch.start, doc.offsets.toUnits(token.start));
    const end = Math.min(stretch.end, doc.offsets.toUnits(token.end));
    return start < end ? [{ start, end }] : [];
  });
}

function plain(doc: Document, start: number, end: number, look: TextLook): Node[] {
  const parts = look.gaps === true ? touching(doc, start, end) : [{ start, end, gap: false }];
  return parts.flatMap((part) =>
    doc.text
      .slice(part.start, part.end)
      .split(/([\n\t])/)
      .filter((text) => text !== "")
      .map((text, i, all) => drawn(text, kindOf(text, part.gap && i === all.length - 1), look)),
  );
}

function kindOf(text: string, gap: boolean): Kind {
  if (text === "\n") return "newline";
  if (text === "\t") return "tab";
  return gap ? "gap" : "text";
}

/** Cut after every token that the next one touches. */
function touching(doc: Document, start: number, end: number): (Stretch & { gap: boolean })[] {
  const parts: (Stretch & { gap: boolean })[] = [];
  let at = start;
  const { tokens, offsets } = doc;
  for (let i = Math.max(0, stepAt(tokens, offsets.toPoints(start))); i < tokens.length; i += 1) {
    const [token, next] = [tokens[i], tokens[i + 1]];
    if (token === undefined || next === undefined || token.end !== next.start) continue;
    const border = offsets.toUnits(token.end);
    if (border > end) break;
    if (border > at) parts.push({ start: at, end: border, gap: true });
    at = Math.max(at, border);
  }
  if (at < end) parts.push({ start: at, end, gap: false });
  return parts;
}

function drawn(text: string, kind: Kind, { hideNewlines }: TextLook): Node {
  if (kind === "text" || (kind === "newline" && hideNewlines)) return document.createTextNode(text);
  const element = document.createElement("span");
  element.className = kind;
  element.textContent = text;
  return element;
}
