/** What a person has in hand while drawing on a picture — tool, label, region, sight — and what can be done with it. */

import { t } from "@/core/say";
import type { Config } from "@/api/types";
import { newId } from "@/core/ids";
import { keysInOrder } from "@/core/keymap";
import { colourOf } from "@/interfaces/image_manual/colours";
import type { ImageWork } from "@/interfaces/image_manual/edit";
import * as geometry from "@/interfaces/image_manual/geometry";
import { distance, type Grip, inside } from "@/interfaces/image_manual/geometry";
import { darknessOf, modesOf } from "@/interfaces/image_manual/options";
import {
  boundsOf,
  type Kind,
  type Point,
  samePoints,
  type Shape,
  type Size,
} from "@/interfaces/image_manual/shapes";
import * as sights from "@/interfaces/image_manual/sight";
import type { Sight } from "@/interfaces/image_manual/sight";
import type { Change } from "@/interfaces/interface";

export interface Given {
  work: ImageWork;
  config: Config;
  labels: string[];
  onwork: (work: ImageWork, change?: Change) => void;
  onannounce: (text: string) => void;
}

export type Tool = "select" | Kind;

/** A region on its way. */
export interface Pending {
  kind: Kind;
  points: readonly Point[];
  /** Where the hand is. */
  to: Point;
  /** Drawn by keys. */
  keyed: boolean;
}

const RECENT = 6;
const NONE: Size = { width: 1, height: 1 };
/** What one press of an arrow does, in pixels of the window. */
const STEP_PX = 8;
const ZOOM = 1.25;
/** A region put down by keys without a size takes this part of what is seen. */
const PART = 0.2;
const DARKER = [0, 0.3, 0.6];

export class Drawing {
  tool = $state<Tool>("select");
  chosen = $state<string | null>(null);
  /** Labels in the order of their last use, newest first. */
  used = $state.raw<string[]>([]);
  picked = $state.raw<string | null>(null);
  pending = $state.raw<Pending | null>(null);
  /** The picked region as the hand moves it; it becomes work when the hand lets go. */
  moving = $state.raw<Shape | null>(null);
  /** Where keys draw. */
  cross = $state.raw<Point | null>(null);
  /** The window that shows the picture. */
  room = $state.raw<Size>(NONE);
  hidden = $state(false);
  /** The sight that the person chose; null shows the whole picture. */
  own = $state.raw<Sight | null>(null);
  private darkened = $state<number | null>(null);

  readonly modes = $derived.by(() => modesOf(this.config));
  readonly keys = $derived.by(() => keysInOrder(this.labels, this.config.keymap_by_label));
  readonly active = $derived.by(() =>
    this.chosen !== null && this.labels.includes(this.chosen) ? this.chosen : (this.labels[0] ?? null),
  );
  readonly selected = $derived.by(() => this.work.shapes.find(({ key }) => key === this.picked) ?? null);
  readonly sight = $derived.by(() => this.own ?? sights.fit(this.size, this.room));
  readonly dark = $derived.by(() => this.darkened ?? darknessOf(this.config));
  readonly closer = $derived.by(() => this.sight.scale / sights.fit(this.size, this.room).scale);

  constructor(private readonly given: () => Given) {
    this.tool = modesOf(given().config)[0] ?? "rect";
  }

  get work(): ImageWork {
    return this.given().work;
  }

  get config(): Config {
    return this.given().config;
  }

  get labels(): string[] {
    return this.given().labels;
  }

  get size(): Size {
    return this.work.size ?? NONE;
  }

  announce(text: string): void {
    this.given().onannounce(text);
  }

  private change(shapes: readonly Shape[], change?: Change): void {
    this.given().onwork({ ...this.work, shapes }, change);
  }

  nameOf({ label, kind }: Shape): string {
    return label ?? { rect: t("Box"), polygon: t("Polygon"), freehand: t("Freehand") }[kind];
  }

  private say(shape: Shape): void {
    const { shapes } = this.work;
    const { x, y, width, height } = boundsOf(shape.points);
    const [at, n] = [shapes.findIndex(({ key }) => key === shape.key) + 1, shapes.length];
    const place = t("{0} by {1} at {2}, {3}", ...[width, height, x, y].map(Math.round));
    this.announce(at > 0 ? `${this.nameOf(shape)}, ${t("{0} of {1}", at, n)}: ${place}` : place);
  }

  // ------------------------------------------------------------ in hand

  /** Another card is on the table. */
  startOver(): void {
    this.letGo();
    this.own = null;
    this.cross = null;
    this.hidden = false;
    if (this.tool !== "select" && !this.modes.includes(this.tool)) this.tool = this.modes[0] ?? "rect";
  }

  letGo(): void {
    this.picked = null;
    this.pending = null;
    this.moving = null;
  }

  /** Lets go of one thing; false when nothing was held. */
  leave(): boolean {
    if (this.moving !== null) this.moving = null;
    else if (this.pending !== null) this.pending = null;
    else if (this.picked !== null) this.picked = null;
    else if (this.cross !== null) this.cross = null;
    else return false;
    return true;
  }

  take(tool: Tool): void {
    this.pending = null;
    this.tool = tool;
    const names = {
      select: t("Select and move"),
      rect: t("Draw boxes"),
      polygon: t("Draw polygons"),
      freehand: t("Draw freehand"),
    };
    this.announce(names[tool]);
  }

  hold(shape: Shape | null): void {
    this.picked = shape?.key ?? null;
    if (shape !== null) this.say(shape);
  }

  /** Holds what lies under a point; again and again, each of several. */
  pickAt(point: Point, reach: number): Shape | null {
    const found = geometry.under(this.hidden ? [] : this.work.shapes, point, reach);
    const next = geometry.nextUnder(found, this.picked);
    this.hold(next);
    return next;
  }

  /** The region after or before the one in hand. */
  pickBeside(direction: 1 | -1): boolean {
    const { shapes } = this.work;
    if (shapes.length === 0) return false;
    const at = shapes.findIndex(({ key }) => key === this.picked);
    const next = at < 0 ? (direction === 1 ? 0 : shapes.length - 1) : at + direction;
    const shape = shapes[(next + shapes.length) % shapes.length];
    if (shape === undefined) return false;
    this.pending = null;
    this.hold(shape);
    const { x, y, width, height } = boundsOf(shape.points);
    this.show([x + width / 2, y + height / 2]);
    return true;
  }

  /** Another region that lies under the middle of the one in hand. */
  pickBelow(): boolean {
    if (this.selected === null) return false;
    const { x, y, width, height } = boundsOf(this.selected.points);
    this.pickAt([x + width / 2, y + height / 2], 0);
    return true;
  }

  // ------------------------------------------------------------ sight

  /** Closer or farther, around a point of the window, else around what is in hand. */
  zoom(factor: number, at: Point | null = null): void {
    const { width, height } = this.room;
    this.own = sights.zoomed(this.sight, factor, at ?? [width / 2, height / 2], this.size, this.room);
  }

  zoomIn(): void {
    this.zoom(ZOOM, this.inHand());
  }

  zoomOut(): void {
    this.zoom(1 / ZOOM, this.inHand());
  }

  private inHand(): Point | null {
    const box = this.selected === null ? null : boundsOf(this.selected.points);
    const at: Point | null = box === null ? this.cross : [box.x + box.width / 2, box.y + box.height / 2];
    return at === null ? null : sights.toRoom(this.sight, at);
  }

  push(dx: number, dy: number): void {
    this.own = sights.pushed(this.sight, dx, dy, this.size, this.room);
  }

  fit(): void {
    this.own = null;
  }

  zoomToSelected(): boolean {
    if (this.selected === null) return false;
    this.own = sights.closeTo(boundsOf(this.selected.points), this.size, this.room);
    return true;
  }

  private show(point: Point): void {
    const next = sights.showing(this.sight, point, this.size, this.room);
    if (next !== this.sight) this.own = next;
  }

  darken(): void {
    this.darkened = DARKER.find((step) => step > this.dark + 0.01) ?? 0;
    this.announce(t("Darkened by {0} %", Math.round(this.dark * 100)));
  }

  hide(): void {
    this.hidden = !this.hidden;
    if (this.hidden) this.letGo();
    this.announce(this.hidden ? t("Regions hidden") : t("Regions shown"));
  }

  // ------------------------------------------------------------ drawing

  begin(kind: Kind, point: Point, keyed = false): void {
    const at = geometry.onPicture(point, this.size);
    this.hidden = false;
    this.picked = null;
    this.pending = { kind, points: [at], to: at, keyed };
  }

  /** The hand is on its way: a freehand line grows, anything else follows. */
  reach(point: Point): void {
    if (this.pending === null) return;
    const to = geometry.onPicture(point, this.size);
    const { kind, points } = this.pending;
    const grows = kind === "freehand" && distance(points.at(-1) ?? to, to) > 0;
    this.pending = { ...this.pending, to, points: grows ? [...points, to] : points };
  }

  /** One more corner of a polygon; near the first one, or where the last one is, it closes. */
  corner(point: Point, near: number): void {
    const { pending } = this;
    if (pending?.kind !== "polygon") return;
    const at = geometry.onPicture(point, this.size);
    const [first, last] = [pending.points[0] ?? at, pending.points.at(-1) ?? at];
    const closes =
      pending.points.length > 2 && (distance(first, at) <= near || distance(last, at) <= near / 2);
    if (closes) this.finish();
    else if (distance(last, at) > 0) this.pending = { ...pending, points: [...pending.points, at], to: at };
  }

  /** Takes the last corner back; false where there is none. */
  backOne(): boolean {
    const { pending } = this;
    if (pending === null) return false;
    const points = pending.points.slice(0, -1);
    const more = pending.kind === "polygon" && points.length > 0;
    this.pending = more ? { ...pending, points } : null;
    return true;
  }

  /** What was drawn becomes a region, if it has an area. */
  finish(): void {
    const { pending } = this;
    if (pending === null) return;
    const points = this.drawn(pending);
    if (points === null) {
      this.announce(t("This has no area, so nothing was drawn."));
      this.pending = null;
      return;
    }
    this.pending = null;
    this.add(pending.kind, points);
  }

  private drawn({ kind, points, to, keyed }: Pending): Point[] | null {
    const first = points[0] ?? to;
    if (kind !== "rect") return geometry.outlineOf(kind, points, 0.75 / this.sight.scale);
    if (keyed && samePoints([first], [to])) return this.boxAround(first);
    return this.boxTo(first, to);
  }

  /** The box that a hand draws from one point to another. */
  boxTo(from: Point, to: Point): Point[] | null {
    return geometry.boxFrom(from, to, this.size, this.config.image_manual_from_center === true);
  }

  private boxAround([x, y]: Point): Point[] | null {
    const half = (PART * Math.min(this.room.width, this.room.height)) / 2 / this.sight.scale;
    const { width, height } = this.size;
    const [cx, cy] = [inside(x, half, width - half), inside(y, half, height - half)];
    return geometry.boxFrom([cx - half, cy - half], [cx + half, cy + half], this.size);
  }

  private add(kind: Kind, points: readonly Point[]): void {
    const label = this.active;
    const key = newId("region");
    const shape: Shape = { key, kind, points, label, color: this.colour(label), origin: null };
    this.use(label);
    this.picked = key;
    this.change([...this.work.shapes, shape]);
    this.say(shape);
  }

  private colour(label: string | null): string {
    return colourOf(label, this.labels, this.config);
  }

  private use(label: string | null): void {
    if (label === null) return;
    this.used = [label, ...this.used.filter((one) => one !== label)].slice(0, RECENT);
  }

  // ------------------------------------------------------------ changing

  private replace(shape: Shape, change?: Change): void {
    this.change(
      this.work.shapes.map((one) => (one.key === shape.key ? shape : one)),
      change,
    );
  }

  /** The region in hand is elsewhere or of another form; several presses of a key are one step. */
  put(shape: Shape, step?: string): void {
    this.moving = null;
    const before = this.work.shapes.find(({ key }) => key === shape.key);
    if (before === undefined || samePoints(before.points, shape.points)) return;
    this.replace(shape, step === undefined ? undefined : { step: `${step} ${shape.key}` });
    this.say(shape);
  }

  /** A label was picked: for the region in hand if there is one, and for what comes next. */
  pick(label: string): void {
    this.chosen = label;
    if (this.selected !== null) this.relabel(this.selected, label);
    else this.announce(t("Label {0}", label));
  }

  relabel(shape: Shape, label: string): void {
    this.use(label);
    if (shape.label !== label) this.replace({ ...shape, label, color: this.colour(label) });
    this.announce(t("now {0}", label));
  }

  remove(shape: Shape): void {
    const { shapes } = this.work;
    const at = shapes.findIndex(({ key }) => key === shape.key);
    this.moving = null;
    this.picked = null;
    this.change(shapes.filter(({ key }) => key !== shape.key));
    this.announce(t("{0} removed", this.nameOf(shape)));
    // The next press goes on from here.
    this.cross ??=
      at < 0 ? null : geometry.onPicture(geometry.placeOf(boundsOf(shape.points), { h: 0, v: 0 }), this.size);
  }

  removeSelected(): boolean {
    if (this.pending !== null) return this.backOne();
    if (this.selected === null) return false;
    this.remove(this.selected);
    return true;
  }

  /** Above or below all others. */
  reorder(to: "front" | "back"): boolean {
    const { selected } = this;
    if (selected === null) return false;
    const others = this.work.shapes.filter((one) => one !== selected);
    const next = to === "front" ? [...others, selected] : [selected, ...others];
    if (next.some((one, i) => one !== this.work.shapes[i])) this.change(next);
    this.announce(to === "front" ? t("In front of all others") : t("Behind all others"));
    return true;
  }

  cut(shape: Shape): void {
    const rest = geometry.cutOff(shape, this.size);
    if (rest !== null) this.put(rest);
  }

  /** A region of the document that cannot be drawn. */
  drop(origin: number): void {
    this.given().onwork({ ...this.work, odd: this.work.odd.filter((one) => one !== origin) });
    this.announce(t("Region {0} removed", origin + 1));
  }

  // ------------------------------------------------------------ keys

  /** An arrow: moves the region in hand, stretches it, or moves the cross. */
  arrow(h: Grip["h"], v: Grip["v"], how: { stretch: boolean; fine: boolean }): void {
    const step = how.fine ? 1 : Math.max(1, Math.round(STEP_PX / this.sight.scale));
    const [dx, dy] = [h * step, v * step];
    if (this.selected === null) this.moveCross(dx, dy);
    else if (how.stretch) this.stretch(this.selected, dx, dy);
    else this.put(geometry.moved(this.selected, dx, dy, this.size), "moved");
    const box = this.selected === null ? null : boundsOf(this.selected.points);
    if (box !== null) this.show([box.x + box.width / 2, box.y + box.height / 2]);
  }

  private stretch(shape: Shape, dx: number, dy: number): void {
    const box = boundsOf(shape.points);
    const corner: Point = [box.x + box.width + dx, box.y + box.height + dy];
    const grip: Grip = { h: dx === 0 ? 0 : 1, v: dy === 0 ? 0 : 1 };
    const shrinksAway = box.width + dx <= 0 || box.height + dy <= 0;
    const next = shrinksAway ? null : geometry.gripped(box, grip, corner, this.size);
    if (next === null) this.announce(t("It ends here."));
    else this.put(geometry.stretched(shape, next), "stretched");
  }

  private moveCross(dx: number, dy: number): void {
    const [x, y] = this.cross ?? this.middle();
    const at: Point = this.cross === null ? [x, y] : [x + dx, y + dy];
    this.cross = geometry.onPicture(at, this.size);
    this.show(this.cross);
    if (this.pending?.keyed === true) this.reach(this.cross);
    this.announce(this.cross.map(Math.round).join(", "));
  }

  private middle(): Point {
    const { width, height } = this.room;
    const [x, y] = sights.toPicture(this.sight, [width / 2, height / 2]);
    return geometry.onPicture([Math.round(x), Math.round(y)], this.size);
  }

  /** Enter: shows the cross, begins a region there, sets a corner, ends it. */
  enter(): void {
    const { pending, tool } = this;
    if (this.selected !== null) {
      this.cross = geometry.onPicture(
        geometry.placeOf(boundsOf(this.selected.points), { h: 0, v: 0 }),
        this.size,
      );
      this.picked = null;
    } else if (pending !== null && !pending.keyed) this.finish();
    else if (this.cross === null) this.moveCross(0, 0);
    else if (pending === null && tool === "select") this.pickAt(this.cross, STEP_PX / this.sight.scale);
    else if (pending === null) this.beginByKey(tool === "select" ? "rect" : tool, this.cross);
    else if (pending.kind === "polygon") this.corner(this.cross, 0);
    else this.finish();
  }

  private beginByKey(kind: Kind, at: Point): void {
    this.begin(kind, at, true);
    this.announce(t("Begun at {0}: move with the arrows, then Enter", at.map(Math.round).join(", ")));
  }
}
