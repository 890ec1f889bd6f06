/** WAV files read in pieces: an hour of sound is never in memory at once. */

export interface Piece {
  /** Samples from -1 to 1, one array for each channel. */
  channels: Float32Array[];
  rate: number;
}

interface Format {
  kind: number;
  channels: number;
  rate: number;
  /** Bytes for a sample of all channels. */
  frame: number;
  bits: number;
}

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

export function isWav(start: Uint8Array): boolean {
  return ascii(start, 0) === "RIFF" && ascii(start, 8) === "WAVE";
}

function ascii(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

/** Takes the bytes of a file as they come and gives the samples in them. */
export class WavReader {
  private rest = new Uint8Array(0);
  private format: Format | null = null;
  /** Bytes of samples still to come; null before they begin. */
  private left: number | null = null;
  private begun = false;

  /** False for a kind of samples that only the browser can read, as soon as that is known. */
  get readable(): boolean {
    return this.format === null || isReadable(this.format);
  }

  read(bytes: Uint8Array): Piece | null {
    this.rest = joined(this.rest, bytes);
    if (this.left === null) this.readHead();
    const { format, left } = this;
    if (format === null || left === null || !isReadable(format)) return null;
    const frames = Math.floor(Math.min(this.rest.length, left) / format.frame);
    const size = frames * format.frame;
    const piece = { channels: samplesOf(this.rest.subarray(0, size), format), rate: format.rate };
    this.rest = this.rest.slice(size);
    this.left = left - size;
    return piece;
  }

  private readHead(): void {
    if (!this.begun) {
      if (this.rest.length < 12) return;
      this.rest = this.rest.slice(12);
      this.begun = true;
    }
    while (this.rest.length >= 8) {
      const view = new DataView(this.rest.buffer, this.rest.byteOffset);
      const [name, size] = [ascii(this.rest, 0), view.getUint32(4, true)];
      if (name === "data") {
        this.rest = this.rest.slice(8);
        // A recorder that was cut off wrote no size.
        this.left = size === 0 || size === 0xffffffff ? Infinity : size;
        return;
      }
      const whole = 8 + size + (size % 2);
      if (this.rest.length < whole) return;
      if (name === "fmt ") this.format = formatOf(new DataView(this.rest.buffer, 8, size));
      this.rest = this.rest.slice(whole);
    }
  }
}

function formatOf(view: DataView): Format | null {
  if (view.byteLength < 16) return null;
  const kind = view.getUint16(0, true);
  return {
    kind: kind === EXTENSIBLE && view.byteLength >= 26 ? view.getUint16(24, true) : kind,
    channels: view.getUint16(2, true),
    rate: view.getUint32(4, true),
    frame: view.getUint16(12, true),
    bits: view.getUint16(14, true),
  };
}

function isReadable({ kind, bits, channels, rate, frame }: Format): boolean {
  const known = kind === PCM ? [8, 16, 24, 32].includes(bits) : kind === FLOAT && [32, 64].includes(bits);
  return known && rate > 0 && channels > 0 && frame === (channels * bits) / 8;
}

function samplesOf(bytes: Uint8Array, format: Format): Float32Array[] {
  const { channels, frame, bits } = format;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = readerOf(view, format);
  const count = bytes.length / frame;
  return Array.from({ length: channels }, (_, channel) => {
    const samples = new Float32Array(count);
    for (let i = 0; i < count; i += 1) samples[i] = read(i * frame + (channel * bits) / 8);
    return samples;
  });
}

function readerOf(view: DataView, { kind, bits }: Format): (at: number) => number {
  if (kind === FLOAT) {
    return bits === 32 ? (at) => view.getFloat32(at, true) : (at) => view.getFloat64(at, true);
  }
  if (bits === 8) return (at) => (view.getUint8(at) - 128) / 128;
  if (bits === 16) return (at) => view.getInt16(at, true) / 0x8000;
  // The two upper bytes say enough.
  return (at) => view.getInt16(at + bits / 8 - 2, true) / 0x8000;
}

export function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
