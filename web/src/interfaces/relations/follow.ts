/** What becomes of relations when spans change: they follow the spans they are drawn to. */

import { type End, sameEnd, spanEnd } from "@/interfaces/relations/ends";
import { type Relation, type RelationWork, sameRelation } from "@/interfaces/relations/edit";
import type { Document } from "@/interfaces/spans/document";
import { crosses, type Span, type SpanWork } from "@/interfaces/spans/edit";

/** Where an end goes: to another span, nowhere, or it stays. */
type Move = { to: End } | "gone" | "stays";

/**
 * The work with other spans. A span that got another label or other borders takes its relations along, as does
 * one that is marked over words or spans with relations; those of a removed span go with it.
 */
export function withSpans(doc: Document, work: RelationWork, spans: SpanWork): RelationWork {
  const fresh = spans.filter((span) => !work.spans.includes(span));
  const gone = work.spans.filter((span) => !spans.includes(span));
  const moveOf = (end: End): Move => follow(doc, end, { old: work.spans, now: spans, fresh, gone });
  const moved = work.relations.flatMap((one) => relationAfter(one, moveOf(one.head), moveOf(one.child)));
  const still = moved.length === work.relations.length && moved.every((one, i) => one === work.relations[i]);
  if (still) return { ...work, spans };
  const relations = moved.filter((one, i) => moved.findIndex((other) => sameRelation(one, other)) === i);
  return { ...work, spans, relations };
}

interface Change {
  old: SpanWork;
  now: SpanWork;
  fresh: readonly Span[];
  gone: readonly Span[];
}

function follow(doc: Document, end: End, { old, now, fresh, gone }: Change): Move {
  const owner = ownerOf(doc, end, old);
  if (owner === null) {
    const over = fresh.find((span) => span.start <= end.start && end.end <= span.end);
    return moveTo(doc, over, "stays");
  }
  if (!gone.includes(owner)) return "stays";
  const instead = now.length === old.length ? now[old.indexOf(owner)] : undefined;
  const heir = instead !== undefined && fresh.includes(instead) ? instead : undefined;
  return moveTo(doc, heir ?? fresh.find((span) => crosses(span, owner)), "gone");
}

function moveTo(doc: Document, span: Span | undefined, otherwise: Move): Move {
  const to = span === undefined ? null : spanEnd(doc, span);
  return to === null ? otherwise : { to };
}

/** The span that an end is; one with the same label before others. */
function ownerOf(doc: Document, end: End, spans: SpanWork): Span | null {
  const same = spans.filter((span) => {
    const own = spanEnd(doc, span);
    return own !== null && sameEnd(own, end);
  });
  return same.find(({ label }) => label === end.label) ?? same[0] ?? null;
}

function relationAfter(relation: Relation, head: Move, child: Move): Relation[] {
  if (head === "gone" || child === "gone") return [];
  const [from, to] = [head, child].map((move) => (move === "stays" ? null : move.to));
  if (from == null && to == null) return [relation];
  const next = { ...relation, head: from ?? relation.head, child: to ?? relation.child };
  if (!sameEnd(next.head, next.child) || sameEnd(relation.head, relation.child)) return [next];
  // Two words in one span stay related; two spans that became one do not.
  return relation.head.label === null && relation.child.label === null ? [relation] : [];
}
