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
  const walk = (parent: Node): void => {
    for (let node = parent.firstChild; node !== null; node = node.nextSibling) {
      if (node instanceof Text) {
        leaves.push({ start: at, end: at + node.length, node });
        at += node.length;
      } else if (node instanceof Element && !NAMES.test(node.className)) walk(node);
    }
  };
  walk(element);
  return leaves;
}

/** Classes of what names a span. */
const NAMES = /^at$|\btag\b/;

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
