/** Time at work today, for one seat in this browser: what this page adds to what other pages of the day told. */

import { recall, remember } from "@/ui/memory";

export class Daily {
  private told = 0;

  constructor(private readonly seat: string) {}

  /** Milliseconds today, given those of this page so far; they are remembered, too. */
  total(activeMs: number): number {
    const key = `active ${this.seat}`;
    const day = new Date().toLocaleDateString("sv");
    const [storedDay, storedMs] = (recall(key) ?? "").split(" ");
    const before = storedDay === day ? Number(storedMs) || 0 : 0;
    const now = before + Math.max(0, activeMs - this.told);
    this.told = activeMs;
    remember(key, `${day} ${Math.round(now)}`);
    return now;
  }
}

/** A short name for a text, to tell whether it is still the same. */
export function checksum(text: string): string {
  let sum = 0;
  for (let i = 0; i < text.length; i += 1) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) | 0;
  return `${text.length}-${(sum >>> 0).toString(36)}`;
}
