/** The text drawn word by word, so that each can be measured and pointed at. */

import type { Config, Json, Task } from "@/api/types";
import type { Document, Token } from "@/interfaces/spans/document";
import { lookOf } from "@/interfaces/spans/look";
import { cssOf } from "@/ui/settings";

export interface WordLook {
  /** In one line, whatever breaks the text has. */
  single: boolean;
  hideNewlines: boolean;
  gaps: boolean;
}

export function wordLook(config: Config): WordLook {
  const { hideNewlines, gaps } = lookOf(config);
  return { single: config.wrap_relations !== true, hideNewlines, gaps: gaps === true };
}

/** Fills a box with the words of a text; gives their elements by place of the token, null where there is none. */
export function drawWords(
  box: HTMLElement,
  doc: Document,
  look: WordLook,
  styles: readonly (Json | undefined)[],
): (HTMLElement | null)[] {
  const { toUnits } = doc.offsets;
  const nodes: Node[] = [];
  let at = 0;
  const elements = doc.tokens.map((token, i) => {
    const [start, end] = [Math.max(at, toUnits(token.start)), toUnits(token.end)];
    if (end <= start) return null;
    nodes.push(...drawText(doc.text.slice(at, start), look));
    const element = wordElement(doc.text.slice(start, end), token, i, look);
    const style = cssOf(styles[i]);
    if (style !== "") element.style.cssText = style;
    if (look.gaps && doc.tokens[i + 1]?.start === token.end) element.classList.add("gap");
    nodes.push(element);
    at = end;
    return element;
  });
  nodes.push(...drawText(doc.text.slice(at), look));
  box.replaceChildren(...nodes);
  return elements;
}

function wordElement(text: string, token: Token, place: number, look: WordLook): HTMLElement {
  const element = document.createElement("span");
  element.className = "word";
  if (token.disabled) element.classList.add("disabled");
  if (token.blank) element.classList.add("blank");
  element.dataset.token = String(place);
  element.append(...drawText(text, look));
  return element;
}

/** Line breaks with their sign, and tabs; in one line without the break itself. */
function drawText(text: string, { single, hideNewlines }: WordLook): Node[] {
  return text.split(/(\r?\n|\t)/).flatMap((part): Node[] => {
    if (part === "") return [];
    const breaks = part.endsWith("\n");
    if (part !== "\t" && !breaks) return [document.createTextNode(part)];
    const shown = breaks && single ? " " : part;
    if (breaks && hideNewlines) return [document.createTextNode(shown)];
    const sign = document.createElement("span");
    sign.className = breaks ? "newline" : "tab";
    sign.textContent = shown;
    return [sign];
  });
}

/** Styles that tokens have of their own; tokens that the document does not read are left out as they are there. */
export function stylesOf(task: Task): (Json | undefined)[] {
  if (!Array.isArray(task.tokens)) return [];
  return task.tokens.flatMap((token) => {
    if (token === null || typeof token !== "object" || Array.isArray(token)) return [];
    const { start, end, style } = token;
    return typeof start === "number" && typeof end === "number" && end > start ? [style] : [];
  });
}
