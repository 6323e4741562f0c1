/**
 * Envelopes: how a viewer of the relay gets the key of a camera's frames, and nobody else does.
 *
 * The viewer's hello brings an X25519 key (RFC 7748) made for this session, signed with it. The camera answers with one of
 * its own and the sender key of this epoch, encrypted under what both make of the two (HKDF, AES-GCM), all of it signed.
 */

import { decodeBytes, encodeBytes, utf8, type Bytes } from './bytes';
import { keyAt, textAt, wholeAt, type Key, type Seconds } from './members';
import { digest, read, type Kind } from './statement';
import { Untrue } from './untrue';

const EXCHANGE = 'X25519';
const INFO = 'belvedere-key-1';
const SENDER_KEY_BYTES = 32;
/** Each wrapping key encrypts one text. */
const NONCE = new Uint8Array(12);

/** `hello`: digest of the one it answers. `epoch`: the number by which frames name this key. `counter`: of the next frame. */
export interface Envelope {
  hello: Key;
  exchange: Key;
  epoch: number;
  counter: number;
  sealed: string;
  iat: Seconds;
}

/** Of one camera and epoch. `counter`: of the camera's next frame when it was sent. */
export interface SenderKey {
  epoch: number;
  secret: Bytes;
  counter: number;
}

export const ENVELOPE: Kind<Envelope> = {
  typ: 'belvedere-key+jwt',
  read: (members) => ({
    hello: keyAt(members, 'hello'),
    exchange: keyAt(members, 'exchange'),
    epoch: wholeAt(members, 'epoch'),
    counter: wholeAt(members, 'counter'),
    sealed: textAt(members, 'sealed'),
    iat: wholeAt(members, 'iat'),
  }),
};

/** For one session; its private half leaves the browser's keeping never. */
export const makeExchange = async (): Promise<CryptoKeyPair> =>
  (await crypto.subtle.generateKey(EXCHANGE, false, ['deriveBits'])) as CryptoKeyPair;

/** The public half, as a hello has it. */
export const exchangeOf = async (pair: CryptoKeyPair): Promise<Key> =>
  encodeBytes(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));

/** The sender key. `own`: private half of the hello's `exchange`. Throws `Untrue` unless this camera answered this hello. */
export async function open(text: string, camera: Key, hello: string, own: CryptoKey): Promise<SenderKey> {
  const { by, what } = await read(text, ENVELOPE);
  if (by !== camera) throw new Untrue('this key was sent by another camera');
  if (what.hello !== (await digest(hello))) throw new Untrue('this key was sent to somebody else');
  const wrapping = await wrappingKey(own, decodeBytes(what.exchange), decodeBytes(what.hello));
  const secret = await unwrapped(wrapping, decodeBytes(what.sealed));
  if (secret.length !== SENDER_KEY_BYTES) throw new Untrue('this is no sender key');
  return { epoch: what.epoch, secret, counter: what.counter };
}

async function wrappingKey(own: CryptoKey, theirs: Bytes, salt: Bytes): Promise<CryptoKey> {
  let shared: ArrayBuffer;
  try {
    const their = await crypto.subtle.importKey('raw', theirs, EXCHANGE, false, []);
    shared = await crypto.subtle.deriveBits({ name: EXCHANGE, public: their }, own, 256);
  } catch {
    throw new Untrue('this exchange key makes no secret');
  }
  const base = await crypto.subtle.importKey('raw', shared, 'HKDF', false, ['deriveKey']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt, info: utf8(INFO) };
  return crypto.subtle.deriveKey(how, base, { name: 'AES-GCM', length: 256 }, false, ['decrypt']);
}

async function unwrapped(key: CryptoKey, sealed: Bytes): Promise<Bytes> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: NONCE }, key, sealed));
  } catch {
    throw new Untrue('this key cannot be opened');
  }
}
