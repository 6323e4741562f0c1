/** Proofs: MACs (RFC 2104) by which two who share a secret vouch for keys that the server passes on. */

import { encodeBytes, utf8, type Bytes } from './bytes';
import { Untrue } from './untrue';

const HMAC = { name: 'HMAC', hash: 'SHA-256' };

/**
 * base64url. `words`: first what is proven, so that no proof is one of something else.
 *
 * Throws `Untrue` where a word has a NUL, which would move words from one place to the next.
 */
export async function proof(key: CryptoKey, words: readonly string[]): Promise<string> {
  if (words.some((word) => word.includes('\0'))) throw new Untrue('NUL in what is proven');
  return encodeBytes(new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(words.join('\0')))));
}

/** For `proof`; nobody reads it out again. */
export const macKey = (data: Bytes): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', data, HMAC, false, ['sign']);

/** In a time that tells nothing of where they differ. */
export function isProof(expected: string, shown: string): boolean {
  const [ours, theirs] = [utf8(expected), utf8(shown)];
  let differences = ours.length ^ theirs.length;
  ours.forEach((byte, at) => (differences |= byte ^ (theirs[at] ?? 0)));
  return differences === 0;
}

/** What comes of a secret (HKDF, RFC 5869), cut into pieces of these lengths in bytes. */
export async function derived(
  secret: Bytes,
  info: string,
  lengths: readonly number[],
  salt: Bytes = new Uint8Array(0),
): Promise<Bytes[]> {
  const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt, info: utf8(info) };
  const whole = await crypto.subtle.deriveBits(how, base, 8 * lengths.reduce((sum, each) => sum + each, 0));
  let at = 0;
  return lengths.map((length) => new Uint8Array(whole.slice(at, (at += length))));
}
