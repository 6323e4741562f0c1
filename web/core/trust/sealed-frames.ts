/**
 * Opens encrypted frames as the browser's encoded transform hands them over. Runs in a worker, without a page.
 *
 * H.264 (Annex B): of a slice the first eight bytes are readable; then comes an SFrame ciphertext of the rest with these
 * bytes as its metadata, escaped like all NAL units (ITU-T H.264 §7.4.1), and a last byte 0x80, to which is added by how
 * much a slice is shorter than eight bytes. The parameter sets of a frame, with their start codes, are encrypted likewise
 * in one unit of type 6, of which one byte is readable. All other units are left out: the parameter sets that stand
 * readable are for who hands the frame on, and who does could have changed them.
 * VP8: ten bytes of a key frame and three of others are readable (RFC 6386 §9.1). Opus: the first byte (RFC 6716 §3.1).
 */

import type { Bytes } from './bytes';
import { joined, open, type KeyOf } from './sframe';
import { Untrue } from './untrue';

export type Codec = 'h264' | 'vp8' | 'opus';

const CLEAR_SLICE = 8;
const CLEAR_KEY = 10;
const CLEAR_DELTA = 3;
const CLEAR_OPUS = 1;
const END = 0x80;
const START = Uint8Array.of(0, 0, 0, 1);
const DELTA_SLICE = 1;
const KEY_SLICE = 5;
const SETS = 6;
/** Of one frame, with its parameter sets: a key frame of 1 MB whose encoder makes each slice fit into a packet has about 900. */
export const MAX_SLICES = 1024;

/** `counters`: of all its ciphertexts, all under key `kid`, for `replay.ts`. */
export interface OpenedFrame {
  data: Bytes;
  keyFrame: boolean;
  kid: number;
  counters: number[];
}

/** Throws `Untrue` unless every part of it that shows or sounds was made by the holder of one key. */
export function openFrame(codec: Codec, data: Uint8Array, keyOf: KeyOf): Promise<OpenedFrame> {
  if (codec === 'h264') return openPicture(data, keyOf);
  if (codec === 'opus') return openAfter(CLEAR_OPUS, data, keyOf, true);
  const keyFrame = ((data[0] ?? 0) & 1) === 0;
  return openAfter(keyFrame ? CLEAR_KEY : CLEAR_DELTA, data, keyOf, keyFrame);
}

async function openAfter(
  clear: number,
  data: Uint8Array,
  keyOf: KeyOf,
  keyFrame: boolean,
): Promise<OpenedFrame> {
  const head = data.subarray(0, clear);
  const { kid, counter, plain } = await open(keyOf, data.subarray(clear), head);
  return { data: joined([head, plain]), keyFrame, kid, counters: [counter] };
}

async function openPicture(data: Uint8Array, keyOf: KeyOf): Promise<OpenedFrame> {
  const parts: Uint8Array[] = [];
  const counters: number[] = [];
  const kids = new Set<number>();
  let keyFrame = false;
  let slices = 0;
  for (const unit of split(data)) {
    const kind = (unit[0] ?? 0) & 0x1f;
    if (kind !== DELTA_SLICE && kind !== KEY_SLICE && kind !== SETS) continue;
    if (counters.length === MAX_SLICES) throw new Untrue('this picture has too many slices');
    // One after the other: the first bad one ends it, so nobody makes us work for many.
    const clear = unit.subarray(0, clearOf(unit));
    const { kid, counter, plain } = await open(keyOf, unescaped(unit, clear.length), clear);
    parts.push(...(kind === SETS ? [plain] : [START, clear, plain]));
    counters.push(counter);
    kids.add(kid);
    slices += kind === SETS ? 0 : 1;
    keyFrame ||= kind === KEY_SLICE;
  }
  const [kid] = kids;
  if (kid === undefined || kids.size > 1) throw new Untrue('this picture is not of one key');
  if (slices === 0) throw new Untrue('this picture has no slice');
  return { data: joined(parts), keyFrame, kid, counters };
}

/** The NAL units of a byte stream (ITU-T H.264 §B.1), without start codes and trailing zeros. */
export function split(data: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  let begin = startCode(data, 0);
  while (begin < data.length) {
    const next = startCode(data, begin + START.length - 1);
    let end = next;
    while (end > begin + 3 && data[end - 1] === 0) end -= 1;
    if (end > begin + 3) units.push(data.subarray(begin + 3, end));
    begin = next;
  }
  return units;
}

/** Where 00 00 01 begins, from `at` on; the end of the data where it does not. */
function startCode(data: Uint8Array, at: number): number {
  for (let one = data.indexOf(1, at + 2); one !== -1; one = data.indexOf(1, one + 1)) {
    if (data[one - 1] === 0 && data[one - 2] === 0) return one - 2;
  }
  return data.length;
}

/** How many bytes of a slice are readable: where nothing moves, it has fewer than eight. Throws `Untrue`. */
function clearOf(unit: Uint8Array): number {
  const missing = (unit.at(-1) ?? 0) - END;
  if (missing < 0 || missing >= CLEAR_SLICE) throw new Untrue('this slice has no end');
  return CLEAR_SLICE - missing;
}

/** What follows the readable bytes of a slice, without emulation prevention and without its end. */
function unescaped(unit: Uint8Array, clear: number): Bytes {
  const kept = new Uint8Array(unit.length);
  let size = 0;
  for (let at = clear; at < unit.length - 1; at++) {
    const byte = unit[at] ?? 0;
    if (byte === 3 && isEscape(unit, at)) continue;
    kept[size++] = byte;
  }
  return kept.subarray(0, size);
}

/** Two zeros stand before it; they may be readable ones. In an escaped unit no run of zeros is longer. */
const isEscape = (unit: Uint8Array, at: number): boolean => unit[at - 1] === 0 && unit[at - 2] === 0;
