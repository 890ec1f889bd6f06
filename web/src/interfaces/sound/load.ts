/** Reads a recording once, in pieces, for its waveform. The player plays it by itself. */

import { isMp3, Mp3Cutter } from "@/interfaces/sound/mp3";
import { Peaks } from "@/interfaces/sound/peaks";
import { isWav, joined, WavReader } from "@/interfaces/sound/wav";

/** Why there is no waveform. */
export type Trouble = "elsewhere" | "unread" | "long" | "strange";

export class NoWaveform extends Error {
  constructor(
    readonly trouble: Trouble,
    options?: ErrorOptions,
  ) {
    super(trouble, options);
  }
}

interface Reading {
  /** Seconds, as the player knows it; NaN where it does not. */
  duration: number;
  signal: AbortSignal;
  /** There is more to see. */
  onmore: (peaks: Peaks) => void;
}

/** Formats that cannot be cut are decoded whole, which takes memory. */
const WHOLE_SECONDS = 2 * 3600;
const WHOLE_BYTES = 512 * 2 ** 20;
const PIECE_SECONDS = 60;
/** Samples that a whole recording is decoded to, about. */
const SAMPLES = 30e6;
const [LEAST_RATE, MOST_RATE] = [8000, 44_100];
/** The page answers in between. */
const SLICE_MS = 8;
const SLICE = 2 ** 18;
const KEPT = 4;

const known = new Map<string, Peaks>();

/** The peaks of a recording at an address, which may be a data URI. Throws `NoWaveform`. */
export async function peaksOf(src: string, reading: Reading): Promise<Peaks> {
  const found = known.get(src);
  if (found !== undefined) return found;
  const peaks = new Peaks();
  await read(chunksOf(src, reading.signal), peaks, reading);
  keep(src, peaks);
  return peaks;
}

function keep(src: string, peaks: Peaks): void {
  known.set(src, peaks);
  const [oldest] = known.keys();
  if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
}

type Chunks = AsyncGenerator<Uint8Array, void>;

async function read(chunks: Chunks, peaks: Peaks, reading: Reading): Promise<void> {
  let start = new Uint8Array(0);
  while (start.length < 12) {
    const { value } = await chunks.next();
    if (value === undefined) break;
    start = joined(start, value);
  }
  if (isWav(start)) await readWav(start, chunks, peaks, reading);
  else if (isMp3(start)) await readMp3(start, chunks, peaks, reading);
  else await readWhole(start, chunks, peaks, reading);
}

async function readWav(start: Uint8Array, chunks: Chunks, peaks: Peaks, reading: Reading): Promise<void> {
  const reader = new WavReader();
  const rest = restart();
  let at = 0;
  let bytes: Uint8Array | undefined = start;
  while (bytes !== undefined) {
    const piece = reader.read(bytes);
    if (!reader.readable) throw new NoWaveform("strange");
    const count = piece?.channels[0]?.length ?? 0;
    if (piece !== null && count > 0) {
      peaks.add(at, piece.channels, piece.rate);
      at += count / piece.rate;
    }
    if (await rest(reading)) reading.onmore(peaks);
    bytes = (await chunks.next()).value ?? undefined;
  }
  if (at === 0) throw new NoWaveform("strange");
}

async function readMp3(start: Uint8Array, chunks: Chunks, peaks: Peaks, reading: Reading): Promise<void> {
  const cutter = new Mp3Cutter(PIECE_SECONDS);
  const rest = restart();
  /** What players leave out at the start, which encoders put there. */
  let lead: number | null = null;
  let bytes: Uint8Array | undefined = start;
  while (true) {
    const cuts = bytes === undefined ? cutter.end() : cutter.read(bytes);
    for (const { bytes: piece, start: at, seconds } of cuts) {
      const sound = await decoded(piece, LEAST_RATE * 2);
      lead ??= Math.max(0, seconds - sound.duration);
      await addBuffer(peaks, Math.max(0, at - lead), sound, reading);
    }
    if (bytes === undefined) break;
    await rest(reading);
    bytes = (await chunks.next()).value ?? undefined;
  }
  if (peaks.seconds === 0) throw new NoWaveform("strange");
}

async function readWhole(start: Uint8Array, chunks: Chunks, peaks: Peaks, reading: Reading): Promise<void> {
  if (reading.duration > WHOLE_SECONDS) throw new NoWaveform("long");
  const parts = [start];
  let size = start.length;
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.length;
    if (size > WHOLE_BYTES) throw new NoWaveform("long");
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  const wanted = SAMPLES / (reading.duration || WHOLE_SECONDS);
  const sound = await decoded(whole, Math.round(Math.min(Math.max(wanted, LEAST_RATE), MOST_RATE)));
  await addBuffer(peaks, 0, sound, reading);
}

/** The browser decodes beside the page. */
async function decoded(bytes: Uint8Array<ArrayBuffer>, rate: number): Promise<AudioBuffer> {
  try {
    return await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes.buffer);
  } catch (error) {
    throw new NoWaveform("strange", { cause: error });
  }
}

async function addBuffer(peaks: Peaks, at: number, sound: AudioBuffer, reading: Reading): Promise<void> {
  const rest = restart();
  const channels = Array.from({ length: sound.numberOfChannels }, (_, i) => sound.getChannelData(i));
  for (let from = 0; from < sound.length; from += SLICE) {
    const slices = channels.map((samples) => samples.subarray(from, from + SLICE));
    peaks.add(at + from / sound.sampleRate, slices, sound.sampleRate);
    if (await rest(reading)) reading.onmore(peaks);
  }
  reading.onmore(peaks);
}

/** Lets the page answer when it has been at work for long; true when it has. */
function restart(): (reading: Reading) => Promise<boolean> {
  let last = performance.now();
  return async ({ signal }) => {
    signal.throwIfAborted();
    if (performance.now() - last < SLICE_MS) return false;
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
    last = performance.now();
    return true;
  };
}

function chunksOf(src: string, signal: AbortSignal): Chunks {
  if (src.startsWith("data:")) return chunksOfData(src);
  return chunksOfAddress(src, signal);
}

/** Characters of a data URI decoded at once: a multiple of four. */
const CODED = 2 ** 20;

async function* chunksOfData(src: string): Chunks {
  const comma = src.indexOf(",");
  const coded = src.slice(0, comma).endsWith(";base64");
  if (!coded) {
    yield new TextEncoder().encode(decodeURIComponent(src.slice(comma + 1)));
    return;
  }
  for (let at = comma + 1; at < src.length; at += CODED) {
    const text = atob(src.slice(at, at + CODED));
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
    yield bytes;
  }
}

async function* chunksOfAddress(src: string, signal: AbortSignal): Chunks {
  const url = new URL(src, document.baseURI);
  if (url.origin !== location.origin && url.protocol !== "blob:") throw new NoWaveform("elsewhere");
  const reply = await fetch(url, { signal });
  if (!reply.ok || reply.body === null) throw new NoWaveform("unread");
  const reader = reply.body.getReader();
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
