/** Bytes as statements write them: base64url without padding (RFC 7515 §2), and their SHA-256. */

import { Untrue } from './untrue';

/** What WebCrypto takes and gives. */
export type Bytes = Uint8Array<ArrayBuffer>;

export const utf8 = (text: string): Bytes => new TextEncoder().encode(text);

export function encodeBytes(data: Uint8Array): string {
  let binary = '';
  for (const byte of data) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The reverse. Throws `Untrue` on anything else than its exact output: no text is written in two ways. */
export function decodeBytes(text: string): Bytes {
  let data: Bytes;
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    data = Uint8Array.from(binary, (sign) => sign.charCodeAt(0));
  } catch {
    throw new Untrue('this is not base64url');
  }
  if (encodeBytes(data) !== text) throw new Untrue('this is not canonical base64url');
  return data;
}

export const sha256 = async (text: string): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text)));

export const toHex = (data: Uint8Array): string =>
  [...data].map((byte) => byte.toString(16).padStart(2, '0')).join('');
