/** Taps of a finger as clicks, told from where it lifts: after a swipe browsers take the next tap as its end. */

const STILL_PX = 10;

/** Elements inside `box` that match `selector` are clicked by taps. */
export function taps(selector: string): (box: HTMLElement) => () => void {
  return (box) => {
    let began: { target: Element; x: number; y: number } | null = null;
    let tapped = -Infinity;

    function start(event: TouchEvent): void {
      const [touch] = event.touches;
      const target = event.target instanceof Element ? event.target.closest(selector) : null;
      const alone = event.touches.length === 1 && touch !== undefined && target !== null;
      began = alone ? { target, x: touch.clientX, y: touch.clientY } : null;
    }

    function move({ touches: [touch] }: TouchEvent): void {
      if (began === null || touch === undefined) return;
      if (Math.hypot(touch.clientX - began.x, touch.clientY - began.y) > STILL_PX) began = null;
    }

    function end(event: TouchEvent): void {
      if (began === null) return;
      const { target, x, y } = began;
      began = null;
      // The browser's own click would come a moment later, perhaps on something else.
      if (event.cancelable) event.preventDefault();
      tapped = event.timeStamp;
      const at = { clientX: x, clientY: y, detail: 1 };
      target.dispatchEvent(new MouseEvent("click", { ...at, bubbles: true, cancelable: true, view: window }));
    }

    function click(event: MouseEvent): void {
      if (!event.isTrusted || event.timeStamp - tapped > 500) return;
      event.stopPropagation();
      event.preventDefault();
    }

    function cancel(): void {
      began = null;
    }

    box.addEventListener("touchstart", start, { passive: true });
    box.addEventListener("touchmove", move, { passive: true });
    box.addEventListener("touchend", end, { passive: false });
    box.addEventListener("touchcancel", cancel, { passive: true });
    box.addEventListener("click", click, true);
    return () => {
      box.removeEventListener("touchstart", start);
      box.removeEventListener("touchmove", move);
      box.removeEventListener("touchend", end);
      box.removeEventListener("touchcancel", cancel);
      box.removeEventListener("click", click, true);
    };
  };
}
