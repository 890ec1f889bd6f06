/** Mouse, pen and finger over the text: a tap, a double tap, or a drag from one place to another. */

export interface Drag {
  /** UTF-16 units, in the order of the hand. */
  from: number;
  to: number;
  /** A border of a span is being moved, not a stretch marked. */
  border: boolean;
}

export interface PointerOptions {
  /** The border between characters that is nearest to a point; null outside the text. */
  unitAt: (x: number, y: number) => number | null;
  /** The character under a point. */
  characterAt: (x: number, y: number) => number | null;
  /** The hand is on its way. */
  drag: (drag: Drag) => void;
  dragged: (drag: Drag) => void;
  tapped: (unit: number | null) => void;
  doubleTapped: (unit: number) => void;
  cancelled: () => void;
}

const STILL_PX = 4;
const DOUBLE_MS = 350;

interface Start {
  id: number;
  x: number;
  y: number;
  unit: number | null;
  border: boolean;
}

export class Pointer {
  private start: Start | null = null;
  private to: number | null = null;
  private moved = false;
  private lastTap: { at: number; x: number; y: number } | null = null;

  constructor(private readonly options: PointerOptions) {}

  /** `fixed` is the border of a span that stays while the hand moves the other one. */
  down(event: PointerEvent, box: HTMLElement | undefined, fixed: number | null = null): void {
    if (event.button !== 0 || !event.isPrimary) return;
    const unit = fixed ?? this.options.unitAt(event.clientX, event.clientY);
    this.start = { id: event.pointerId, x: event.clientX, y: event.clientY, unit, border: fixed !== null };
    this.to = unit;
    this.moved = false;
    box?.setPointerCapture(event.pointerId);
  }

  move(event: PointerEvent): void {
    const { start } = this;
    if (start === null || event.pointerId !== start.id) return;
    const distance = Math.hypot(event.clientX - start.x, event.clientY - start.y);
    if (!this.moved && distance < STILL_PX) return;
    this.moved = true;
    this.to = this.options.unitAt(event.clientX, event.clientY) ?? this.to;
    const { unit, border } = start;
    if (unit !== null && this.to !== null) this.options.drag({ from: unit, to: this.to, border });
  }

  up(event: PointerEvent): void {
    const { start, to } = this;
    if (start === null || event.pointerId !== start.id) return;
    this.start = null;
    if (!this.moved) {
      if (start.border) this.options.cancelled();
      else this.tap(event, start);
    } else if (start.unit !== null && to !== null && to !== start.unit) {
      this.options.dragged({ from: start.unit, to, border: start.border });
    } else this.options.cancelled();
  }

  get busy(): boolean {
    return this.start !== null;
  }

  cancel(): void {
    this.start = null;
    this.options.cancelled();
  }

  private tap(event: PointerEvent, { x, y }: Start): void {
    const last = this.lastTap;
    const again =
      last !== null && event.timeStamp - last.at < DOUBLE_MS && Math.hypot(x - last.x, y - last.y) < 12;
    this.lastTap = again ? null : { at: event.timeStamp, x, y };
    const unit = this.options.characterAt(x, y);
    if (again && unit !== null) this.options.doubleTapped(unit);
    else this.options.tapped(unit);
  }
}
