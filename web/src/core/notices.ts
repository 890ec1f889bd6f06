/** Short messages that stay until they are read, and the one line for screen readers. */

import { newId } from "@/core/ids";

export interface Notice {
  id: string;
  /** A later notice about the same thing replaces the earlier one. */
  about: string;
  tone: "info" | "warn" | "error";
  text: string;
}

export class Notices {
  list: Notice[] = [];

  constructor(private readonly changed: () => void) {}

  say(about: string, tone: Notice["tone"], text: string): void {
    this.list = [
      ...this.list.filter((notice) => notice.about !== about),
      { id: newId("n"), about, tone, text },
    ];
    this.changed();
  }

  dismiss(id: string): void {
    this.list = this.list.filter((notice) => notice.id !== id);
    this.changed();
  }

  clear(about: string): void {
    const left = this.list.filter((notice) => notice.about !== about);
    if (left.length === this.list.length) return;
    this.list = left;
    this.changed();
  }
}
