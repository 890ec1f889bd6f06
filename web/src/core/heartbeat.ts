/** A beat every 20 s while the page is visible, at once when it becomes so; never two at a time. */

const EVERY_MS = 20_000;
const SOON_MS = 700;

export class Heartbeat {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private beating = false;
  private visible = true;
  private closed = false;
  private hurried = false;

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

  /** One more beat in a moment, when the server has heard what others tell it now. */
  soon(): void {
    this.hurried = true;
    this.plan();
  }

  close(): void {
    this.closed = true;
    this.cancel();
  }

  private plan(): void {
    this.cancel();
    if (!this.visible || this.closed) return;
    this.timer = setTimeout(() => this.due(), this.hurried ? SOON_MS : EVERY_MS);
  }

  private due(): void {
    this.hurried = false;
    void this.now();
  }

  private cancel(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
