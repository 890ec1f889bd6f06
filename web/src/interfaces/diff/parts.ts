/** What was taken out of a text and what was put in, by the shortest way (Myers 1986, "An O(ND) difference algorithm"). */

export interface Piece {
  kind: "same" | "out" | "in";
  text: string;
}

const CUTS: Record<string, RegExp> = {
  chars: /./gsu,
  words: /\p{L}[\p{L}\p{M}\p{N}'’_-]*|\p{N}+|\s+|./gsu,
  sentences: /[^.!?\n]+[.!?]*\s*|[.!?]+\s*|\n/gsu,
};
/** Texts further apart than this are shown one after the other: no path through them would tell anything. */
const FARTHEST = 1_000;

export function cut(text: string, style: string): string[] {
  return text.match(CUTS[style] ?? (CUTS.words as RegExp)) ?? [];
}

export function difference(before: string, after: string, style: string): Piece[] {
  const [a, b] = [cut(before, style), cut(after, style)];
  const head = shared(a, b);
  const tail = shared(a.slice(head).reverse(), b.slice(head).reverse());
  const middle = steps(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  return joined([...same(a.slice(0, head)), ...middle, ...same(a.slice(a.length - tail))]);
}

function shared(a: readonly string[], b: readonly string[]): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n += 1;
  return n;
}

function same(texts: readonly string[]): Piece[] {
  return texts.map((text) => ({ kind: "same", text }));
}

function steps(a: readonly string[], b: readonly string[]): Piece[] {
  const trail = search(a, b);
  if (trail === null) {
    return [
      ...a.map((text): Piece => ({ kind: "out", text })),
      ...b.map((text): Piece => ({ kind: "in", text })),
    ];
  }
  return wayBack(a, b, trail);
}

/** The farthest points reached after 0, 1, 2 … changes, by diagonal; null when the texts are too far apart. */
function search(a: readonly string[], b: readonly string[]): Map<number, number>[] | null {
  const trail: Map<number, number>[] = [];
  let reached = new Map([[1, 0]]);
  for (let d = 0; d <= Math.min(a.length + b.length, FARTHEST); d += 1) {
    trail.push(reached);
    const next = new Map(reached);
    for (let k = -d; k <= d; k += 2) {
      let x = step(reached, k, d);
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return [...trail, next];
    }
    reached = next;
  }
  return null;
}

/** From the better of the two neighbouring diagonals. */
function step(reached: ReadonlyMap<number, number>, k: number, d: number): number {
  const [left, right] = [reached.get(k - 1) ?? -1, reached.get(k + 1) ?? -1];
  return k === -d || (k !== d && left < right) ? right : left + 1;
}

function wayBack(a: readonly string[], b: readonly string[], trail: Map<number, number>[]): Piece[] {
  const pieces: Piece[] = [];
  let [x, y] = [a.length, b.length];
  for (let d = trail.length - 2; d >= 0 && (x > 0 || y > 0); d -= 1) {
    const reached = trail[d] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -d || (k !== d && (reached.get(k - 1) ?? -1) < (reached.get(k + 1) ?? -1));
    const fromK = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : (reached.get(fromK) ?? 0);
    const fromY = d === 0 ? 0 : fromX - fromK;
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      pieces.push({ kind: "same", text: a[x] ?? "" });
    }
    if (d === 0) break;
    if (down) pieces.push({ kind: "in", text: b[fromY] ?? "" });
    else pieces.push({ kind: "out", text: a[fromX] ?? "" });
    [x, y] = [fromX, fromY];
  }
  return pieces.reverse();
}

/** Neighbours of a kind in one piece; of a change what goes stands before what comes. */
function joined(pieces: readonly Piece[]): Piece[] {
  const told: Piece[] = [];
  let [out, into] = ["", ""];
  const close = (): void => {
    if (out !== "") told.push({ kind: "out", text: out });
    if (into !== "") told.push({ kind: "in", text: into });
    [out, into] = ["", ""];
  };
  for (const { kind, text } of pieces) {
    if (kind === "out") out += text;
    else if (kind === "in") into += text;
    else {
      close();
      const last = told.at(-1);
      if (last?.kind === "same") last.text += text;
      else told.push({ kind, text });
    }
  }
  close();
  return told;
}
