/** A text cut into blocks that are laid out one by one, so that a change costs one block and not the text. */

export interface Stretch {
  /** UTF-16 units, end exclusive. */
  start: number;
  end: number;
}

/** Lines are put together up to this length. */
const USUAL = 480;
/** A line that is longer is broken after a sentence, else after a word, into pieces of at most that length. */
const LONGEST = 1_200;
const PIECE = 600;

/** Whole lines, in order, without gaps. */
export function blocksOf(text: string): Stretch[] {
  const blocks: Stretch[] = [];
  let start = 0;
  while (start < text.length) {
    const end = endOfBlock(text, start);
    blocks.push({ start, end });
    start = end;
  }
  return blocks;
}

function endOfBlock(text: string, start: number): number {
  if (text.length - start <= USUAL) return text.length;
  const back = text.lastIndexOf("\n", start + USUAL - 1);
  if (back >= start) return back + 1;
  const next = text.indexOf("\n", start + USUAL);
  const line = next < 0 ? text.length : next + 1;
  return line - start <= LONGEST ? line : breakInside(text, start);
}

function breakInside(text: string, start: number): number {
  const part = text.slice(start, start + PIECE);
  const sentence = Array.from(part.matchAll(/[.!?…]["'”’»)\]]*\s+|[。！？]/gu)).at(-1);
  const least = PIECE / 3;
  if (sentence !== undefined && sentence.index > least) return start + sentence.index + sentence[0].length;
  const space = part.lastIndexOf(" ");
  if (space > least) return start + space + 1;
  const half = /[\udc00-\udfff]/.test(text.charAt(start + PIECE)) ? 1 : 0;
  return start + PIECE - half;
}
