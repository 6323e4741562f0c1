/**
 * Sessions: camera and viewer show each other that nobody stands between them.
 *
 * Three statements, each naming the digest of the one before: the viewer's *hello* with its nonce, the camera's *offer*
 * of the fingerprint of its DTLS certificate, the viewer's *answer* with its own. What was changed on the way, or comes
 * from an earlier session, does not fit. No clock is needed: the nonces are fresh.
 */

import { encodeBytes } from './bytes';
import { keyAt, nonceAt, numberAt, textAt, wholeAt, type Key, type Nonce, type Seconds } from './members';
import { digest, read, sign, type Kind, type Said } from './statement';
import { Untrue } from './untrue';

const NONCE_BYTES = 16;
const LINE_END = /\r?\n/;
/** Where only some readers see the end of a line (RFC 8866 §9 has CRLF and forgives LF), and others nothing. */
const ODD = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]|\r(?!\n)/;
const FINGERPRINT = /^a=fingerprint:(\S+)[ \t]+([0-9A-Fa-f:]+)[ \t]*$/;
const NAMED = /^a=fingerprint/i;
const SHA_256 = /^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/;

/**
 * The viewer wants to see the camera of this key. `ring`: in the name of which keyring, as others could put the viewer's
 * key on theirs. `exchange`: an X25519 key (RFC 7748) made for this session. `orders`: number of the newest that an owner
 * has given or seen, -1 where none.
 */
export interface Hello {
  camera: Key;
  ring: Key;
  nonce: Nonce;
  exchange: Key;
  iat: Seconds;
  orders: number;
}

/** `hello`: its digest. `fingerprint`: of the camera's certificate, as `fingerprintOf` writes it. */
export interface Offer {
  hello: Key;
  session: string;
  fingerprint: string;
  nonce: Nonce;
  iat: Seconds;
}

/** `offer`: its digest. `fingerprint`: of the viewer's certificate; `camera`: of the camera's, once more. */
export interface Answer {
  offer: Key;
  session: string;
  fingerprint: string;
  camera: string;
  iat: Seconds;
}

export const HELLO: Kind<Hello> = {
  typ: 'belvedere-hello+jwt',
  read: (members) => ({
    camera: keyAt(members, 'camera'),
    ring: keyAt(members, 'ring'),
    nonce: nonceAt(members, 'nonce'),
    exchange: keyAt(members, 'exchange'),
    iat: wholeAt(members, 'iat'),
    orders: numberAt(members, 'orders', -1),
  }),
};

export const OFFER: Kind<Offer> = {
  typ: 'belvedere-offer+jwt',
  read: (members) => ({
    hello: keyAt(members, 'hello'),
    session: textAt(members, 'session'),
    fingerprint: textAt(members, 'fingerprint'),
    nonce: nonceAt(members, 'nonce'),
    iat: wholeAt(members, 'iat'),
  }),
};

export const ANSWER: Kind<Answer> = {
  typ: 'belvedere-answer+jwt',
  read: (members) => ({
    offer: keyAt(members, 'offer'),
    session: textAt(members, 'session'),
    fingerprint: textAt(members, 'fingerprint'),
    camera: textAt(members, 'camera'),
    iat: wholeAt(members, 'iat'),
  }),
};

export const makeNonce = (): Nonce => encodeBytes(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));

/**
 * The one fingerprint of a description (RFC 8122 §5): `sha-256` and 32 bytes in upper case.
 *
 * Throws `Untrue` where there is none, more than one, or one of another hash, and where one could be hidden.
 */
export function fingerprintOf(sdp: string): string {
  if (ODD.test(sdp)) throw new Untrue('this description has lines that not every reader sees');
  const lines = sdp.split(LINE_END).filter((line) => NAMED.test(line));
  const found = new Set(lines.map(spelt));
  const [only] = found;
  if (only === undefined || found.size !== 1) {
    throw new Untrue('this description does not name exactly one certificate');
  }
  return only;
}

function spelt(line: string): string {
  const [, name = '', value = ''] = FINGERPRINT.exec(line) ?? [];
  const [hash, bytes] = [name.toLowerCase(), value.toUpperCase()];
  if (hash !== 'sha-256' || !SHA_256.test(bytes)) {
    throw new Untrue('this description names its certificate by another hash than SHA-256');
  }
  return `${hash} ${bytes}`;
}

/** What the viewer says first. `nonce` and `exchange`: made for this session and used once. */
export const hello = (
  pair: CryptoKeyPair,
  { camera, ring, orders = -1 }: Pick<Hello, 'camera' | 'ring'> & Partial<Pick<Hello, 'orders'>>,
  nonce: Nonce,
  exchange: Key,
  now: Seconds,
): Promise<string> => sign(pair, HELLO, { camera, ring, orders, nonce, exchange, iat: now });

/**
 * Whether this camera made this offer, for this hello and session. Throws `Untrue`.
 *
 * `sdp`: the very text that the browser is given next, which then takes no other certificate.
 */
export async function checkOffer(
  text: string,
  said: { hello: string; camera: Key; session: string },
  sdp: string,
): Promise<Said<Offer>> {
  const offer = await read(text, OFFER);
  if (offer.by !== said.camera) throw new Untrue('this offer was made by another camera');
  if (offer.what.hello !== (await digest(said.hello))) {
    throw new Untrue('this offer was made for somebody else');
  }
  if (offer.what.session !== said.session) throw new Untrue('this offer was made for another session');
  if (offer.what.fingerprint !== fingerprintOf(sdp)) throw new Untrue('somebody has changed this offer');
  return offer;
}

/** What the viewer says of its answer. */
export const answer = (
  pair: CryptoKeyPair,
  { what, digest: offer }: Said<Offer>,
  sdp: string,
  now: Seconds,
): Promise<string> =>
  sign(pair, ANSWER, {
    offer,
    session: what.session,
    fingerprint: fingerprintOf(sdp),
    camera: what.fingerprint,
    iat: now,
  });
