/** Mouse, pen and fingers over the picture: what a press, a drag, a tap, two fingers and the wheel do. */

import type { Drawing } from "@/interfaces/image_manual/drawing.svelte";
import {
  type Grip,
  GRIPS,
  gripped,
  hasCorners,
  moved,
  nearestSide,
  onPicture,
  contains,
  distance,
  placeOf,
  round,
  stretched,
  withCorner,
  withNewCorner,
  withoutCorner,
} from "@/interfaces/image_manual/geometry";
import { boundsOf, type Point, type Shape } from "@/interfaces/image_manual/shapes";
import { toPicture } from "@/interfaces/image_manual/sight";

const STILL_PX = 4;
/** As near as this is on it. */
const NEAR_PX = { mouse: 8, pen: 10, touch: 20 };
const NOTCH = 0.0016;
/** Lines and pages of a wheel, in pixels. */
const WHEEL_PX = [1, 18, 400];

interface Grasp {
  id: number;
  /** In the window. */
  from: Point;
  /** On the picture. */
  at: Point;
  /** What a move does to the region in hand, given where the hand is on the picture. */
  change: ((to: Point) => Shape | null) | null;
  does: "change" | "draw" | "push" | "corner";
  far: boolean;
}

export class Hand {
  private grasp: Grasp | null = null;
  private readonly fingers = new Map<number, Point>();
  private pinch: { apart: number; middle: Point } | null = null;

  constructor(
    private readonly drawing: Drawing,
    private readonly box: HTMLElement,
  ) {}

  down(event: PointerEvent): void {
    const at = this.placeIn(event);
    if (event.pointerType === "touch") this.fingers.set(event.pointerId, at);
    if (this.fingers.size > 1) {
      this.startPinch();
      return;
    }
    if (event.button > 1 || this.grasp !== null) return;
    this.grasp = this.graspAt(event, at);
    this.box.setPointerCapture(event.pointerId);
  }

  move(event: PointerEvent): void {
    const at = this.placeIn(event);
    if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, at);
    if (this.pinch !== null) this.movePinch();
    else if (this.grasp?.id === event.pointerId) this.drag(event, this.grasp, at);
    else if (this.drawing.pending?.kind === "polygon" && !this.drawing.pending.keyed) {
      this.drawing.reach(this.onPicture(at));
    }
  }

  up(event: PointerEvent): void {
    this.fingers.delete(event.pointerId);
    if (this.pinch !== null) {
      if (this.fingers.size < 2) this.pinch = null;
      return;
    }
    const { grasp } = this;
    if (grasp?.id !== event.pointerId) return;
    this.grasp = null;
    const at = this.onPicture(this.placeIn(event));
    if (grasp.does === "corner") this.setCorner(event, at);
    else if (!grasp.far) this.tap(event, grasp);
    else if (grasp.does === "draw") this.drawing.finish();
    else if (this.drawing.moving !== null) this.drawing.put(this.drawing.moving);
  }

  cancel(event: PointerEvent): void {
    this.fingers.delete(event.pointerId);
    if (this.fingers.size < 2) this.pinch = null;
    if (this.grasp?.id === event.pointerId) this.drop();
  }

  wheel(event: WheelEvent): void {
    event.preventDefault();
    const unit = WHEEL_PX[event.deltaMode] ?? 1;
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
    if (event.shiftKey) this.drawing.push(-(dx === 0 ? dy : dx), 0);
    // Two fingers on a pad are told as a wheel with ctrl, in small steps.
    else this.drawing.zoom(Math.exp(-dy * NOTCH * (event.ctrlKey ? 6 : 1)), this.placeIn(event));
  }

  private placeIn({ clientX, clientY }: MouseEvent): Point {
    const { left, top } = this.box.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }

  private onPicture(at: Point): Point {
    return toPicture(this.drawing.sight, at);
  }

  private reach({ pointerType }: PointerEvent): number {
    const px = NEAR_PX[pointerType as keyof typeof NEAR_PX] ?? NEAR_PX.mouse;
    return px / this.drawing.sight.scale;
  }

  /** What this press will be, should it move. */
  private graspAt(event: PointerEvent, from: Point): Grasp {
    const { drawing } = this;
    const { tool } = drawing;
    const at = this.onPicture(from);
    const grasp = { id: event.pointerId, from, at, change: null, far: false };
    if (event.button === 1 || event.altKey) return { ...grasp, does: "push" };
    if (drawing.pending?.kind === "polygon") return { ...grasp, does: "corner" };
    drawing.pending = null;
    const change = this.changeAt(at, this.reach(event));
    if (change !== null) return { ...grasp, change, does: "change" };
    if (tool === "select") return { ...grasp, does: "push" };
    const onLine = this.onLine(at, this.reach(event));
    return { ...grasp, does: tool === "polygon" && !onLine ? "corner" : "draw" };
  }

  /** Taps on the line of a region select it also where a press would begin a polygon. */
  private onLine(at: Point, reach: number): boolean {
    const near = (shape: Shape): boolean => nearestSide(shape.points, at).away <= reach / 2;
    return !this.drawing.hidden && this.drawing.work.shapes.some(near);
  }

  /** What a drag from a point of the region in hand does to it; null where it does nothing. */
  private changeAt(at: Point, reach: number): ((to: Point) => Shape | null) | null {
    const { drawing } = this;
    const { selected: shape, size, tool } = drawing;
    if (shape === null) return null;
    return (
      this.cornerAt(shape, at, reach) ??
      this.gripAt(shape, at, reach) ??
      (nearestSide(shape.points, at).away <= reach || (tool === "select" && contains(shape.points, at))
        ? ([x, y]) => moved(shape, x - at[0], y - at[1], size)
        : null)
    );
  }

  private cornerAt(shape: Shape, at: Point, reach: number): ((to: Point) => Shape | null) | null {
    if (!hasCorners(shape)) return null;
    const { size } = this.drawing;
    const corner = shape.points.findIndex((point) => distance(point, at) <= reach);
    if (corner >= 0) return (to) => withCorner(shape, corner, onPicture(to, size));
    const middle = shape.points.findIndex((point, i) => {
      const [x, y] = shape.points[(i + 1) % shape.points.length] ?? point;
      return distance([(point[0] + x) / 2, (point[1] + y) / 2], at) <= reach * 0.75;
    });
    return middle < 0 ? null : (to) => withNewCorner(shape, middle, onPicture(to, size));
  }

  private gripAt(shape: Shape, at: Point, reach: number): ((to: Point) => Shape | null) | null {
    if (hasCorners(shape)) return null;
    const box = boundsOf(shape.points);
    const near = (grip: Grip): boolean => distance(placeOf(box, grip), at) <= reach;
    // Corners before sides: of a small box they lie over each other.
    const grip = GRIPS.find((one) => one.h !== 0 && one.v !== 0 && near(one)) ?? GRIPS.find(near);
    if (grip === undefined) return null;
    return (to) => {
      const next = gripped(box, grip, to, this.drawing.size);
      return next === null ? null : stretched(shape, next);
    };
  }

  private drag(event: PointerEvent, grasp: Grasp, at: Point): void {
    const { drawing } = this;
    if (!grasp.far && distance(grasp.from, at) < STILL_PX) return;
    if (!grasp.far && grasp.does === "draw") this.begin(grasp);
    grasp.far = true;
    const to = this.onPicture(at);
    if (grasp.does === "push") {
      drawing.push(at[0] - grasp.from[0], at[1] - grasp.from[1]);
      grasp.from = at;
    } else if (grasp.does === "change") drawing.moving = grasp.change?.(to) ?? drawing.moving;
    else if (drawing.pending?.kind === "freehand") this.trace(event);
    else drawing.reach(to);
  }

  private begin({ at }: Grasp): void {
    const { tool } = this.drawing;
    if (tool === "rect" || tool === "freehand") this.drawing.begin(tool, at);
  }

  /** All places the pen was at since the last frame. */
  private trace(event: PointerEvent): void {
    const all = typeof event.getCoalescedEvents === "function" ? event.getCoalescedEvents() : [];
    for (const one of all.length > 0 ? all : [event]) this.drawing.reach(this.onPicture(this.placeIn(one)));
  }

  private setCorner(event: PointerEvent, at: Point): void {
    const { drawing } = this;
    if (drawing.pending === null) drawing.begin("polygon", at);
    else drawing.corner(at, this.reach(event));
  }

  private tap(event: PointerEvent, grasp: Grasp): void {
    const { drawing } = this;
    const shape = drawing.selected;
    const reach = this.reach(event);
    if (event.altKey && shape !== null && hasCorners(shape)) this.dropCorner(shape, grasp.at, reach);
    else if (grasp.does !== "push" || drawing.tool === "select") drawing.pickAt(grasp.at, reach / 2);
  }

  /** A corner goes with a click while alt is held. */
  private dropCorner(shape: Shape, at: Point, reach: number): void {
    const corner = shape.points.findIndex((point) => distance(point, at) <= reach);
    const next = corner < 0 ? null : withoutCorner(shape, corner);
    if (next !== null) this.drawing.put(next);
  }

  /** A second finger: what the first one began is dropped. */
  private startPinch(): void {
    if (this.grasp !== null) this.drop();
    const [a, b] = [...this.fingers.values()];
    if (a === undefined || b === undefined) return;
    this.pinch = { apart: Math.max(1, distance(a, b)), middle: middleOf(a, b) };
  }

  private movePinch(): void {
    const [a, b] = [...this.fingers.values()];
    if (a === undefined || b === undefined || this.pinch === null) return;
    const next = { apart: Math.max(1, distance(a, b)), middle: middleOf(a, b) };
    const { middle, apart } = this.pinch;
    this.drawing.push(next.middle[0] - middle[0], next.middle[1] - middle[1]);
    this.drawing.zoom(next.apart / apart, next.middle);
    this.pinch = next;
  }

  private drop(): void {
    const { grasp } = this;
    this.grasp = null;
    this.drawing.moving = null;
    if (grasp?.does === "draw") this.drawing.pending = null;
  }
}

function middleOf(a: Point, b: Point): Point {
  return [round((a[0] + b[0]) / 2), round((a[1] + b[1]) / 2)];
}
