/** What a person has in hand while drawing relations — label, head, word, relation — and what can be done with it. */

import { t } from "@/core/say";
import type { Config, Task } from "@/api/types";
import { keysInOrder } from "@/core/keymap";
import { directionOf } from "@/core/offsets";
import * as edits from "@/interfaces/relations/edit";
import { PALETTE, type Relation, type RelationWork, sameRelation } from "@/interfaces/relations/edit";
import { docOf, type End, sameEnd, unitsOf, wordsOf } from "@/interfaces/relations/ends";
import { descriptionsOf } from "@/interfaces/spans/labels";
import { ownColour } from "@/ui/settings";

export interface Given {
  task: Task;
  work: RelationWork;
  config: Config;
  labels: string[];
  onwork: (work: RelationWork) => void;
  onannounce: (text: string) => void;
}

const RECENT = 6;

export class Relating {
  chosen = $state<string | null>(null);
  /** Labels in the order of their last use, newest first. */
  used = $state.raw<string[]>([]);
  /** The head of the relation that is being drawn. */
  head = $state.raw<End | null>(null);
  /** Where the keyboard's cursor stands. */
  cursor = $state.raw<End | null>(null);
  picked = $state.raw<Relation | null>(null);
  /** Where the menu of the selected relation is open. */
  menu = $state.raw<{ x: number; y: number } | null>(null);

  readonly doc = $derived.by(() => docOf(this.given().task));
  readonly units = $derived.by(() => unitsOf(this.doc, this.work.spans));
  readonly keys = $derived.by(() => keysInOrder(this.labels, this.config.keymap_by_label));
  readonly descriptions = $derived.by(() => descriptionsOf(this.config));
  readonly active = $derived.by(() =>
    this.chosen !== null && this.labels.includes(this.chosen) ? this.chosen : (this.labels[0] ?? null),
  );
  readonly selected = $derived.by(() => {
    const { picked } = this;
    if (picked === null) return null;
    return this.work.relations.find((one) => one === picked || sameRelation(one, picked)) ?? null;
  });
  readonly rtl = $derived.by(() => this.config.writing_dir === "rtl" || directionOf(this.doc.text) === "rtl");

  constructor(private readonly given: () => Given) {}

  get task(): Task {
    return this.given().task;
  }

  get work(): RelationWork {
    return this.given().work;
  }

  get config(): Config {
    return this.given().config;
  }

  get labels(): string[] {
    return this.given().labels;
  }

  announce(text: string): void {
    this.given().onannounce(text);
  }

  private say(relation: Relation, words = relation.label): void {
    const meaning = this.descriptions[relation.label];
    this.announce(`${this.told(relation)}: ${words}${meaning === undefined ? "" : `, ${meaning}`}`);
  }

  /** The words at both ends. */
  told({ head, child }: Pick<Relation, "head" | "child">): string {
    return `${wordsOf(this.doc, head)} → ${wordsOf(this.doc, child)}`;
  }

  private use(label: string): void {
    this.used = [label, ...this.used.filter((one) => one !== label)].slice(0, RECENT);
  }

  /** As it is stored: the recipe's own colour of a label, or that of its place. */
  private colourOf(label: string): string {
    const place = Math.max(0, this.labels.indexOf(label));
    return ownColour(label, this.config) ?? PALETTE[place % PALETTE.length] ?? PALETTE[0];
  }

  // ------------------------------------------------------------ in hand

  letGo(): void {
    this.head = null;
    this.cursor = null;
    this.picked = null;
    this.menu = null;
  }

  /** Lets go of one thing; false when nothing was held. */
  leave(): boolean {
    if (this.menu !== null) this.menu = null;
    else if (this.picked !== null) this.picked = null;
    else if (this.head !== null) this.head = null;
    else if (this.cursor !== null) this.cursor = null;
    else return false;
    return true;
  }

  hold(relation: Relation, menu: { x: number; y: number } | null = null): void {
    this.head = null;
    this.picked = relation;
    this.menu = menu;
    if (menu === null) this.say(relation);
  }

  stand(end: End): void {
    this.picked = null;
    this.menu = null;
    this.cursor = end;
    const words = wordsOf(this.doc, end);
    this.announce(end.label === null ? words : `${words}, ${end.label}`);
  }

  /** The unit after or before the cursor; the first or last one without it. */
  unitBeside(direction: 1 | -1): End | null {
    const { units, cursor } = this;
    const at = cursor === null ? -1 : units.findIndex((unit) => sameEnd(unit, cursor));
    if (at >= 0) return units[at + direction] ?? units[at] ?? null;
    if (cursor === null) return units.at(direction === 1 ? 0 : -1) ?? null;
    const beside = (unit: End): boolean =>
      direction === 1 ? unit.start >= cursor.start : unit.end <= cursor.end;
    return (direction === 1 ? units.find(beside) : units.findLast(beside)) ?? null;
  }

  /** The relation after or before the selected one, in the order of the text. */
  relationBeside(direction: 1 | -1): Relation | null {
    const sorted = [...this.work.relations].sort((a, b) => first(a) - first(b) || last(a) - last(b));
    const at = this.selected === null ? -1 : sorted.indexOf(this.selected);
    if (at >= 0) return sorted[at + direction] ?? null;
    const from = this.cursor?.start;
    if (from === undefined) return sorted.at(direction === 1 ? 0 : -1) ?? null;
    const touches = ({ head, child }: Relation): boolean => head.start === from || child.start === from;
    return sorted.find(touches) ?? sorted.find((one) => first(one) >= from) ?? sorted.at(-1) ?? null;
  }

  // ------------------------------------------------------------ changes

  /** A word or span was picked: as the head, or as the child of the head in hand. `itself`: as both. */
  pick(end: End, { label = this.active, itself = false } = {}): void {
    this.cursor = end;
    this.picked = null;
    this.menu = null;
    const { head } = this;
    if (itself) this.relate(end, end, label);
    else if (head === null) {
      this.head = end;
      this.announce(t("From {0}: now pick where the arrow goes", wordsOf(this.doc, end)));
    } else if (sameEnd(head, end)) {
      this.head = null;
      this.announce(t("Let go of {0}", wordsOf(this.doc, end)));
    } else this.relate(head, end, label);
  }

  relate(head: End, child: End, label: string | null): void {
    if (label === null) {
      this.announce(t("There are no labels to relate with."));
      return;
    }
    this.head = null;
    this.use(label);
    const relation = { head, child, label, color: this.colourOf(label), origin: null };
    const next = edits.relate(this.work, relation);
    if (next === this.work) this.announce(t("This is {0} already", label));
    else {
      this.given().onwork(next);
      this.say(relation);
    }
  }

  /** A label was picked: for the selected relation, for the one that is being drawn, and for what comes next. */
  choose(label: string): void {
    this.chosen = label;
    this.menu = null;
    const { selected, head, cursor } = this;
    if (selected !== null) this.relabel(selected, label);
    else if (head !== null && cursor !== null && !sameEnd(head, cursor)) this.relate(head, cursor, label);
    else this.announce(t("Label {0}", label));
  }

  relabel(relation: Relation, label: string): void {
    this.use(label);
    this.replace(relation, { ...relation, label, color: this.colourOf(label) }, t("now {0}", label));
  }

  turn(relation: Relation): void {
    this.replace(relation, edits.turned(relation), t("turned round"));
  }

  private replace(old: Relation, next: Relation, words: string): void {
    this.menu = null;
    if (sameRelation(old, next)) return;
    const work = edits.change(this.work, old, next);
    if (work === this.work) {
      this.announce(t("This is {0} already", next.label));
      return;
    }
    this.picked = next;
    this.given().onwork(work);
    this.say(next, words);
  }

  remove(relation: Relation): void {
    this.picked = null;
    this.menu = null;
    this.given().onwork(edits.without(this.work, relation));
    this.announce(t("{0} removed from {1}", relation.label, this.told(relation)));
  }

  removeOdd(place: number): void {
    this.given().onwork(edits.withoutOdd(this.work, place));
  }
}

const first = ({ head, child }: Relation): number => Math.min(head.start, child.start);
const last = ({ head, child }: Relation): number => Math.max(head.start, child.start);
