/**
 * Admission: how a browser is let in by one that already belongs, without having to believe the server.
 *
 * One of the two shows a code of 80 random bits, which a person carries to the other, or a camera reads. The new one
 * sends a MAC (RFC 2104) over its key, the old one one over the keyring that has this key now. A server that swaps either
 * would have to guess the code within the minutes for which a request is open.
 */

import { sha256, type Bytes } from './bytes';
import type { Key } from './members';
import { derived, macKey, proof } from './proof';
import { Untrue } from './untrue';

const CODE_BYTES = 10;
const SECRET_BYTES = 16;
const KEY_BYTES = 32;
const LABEL = 'belvedere-installation-1';
const NEW_CONTEXT = 'belvedere-installation-new-1';
const WELCOME_CONTEXT = 'belvedere-installation-welcome-1';
/** Crockford's base 32: no I, L, O, U. */
const SIGNS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE = /^[0-9A-HJKMNP-TV-Z]{16}$/;
const TYPED = /^[0-9A-Za-z -]*$/;

export const makeCode = (): string => writeCode(crypto.getRandomValues(new Uint8Array(CODE_BYTES)));

/** Four groups of four signs. */
export function writeCode(bits: Uint8Array): string {
  if (bits.length !== CODE_BYTES) throw new Untrue(`a code has ${CODE_BYTES} bytes`);
  const binary = [...bits].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const signs = binary.replace(/.{5}/g, (five) => SIGNS.charAt(parseInt(five, 2)));
  return signs.replace(/.{4}(?=.)/g, '$&-');
}

/** The secret that both make of a code, however it was typed. Throws `Untrue` where it is none. */
export async function codeSecret(code: string): Promise<Bytes> {
  const typed = TYPED.test(code) ? code.toUpperCase().replace(/[ -]/g, '') : '';
  const canonical = typed.replaceAll('O', '0').replace(/[IL]/g, '1');
  if (!CODE.test(canonical)) throw new Untrue('this is no code of an installation');
  return (await sha256(`${LABEL}\0${canonical}`)).slice(0, SECRET_BYTES);
}

/** From the new one: this is my key. base64url. */
export async function installationProof(secret: Bytes, key: Key): Promise<string> {
  const [forNew] = await keys(secret);
  return proof(await macKey(forNew), [NEW_CONTEXT, key]);
}

/** From the old one: you, with this key, belong to this ring since the statement of digest `head`. */
export async function welcomeProof(secret: Bytes, key: Key, ring: Key, head: Key): Promise<string> {
  const [, forWelcome] = await keys(secret);
  return proof(await macKey(forWelcome), [WELCOME_CONTEXT, key, ring, head]);
}

/** One for each direction. */
async function keys(secret: Bytes): Promise<[Bytes, Bytes]> {
  if (secret.length !== SECRET_BYTES) throw new Untrue(`the secret of a code has ${SECRET_BYTES} bytes`);
  return (await derived(secret, LABEL, [KEY_BYTES, KEY_BYTES])) as [Bytes, Bytes];
}
