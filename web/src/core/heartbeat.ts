/** A beat every 20 s while the page is visible, at once when it becomes so; never two at a time. */

const EVERY_MS = 20_000;

export class Heartbeat {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private beating = false;
  private visible = true;
  private closed = false;

  constructor(private readonly beat: () => Promise<void>) {}

  start(): void {
    this.plan();
  }

  setVisible(visible: boolean): void {
    this.visible = visible;
    if (visible) void this.now();
    else this.cancel();
  }

  /** Beats now; the next one follows a full period later. */
  async now(): Promise<void> {
    if (this.beating || this.closed) return;
    this.beating = true;
    this.cancel();
    try {
      await this.beat();
    } finally {
      this.beating = false;
      this.plan();
    }
  }

  close(): void {
    this.closed = true;
    this.cancel();
  }

  private plan(): void {
    this.cancel();
    if (this.visible && !this.closed) this.timer = setTimeout(() => void this.now(), EVERY_MS);
  }

  private cancel(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
