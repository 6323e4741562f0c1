/**
 * Admission: how a browser is let in by one that already belongs, without having to believe the server.
 *
 * One of the two shows a code of 80 random bits, which a person carries to the other. The new one sends a MAC (RFC 2104)
 * over its key, the old one a MAC over the keyring that has this key now.
 */

import { encodeBytes, sha256, utf8, type Bytes } from './bytes';
import type { Key } from './members';
import { Untrue } from './untrue';

const CODE_BYTES = 10;
const SECRET_BYTES = 16;
const KEY_BYTES = 32;
const LABEL = 'belvedere-installation-1';
const NEW_CONTEXT = 'belvedere-installation-new-1';
const WELCOME_CONTEXT = 'belvedere-installation-welcome-1';
const SIGNS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE = /^[0-9A-HJKMNP-TV-Z]{16}$/;
const HMAC = { name: 'HMAC', hash: 'SHA-256' };

/** Four groups of four signs. */
export function makeCode(): string {
  const bits = crypto.getRandomValues(new Uint8Array(CODE_BYTES));
  const number = bits.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const signs = Array.from({ length: 16 }, (_, at) => SIGNS[Number((number >> BigInt(75 - 5 * at)) & 31n)]);
  return (signs.join('').match(/.{4}/g) ?? []).join('-');
}

/** The secret that both make of a code, however it was typed. Throws `Untrue` where it is none. */
export async function codeSecret(code: string): Promise<Bytes> {
  const plain = code.toUpperCase().replace(/[ -]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  if (!CODE.test(plain)) throw new Untrue('this is no code of an installation');
  return (await sha256(`${LABEL}\0${plain}`)).slice(0, SECRET_BYTES);
}

/** From the new one: this is my key. */
export const installationProof = (secret: Bytes, key: Key): Promise<string> =>
  proof(secret, 0, [NEW_CONTEXT, key]);

/** From the old one: you, with this key, belong to this ring since the statement of digest `head`. */
export const welcomeProof = (secret: Bytes, key: Key, ring: Key, head: Key): Promise<string> =>
  proof(secret, 1, [WELCOME_CONTEXT, key, ring, head]);

/** `direction`: each has a key of its own. */
async function proof(secret: Bytes, direction: 0 | 1, words: string[]): Promise<string> {
  const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(KEY_BYTES), info: utf8(LABEL) };
  const both = await crypto.subtle.deriveBits(how, base, 2 * KEY_BYTES * 8);
  const ours = both.slice(direction * KEY_BYTES, (direction + 1) * KEY_BYTES);
  const key = await crypto.subtle.importKey('raw', ours, HMAC, false, ['sign']);
  return encodeBytes(new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(words.join('\0')))));
}
