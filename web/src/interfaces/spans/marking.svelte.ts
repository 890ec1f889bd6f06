/** What a person has in hand while marking spans — label, cursor, selected span — and what can be done with it. */

import { t } from "@/core/say";
import type { Config, Task } from "@/api/types";
import { keysInOrder } from "@/core/keymap";
import { directionOf } from "@/core/offsets";
import { type Cursor, extent, placed } from "@/interfaces/spans/cursor";
import * as documents from "@/interfaces/spans/document";
import { documentOf, isLoose, occurrences, type Range, snap, textOf } from "@/interfaces/spans/document";
import * as edits from "@/interfaces/spans/edit";
import { arrange, found, inOrder, type Span, spanAt, type SpanWork } from "@/interfaces/spans/edit";
import type { BorderMove } from "@/interfaces/spans/keys";
import { descriptionsOf } from "@/interfaces/spans/labels";

export interface Given {
  task: Task;
  work: SpanWork;
  config: Config;
  labels: string[];
  /** Spans may lie over each other. */
  overlap: boolean;
  onwork: (work: SpanWork) => void;
  onannounce: (text: string) => void;
}

const RECENT = 6;
/** Always the same, so that what shows it is not looked at again. */
const NONE: readonly Span[] = [];

export class Marking {
  chosen = $state<string | null>(null);
  /** Labels in the order of their last use, newest first. */
  used = $state.raw<string[]>([]);
  cursor = $state.raw<Cursor | null>(null);
  picked = $state.raw<Span | null>(null);
  /** Where the menu of the selected span is open. */
  menu = $state.raw<{ x: number; y: number } | null>(null);
  private switched = $state<boolean | null>(null);

  readonly snapping = $derived.by(() => {
    const given = documents.snappingOf(this.config);
    return { ...given, characters: this.switchable ? (this.switched ?? given.characters) : false };
  });
  /** Whether characters are marked can be switched where nothing is lost by it. */
  readonly switchable = $derived.by(
    () => documents.snappingOf(this.config).characters || !documentOf(this.given().task, false).tokenised,
  );
  readonly doc = $derived.by(() => documentOf(this.given().task, this.snapping.characters));
  readonly arranged = $derived.by(() =>
    this.overlap ? { shown: inOrder(this.work), hidden: NONE } : arrange(this.work),
  );
  /** Spans of the data that do not begin and end where tokens do. */
  readonly loose = $derived.by(() => {
    const found = this.work.filter((span) => span.origin !== null && isLoose(this.doc, span));
    return found.length === 0 ? NONE : found;
  });
  readonly keys = $derived.by(() => keysInOrder(this.labels, this.config.keymap_by_label));
  readonly descriptions = $derived.by(() => descriptionsOf(this.config));
  readonly active = $derived.by(() =>
    this.chosen !== null && this.labels.includes(this.chosen) ? this.chosen : (this.labels[0] ?? null),
  );
  /** The stretch under the cursor. */
  readonly here = $derived.by(() => (this.cursor === null ? null : extent(this.doc, this.cursor)));
  /** The span that keys and label buttons mean. */
  readonly selected = $derived.by(() => {
    const still = found(this.work, this.picked);
    if (still !== null || this.overlap) return still;
    const inside = this.here !== null && this.cursor?.anchor === this.cursor?.focus;
    return inside && this.here !== null ? spanAt(this.arranged.shown, this.here.start) : null;
  });
  readonly rtl = $derived.by(() => this.config.writing_dir === "rtl" || directionOf(this.doc.text) === "rtl");

  constructor(private readonly given: () => Given) {}

  get work(): SpanWork {
    return this.given().work;
  }

  get config(): Config {
    return this.given().config;
  }

  get labels(): string[] {
    return this.given().labels;
  }

  get overlap(): boolean {
    return this.given().overlap;
  }

  private get rules(): edits.Rules {
    return { overlap: this.overlap };
  }

  announce(text: string): void {
    this.given().onannounce(text);
  }

  private change(work: SpanWork): void {
    this.given().onwork(work);
  }

  private say(span: Range & { label: string }, words = span.label): void {
    const meaning = this.descriptions[span.label];
    const more = meaning === undefined ? "" : `, ${meaning}`;
    this.announce(`${textOf(this.doc, span.start, span.end)}: ${words}${more}`);
  }

  private use(label: string): void {
    this.used = [label, ...this.used.filter((one) => one !== label)].slice(0, RECENT);
  }

  // ------------------------------------------------------------ in hand

  /** Another document is on the table. */
  startOver(): void {
    this.letGo();
    this.switched = null;
  }

  letGo(): void {
    this.cursor = null;
    this.picked = null;
    this.menu = null;
  }

  /** Lets go of one thing; false when nothing was held. */
  leave(): boolean {
    if (this.menu !== null) this.menu = null;
    else if (this.picked !== null) this.picked = null;
    else if (this.cursor !== null) this.cursor = null;
    else return false;
    return true;
  }

  hold(span: Span, menu: { x: number; y: number } | null = null): void {
    this.cursor = null;
    this.picked = span;
    this.menu = menu;
    if (menu === null) this.say(span);
  }

  /** Puts the cursor where it was moved to. */
  stand(cursor: Cursor): void {
    this.picked = null;
    this.menu = null;
    this.cursor = cursor;
    const range = extent(this.doc, cursor);
    if (range === null) return;
    const span = cursor.anchor === cursor.focus ? spanAt(this.arranged.shown, range.start) : null;
    const words = textOf(this.doc, range.start, range.end);
    this.announce(span === null ? words : `${textOf(this.doc, span.start, span.end)}, ${span.label}`);
  }

  /** Where moves begin: the cursor, or the selected span. */
  from(): Cursor | null {
    if (this.cursor !== null || this.picked === null) return this.cursor;
    return placed(null, Math.max(0, documents.stepAt(this.doc.steps, this.picked.start)), false);
  }

  /** The span after or before what is in hand. */
  spanBeside(direction: 1 | -1): Span | null {
    const { shown } = this.arranged;
    const at = this.selected === null ? -1 : shown.indexOf(this.selected);
    if (at >= 0) return shown[at + direction] ?? null;
    const point = this.here?.start;
    if (direction === 1) return shown.find((span) => span.start >= (point ?? 0)) ?? null;
    return shown.findLast((span) => span.end <= (point ?? Infinity)) ?? null;
  }

  switchCharacters(): void {
    if (!this.switchable) return;
    this.letGo();
    this.switched = !this.snapping.characters;
    this.announce(this.snapping.characters ? t("Marking characters") : t("Marking words"));
  }

  // ------------------------------------------------------------ changes

  add(range: Range, label: string | null): void {
    if (label === null) {
      this.announce(t("There are no labels to mark with."));
      return;
    }
    this.use(label);
    this.change(edits.mark(this.work, range, label, this.rules));
    this.say({ ...range, label });
  }

  remove(span: Span): void {
    this.picked = null;
    this.menu = null;
    this.change(edits.remove(this.work, span));
    this.announce(t("{0} removed from {1}", span.label, textOf(this.doc, span.start, span.end)));
  }

  removeSelected(): boolean {
    if (this.selected === null) return false;
    // The cursor stays where the span was.
    this.cursor ??= this.from();
    this.remove(this.selected);
    return true;
  }

  relabel(span: Span, label: string): void {
    this.use(label);
    this.menu = null;
    const twin = this.work.some((one) => one !== span && edits.sameStretch(one, span) && one.label === label);
    if (twin) {
      this.announce(t("This is {0} already", label));
      return;
    }
    const next = edits.relabel(this.work, span, label);
    if (this.picked !== null) this.picked = { ...span, label };
    this.change(next);
    this.say({ ...span, label }, t("now {0}", label));
  }

  /** False when the span stays as it is. */
  resize(span: Span, range: Range | null): boolean {
    const next = range === null ? null : edits.resize(this.work, span, range, this.rules);
    if (range === null || next === null) {
      this.announce(range === null ? t("It ends here.") : t("Another span is in the way."));
      return false;
    }
    this.picked = { ...span, ...range };
    this.cursor = null;
    this.change(next);
    this.say({ ...span, ...range });
    return true;
  }

  moveBorder({ side, direction, characters }: BorderMove): boolean {
    if (this.selected === null) return false;
    const steps = characters ? documentOf(this.given().task, true) : this.doc;
    this.resize(this.selected, documents.moveBorder(steps, this.selected, side, direction, this.snapping));
    return true;
  }

  /** The label on every stretch with the same words, as one step. */
  everywhere(): void {
    const { doc, here, selected } = this;
    const range = selected ?? (here === null ? null : snap(doc, here.start, here.end, this.snapping));
    const label = selected?.label ?? this.active;
    if (range === null || label === null) {
      this.announce(t("Select a span or some words first."));
      return;
    }
    this.use(label);
    this.menu = null;
    const places = selected === null ? [range, ...occurrences(doc, range)] : occurrences(doc, range);
    const { work, marked, left } = edits.markAll(this.work, places, label, this.rules);
    if (work !== this.work) this.change(work);
    const more = left === 0 ? "" : t("; {0} left, where other spans are", left);
    this.announce(t("{0}: {1} marked as {2}", textOf(doc, range.start, range.end), marked, label) + more);
  }

  /** A label was picked: for the span or stretch under the cursor if there is one, and for what comes next. */
  pick(label: string): void {
    this.chosen = label;
    this.menu = null;
    if (!this.enter(label)) this.announce(t("Label {0}", label));
  }

  /** The label for what is in hand; false when that is nothing. */
  enter(label: string | null): boolean {
    if (label === null) return false;
    if (this.selected !== null) this.relabel(this.selected, label);
    else if (this.here !== null) this.markHere(this.here, label);
    else return false;
    return true;
  }

  private markHere(here: Range, label: string): void {
    const range = snap(this.doc, here.start, here.end, this.snapping);
    if (range === null) {
      this.announce(t("This cannot be marked."));
      return;
    }
    this.add(range, label);
    // Where spans overlap, the same words may get another label next.
    if (this.cursor !== null && !this.overlap) this.cursor = placed(null, this.cursor.focus, false);
  }
}
