/**
 * SFrame (RFC 9605), the receiving side: cipher suite AES_128_GCM_SHA256_128. Runs in a worker, without a page.
 *
 * Each opened text comes with its counter, for `replay.ts`: a good tag says who made it, not that it is new.
 */

import { utf8, type Bytes } from './bytes';
import { Untrue } from './untrue';

const CIPHER_SUITE = 0x0004;
const KEY_BITS = 128;
const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

/** What is derived of one sender key (§4.4.2). */
export interface FrameKey {
  readonly key: CryptoKey;
  readonly salt: Bytes;
}

export interface Header {
  /** Names the key: its epoch. */
  kid: number;
  counter: number;
  /** Of the header itself, in bytes. */
  size: number;
}

export interface Opened {
  kid: number;
  counter: number;
  plain: Bytes;
}

/** The key of this number, or undefined where nobody gave one. */
export type KeyOf = (kid: number) => FrameKey | undefined;

export async function derive(kid: number, baseKey: Bytes): Promise<FrameKey> {
  const base = await crypto.subtle.importKey('raw', baseKey, 'HKDF', false, ['deriveKey', 'deriveBits']);
  const how = (what: string) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(0),
    info: labelled(what, kid),
  });
  const aes = { name: 'AES-GCM', length: KEY_BITS };
  const [key, salt] = await Promise.all([
    crypto.subtle.deriveKey(how('SFrame 1.0 Secret key '), base, aes, false, ['decrypt']),
    crypto.subtle.deriveBits(how('SFrame 1.0 Secret salt '), base, NONCE_BYTES * 8),
  ]);
  return { key, salt: new Uint8Array(salt) };
}

/** `metadata`: what stands readable before `data` and must not have been changed (§4.4.4). Throws `Untrue`. */
export async function open(keyOf: KeyOf, data: Uint8Array, metadata: Uint8Array): Promise<Opened> {
  const { kid, counter, size } = readHeader(data);
  const found = keyOf(kid);
  if (found === undefined) throw new Untrue('nobody gave a key for this frame');
  const how = {
    name: 'AES-GCM',
    iv: nonce(found.salt, counter),
    additionalData: joined([data.subarray(0, size), metadata]),
  };
  try {
    const plain = await crypto.subtle.decrypt(how, found.key, data.subarray(size) as Bytes);
    return { kid, counter, plain: new Uint8Array(plain) };
  } catch {
    throw new Untrue('this frame was changed, or is of another camera');
  }
}

/** §4.3. Throws `Untrue` where it is cut off, or counts further than any camera does. */
export function readHeader(data: Uint8Array): Header {
  const first = data[0];
  if (first === undefined) throw new Untrue('this frame is empty');
  const [kid, at] = numberAt(data, first >> 4, 1);
  const [counter, size] = numberAt(data, first & 0x0f, at);
  return { kid, counter, size };
}

function numberAt(data: Uint8Array, bits: number, at: number): [number, number] {
  if ((bits & 8) === 0) return [bits, at];
  const bytes = data.subarray(at, at + (bits & 7) + 1);
  if (bytes.length <= (bits & 7)) throw new Untrue('the header of this frame is cut off');
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  if (!Number.isSafeInteger(value)) throw new Untrue('the header of this frame names no number of ours');
  return [value, at + bytes.length];
}

/** Salt and counter, the latter from the end (§4.4.3). */
function nonce(salt: Bytes, counter: number): Bytes {
  const iv = salt.slice();
  for (let at = NONCE_BYTES - 1, rest = counter; rest > 0; at--, rest = Math.floor(rest / 256)) {
    iv[at] = (iv[at] ?? 0) ^ (rest % 256);
  }
  return iv;
}

function labelled(what: string, kid: number): Bytes {
  const tail = new DataView(new ArrayBuffer(10));
  tail.setBigUint64(0, BigInt(kid));
  tail.setUint16(8, CIPHER_SUITE);
  return joined([utf8(what), new Uint8Array(tail.buffer)]);
}

export function joined(parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
