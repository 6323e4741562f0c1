/**
 * Opens encrypted frames as the browser's encoded transform hands them over. Runs in a worker, without a page.
 *
 * H.264 (Annex B): of a slice the first eight bytes are readable; then comes an SFrame ciphertext of the rest, escaped
 * like all NAL units (ITU-T H.264 §7.4.1), and a last byte 0x80, to which is added by how much a slice is shorter than
 * eight bytes. The parameter sets of a frame, with their start codes, are encrypted likewise, before its slices, in one
 * unit of type 6, of which one byte is readable. All other units are left out: the parameter sets that stand readable are
 * for who hands the frame on, and who does could have changed them. The metadata of each of these pieces are its readable
 * bytes and its place, which is counted here and not sent: its index and the number of pieces. Their counters follow on
 * each other. So a picture is opened whole, as one camera made it, or not at all.
 * VP8: ten bytes of a key frame and three of others are readable (RFC 6386 §9.1). Opus: the first byte (RFC 6716 §3.1).
 * These are the metadata of the one ciphertext that follows.
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
const PIECES = [DELTA_SLICE, KEY_SLICE, SETS];
/** Of one frame, with its parameter sets: a key frame of 1 MB whose encoder makes each slice fit into a packet has about 900. */
export const MAX_PIECES = 1024;

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
  const pieces = split(data).filter((unit) => PIECES.includes(kindOf(unit)));
  if (pieces.length > MAX_PIECES) throw new Untrue('this picture has too many slices');
  const parts: Uint8Array[] = [];
  const counters: number[] = [];
  const kids = new Set<number>();
  for (const [at, piece] of pieces.entries()) {
    // One after the other: the first bad one ends it, so nobody makes us work for many.
    const clear = piece.subarray(0, clearOf(piece));
    const metadata = joined([clear, placeOf(at, pieces.length)]);
    const { kid, counter, plain } = await open(keyOf, unescaped(piece, clear.length), metadata);
    if (counter !== (counters[0] ?? counter) + at) throw new Untrue('this picture is made of several');
    parts.push(...(kindOf(piece) === SETS ? [plain] : [START, clear, plain]));
    counters.push(counter);
    kids.add(kid);
  }
  const [kid] = kids;
  if (kid === undefined || kids.size > 1) throw new Untrue('this picture is not of one key');
  const kinds = new Set(pieces.map(kindOf));
  if (kinds.size === 1 && kinds.has(SETS)) throw new Untrue('this picture has no slice');
  return { data: joined(parts), keyFrame: kinds.has(KEY_SLICE), kid, counters };
}

const kindOf = (unit: Uint8Array): number => (unit[0] ?? 0) & 0x1f;

/** Of a piece in its picture. */
const placeOf = (index: number, count: number): Bytes =>
  Uint8Array.of(index >> 8, index & 0xff, count >> 8, count & 0xff);

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
