/** Text nodes of what is drawn, and the place in them under a point. */

export interface Leaf {
  start: number;
  end: number;
  node: Text;
}

/** Text nodes that carry the document's text, in order; names of spans do not. */
export function leavesOf(element: HTMLElement, start: number): Leaf[] {
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

export interface Caret {
  node: Node;
  offset: number;
}

interface OldCaret {
  caretRangeFromPoint?: (x: number, y: number) => Range | null;
}

export function caretAt(x: number, y: number): Caret | null {
  if (typeof document.caretPositionFromPoint === "function") {
    const caret = document.caretPositionFromPoint(x, y);
    return caret === null ? null : { node: caret.offsetNode, offset: caret.offset };
  }
  const range = (document as OldCaret).caretRangeFromPoint?.(x, y) ?? null;
  return range === null ? null : { node: range.startContainer, offset: range.startOffset };
}
