/** Keys that are always the same, the vectors, and what a camera does: the other half of what the app does. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeBytes, encodeBytes, utf8, type Bytes } from '../core/trust/bytes';
import type { Cupboard } from '../core/trust/cupboard';
import { ENVELOPE, exchangeOf, makeExchange } from '../core/trust/envelope';
import { ANSWER, fingerprintOf, HELLO, type Offer } from '../core/trust/session';
import { derive, joined } from '../core/trust/sframe';
import { read, sign, type Said } from '../core/trust/statement';
import { Untrue } from '../core/trust/untrue';

/** RFC 8410 §7: what stands before the 32 bytes of an X25519 key. */
const PKCS8 = '302e020100300506032b656e04220420';

const file = join(import.meta.dirname, '../../tests/vectors/trust.json');
interface Swapped {
  why: string;
  text: string;
  with_sdp: string;
}

interface Refused {
  why: string;
  text: string;
}

export const vectors = JSON.parse(readFileSync(file, 'utf8')) as {
  pairing: Record<
    'secret' | 'origin' | 'token' | 'camera' | 'ring' | 'head' | 'camera_proof' | 'owner_proof',
    string
  >;
  statements: { by: string; says_more: Refused[]; refused: Refused[] };
  keyrings: { why: string; chain: string[]; name?: string; keys?: string[] }[];
  grants: {
    camera: string;
    owner: string[];
    viewer: string[];
    now: number;
    orders: string;
    cases: { why: string; chain: string[]; scopes?: string[] }[];
  };
  orders: {
    camera: string;
    owner: string[];
    text: string;
    digest: string;
    of_the_same_number: string;
    later: { text: string; n: number; floor: number; serials: number[]; standard: boolean };
    taken_back: { why: string; texts: [string, string] }[];
    refused: Refused[];
  };
  receipts: { camera: string; text: string; says: object; of_nothing: string; refused: Refused[] };
  introductions: {
    ring: string[];
    id: string;
    text: string;
    says: { ring: string; id: string; camera: string; owner: string; iat: number };
    later: string;
    refused: Refused[];
  };
  plain: { camera: string; hello: string; text: string; refused: Refused[] };
  links: Record<'seed' | 'secret' | 'key' | 'camera' | 'owner' | 'grant' | 'proof', string>;
  installations: Record<'code' | 'secret' | 'key' | 'ring' | 'head' | 'proof' | 'welcome', string> & {
    spelt: string[];
    refused: string[];
  };
  recovery: { text: string; ring: string; key: string; refused: Refused[] };
  sessions: {
    camera: string;
    viewer: string;
    session: string;
    hello: string;
    good: { text: string; with_sdp: string; fingerprint: string };
    swapped: Swapped[];
    owner_hello: string;
    ring: string[];
    swapped_hellos: Refused[];
    answer: { text: string; with_sdp: string; seed: string; now: number };
    swapped_answers: Swapped[];
  };
  envelopes: {
    camera: string;
    hello: string;
    exchange_seed: string;
    text: string;
    epoch: number;
    secret: string;
    counter: number;
    refused: Refused[];
  };
  frames: {
    epoch: number;
    secret: string;
    frames: { codec: 'h264' | 'vp8' | 'opus'; plain: string; sealed: string }[];
    torn: { why: string; codec: 'h264'; sealed: string }[];
  };
};

export const fromHex = (text: string): Bytes => new Uint8Array(Buffer.from(text, 'hex'));

/** A browser's keeping, in memory. */
export class Drawer implements Cupboard {
  readonly kept = new Map<string, unknown>();

  get(name: string): Promise<unknown> {
    return Promise.resolve(this.kept.get(name));
  }

  names(): Promise<string[]> {
    return Promise.resolve([...this.kept.keys()]);
  }

  change(name: string, decide: (standing: unknown) => unknown): Promise<unknown> {
    this.kept.set(name, decide(this.kept.get(name)));
    return this.get(name);
  }
}

export const newPair = async (): Promise<CryptoKeyPair> =>
  (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;

export const exchangeKeyOf = (seed: string): Promise<CryptoKey> =>
  crypto.subtle.importKey('pkcs8', joined([fromHex(PKCS8), decodeBytes(seed)]), 'X25519', false, [
    'deriveBits',
  ]);

/** As the camera checks an answer to its offer (signaling/protocol/trust/session.py). */
export async function checkAnswer(
  text: string,
  offered: Said<Offer>,
  viewer: string,
  sdp: string,
): Promise<void> {
  const { by, what } = await read(text, ANSWER);
  const { session, fingerprint } = offered.what;
  const said = [by, what.offer, what.session, what.camera, what.fingerprint];
  const expected = [viewer, offered.digest, session, fingerprint, fingerprintOf(sdp)];
  if (said.some((each, at) => each !== expected[at])) throw new Untrue('this answer is another');
}

/** A sender key for whoever said this hello (signaling/protocol/trust/envelope.py). */
export async function envelopeFor(
  camera: CryptoKeyPair,
  hello: string,
  secret: Bytes,
  epoch = 7,
): Promise<string> {
  const [own, { what, digest }] = await Promise.all([makeExchange(), read(hello, HELLO)]);
  const theirs = await crypto.subtle.importKey('raw', decodeBytes(what.exchange), 'X25519', false, []);
  const shared = await crypto.subtle.deriveBits({ name: 'X25519', public: theirs }, own.privateKey, 256);
  const base = await crypto.subtle.importKey('raw', shared, 'HKDF', false, ['deriveKey']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: decodeBytes(digest), info: utf8('belvedere-key-1') };
  const key = await crypto.subtle.deriveKey(how, base, { name: 'AES-GCM', length: 256 }, false, ['encrypt']);
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, key, secret);
  return sign(camera, ENVELOPE, {
    hello: digest,
    exchange: await exchangeOf(own),
    epoch,
    counter: 3,
    sealed: encodeBytes(new Uint8Array(sealed)),
    iat: what.iat,
  });
}

/** A statement whose header and payload are any text at all, under a good signature. */
export async function signedText(pair: CryptoKeyPair, header: string, payload: string): Promise<string> {
  const bytes = (text: string): Bytes => new TextEncoder().encode(text);
  const body = [header, payload].map((part) => encodeBytes(bytes(part))).join('.');
  const signature = await crypto.subtle.sign('Ed25519', pair.privateKey, bytes(body));
  return `${body}.${encodeBytes(new Uint8Array(signature))}`;
}

/** Encrypts as a camera does (media/sframe.py, media/sealed_frames.py), under a secret that it shows. */
export class Camera {
  counter = 0;

  constructor(
    readonly epoch: number,
    readonly secret: Bytes,
  ) {}

  async seal(plain: Uint8Array, metadata: Uint8Array): Promise<Bytes> {
    const counter = this.counter++;
    const header = Uint8Array.of(
      0x9b,
      this.epoch >> 8,
      this.epoch & 0xff,
      0,
      0,
      counter >> 8,
      counter & 0xff,
    );
    const { salt } = await derive(this.epoch, this.secret);
    const iv = salt.map((byte, at) => byte ^ (at < 10 ? 0 : header[at - 5]!));
    const how = { name: 'AES-GCM', iv, additionalData: joined([header, metadata]) };
    const sealed = await crypto.subtle.encrypt(how, await this.key(), new Uint8Array(plain));
    return joined([header, new Uint8Array(sealed)]);
  }

  async vp8(plain: Uint8Array): Promise<Bytes> {
    const clear = plain[0]! & 1 ? 3 : 10;
    return this.after(clear, plain);
  }

  opus = (plain: Uint8Array): Promise<Bytes> => this.after(1, plain);

  /** A picture of one slice. */
  async slice(unit: Uint8Array): Promise<Bytes> {
    return joined(await this.picture([unit]));
  }

  /** A picture's pieces, with start codes; parameter sets stand in a unit of type 6. */
  async picture(units: readonly Uint8Array[]): Promise<Bytes[]> {
    const pieces: Bytes[] = [];
    for (const [at, unit] of units.entries()) pieces.push(await this.piece(unit, at, units.length));
    return pieces;
  }

  private async piece(unit: Uint8Array, at: number, count: number): Promise<Bytes> {
    const clear = unit.subarray(0, (unit[0]! & 0x1f) === 6 ? 1 : 8);
    const end = Uint8Array.of(0x80 + 8 - clear.length);
    const metadata = joined([clear, Uint8Array.of(at >> 8, at & 0xff, count >> 8, count & 0xff)]);
    const rest = joined([await this.seal(unit.subarray(clear.length), metadata), end]);
    return joined([Uint8Array.of(0, 0, 0, 1), clear, escaped(clear, rest)]);
  }

  private async after(clear: number, plain: Uint8Array): Promise<Bytes> {
    const head = plain.subarray(0, clear);
    return joined([head, await this.seal(plain.subarray(clear), head)]);
  }

  private async key(): Promise<CryptoKey> {
    // Not by `derive`, whose keys open only.
    const label = Buffer.concat([
      Buffer.from('SFrame 1.0 Secret key '),
      Buffer.from([0, 0, 0, 0, 0, 0]),
      Buffer.from([this.epoch >> 8, this.epoch & 0xff, 0, 4]),
    ]);
    const base = await crypto.subtle.importKey('raw', this.secret, 'HKDF', false, ['deriveKey']);
    const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: new Uint8Array(label) };
    return crypto.subtle.deriveKey(how, base, { name: 'AES-GCM', length: 128 }, false, ['encrypt']);
  }
}

/** Emulation prevention (ITU-T H.264 §7.4.1) for what follows `before`. */
export function escaped(before: Uint8Array, data: Uint8Array): Bytes {
  const out: number[] = [];
  let zeros = [...before].reverse().findIndex((byte) => byte !== 0);
  if (zeros === -1) zeros = before.length;
  for (const byte of data) {
    if (zeros >= 2 && byte <= 3) {
      out.push(3);
      zeros = 0;
    }
    out.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Uint8Array.from(out);
}

/** Reproducible dice (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
