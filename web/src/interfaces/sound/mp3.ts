/** MP3 files cut into pieces that can be decoded one by one: an hour of sound is never in memory at once. */

import { joined } from "@/interfaces/sound/wav";

export interface Cut {
  bytes: Uint8Array<ArrayBuffer>;
  /** Seconds from the start of the file to that of the piece, and of sound in it. */
  start: number;
  seconds: number;
}

const BITRATES: Record<string, readonly number[]> = {
  "1-1": [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  "1-2": [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  "1-3": [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  "2-1": [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  "2-2": [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  "2-3": [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};
const RATES = [44_100, 48_000, 32_000];
const HEAD = 4;

interface Frame {
  size: number;
  seconds: number;
}

export function isMp3(start: Uint8Array): boolean {
  return String.fromCharCode(...start.subarray(0, 3)) === "ID3" || frameAt(start, 0) !== null;
}

/** The frame whose head stands here (ISO 11172-3, 2.4.1.3), if one does. */
export function frameAt(bytes: Uint8Array, at: number): Frame | null {
  const [sync, kind, rates] = [bytes[at], bytes[at + 1] ?? 0, bytes[at + 2] ?? 0];
  if (sync !== 0xff || (kind & 0xe0) !== 0xe0) return null;
  const [version, layer] = [(kind >> 3) & 3, 4 - ((kind >> 1) & 3)];
  const family = version === 3 ? 1 : 2;
  const kilobits = BITRATES[`${family}-${layer}`]?.[(rates >> 4) - 1];
  const full = RATES[(rates >> 2) & 3];
  if (version === 1 || kilobits === undefined || full === undefined) return null;
  const rate = version === 3 ? full : version === 2 ? full / 2 : full / 4;
  const padding = (rates >> 1) & 1;
  const samples = layer === 1 ? 384 : layer === 3 && family === 2 ? 576 : 1152;
  const slot = layer === 1 ? 4 : 1;
  const size = (Math.floor((samples * kilobits * 125) / rate / slot) + padding) * slot;
  return { size, seconds: samples / rate };
}

/** Bytes of a tag before the sound, its own head included; 0 where there is none. */
function tagSize(bytes: Uint8Array): number {
  if (String.fromCharCode(...bytes.subarray(0, 3)) !== "ID3") return 0;
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(6, 10);
  return 10 + ((a & 127) << 21) + ((b & 127) << 14) + ((c & 127) << 7) + (d & 127);
}

/** Takes the bytes of a file as they come and gives pieces of whole frames, `seconds` long each. */
export class Mp3Cutter {
  private rest = new Uint8Array(0);
  private skip: number | null = null;
  private at = 0;
  private start = 0;
  private length = 0;

  constructor(private readonly seconds: number) {}

  read(bytes: Uint8Array): Cut[] {
    this.rest = joined(this.rest, bytes);
    if (this.skip === null) {
      if (this.rest.length < 10) return [];
      this.skip = tagSize(this.rest);
    }
    const skipped = Math.min(this.skip, this.rest.length);
    if (skipped > 0) this.rest = this.rest.slice(skipped);
    this.skip -= skipped;
    return this.skip > 0 ? [] : this.cut();
  }

  /** What is left at the end of the file. */
  end(): Cut[] {
    return this.length === 0 ? [] : [this.take()];
  }

  private cut(): Cut[] {
    const cuts: Cut[] = [];
    while (this.at + HEAD <= this.rest.length) {
      const frame = frameAt(this.rest, this.at);
      if (frame === null) {
        this.at += 1;
        continue;
      }
      if (this.at + frame.size > this.rest.length) break;
      this.at += frame.size;
      this.length += frame.seconds;
      if (this.length >= this.seconds) cuts.push(this.take());
    }
    return cuts;
  }

  private take(): Cut {
    const cut = { bytes: this.rest.slice(0, this.at), start: this.start, seconds: this.length };
    this.rest = this.rest.slice(this.at);
    this.start += this.length;
    this.at = 0;
    this.length = 0;
    return cut;
  }
}
