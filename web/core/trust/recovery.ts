/** Recovery: an installation on paper, because browsers forget keys. Its key stands on the keyring as any other does. */

import { decodeBytes, encodeBytes, type Bytes } from './bytes';
import type { Key } from './members';
import { Untrue } from './untrue';

const PREFIX = 'BELVEDERE-RECOVERY-1';
const BYTES = 32;
/** RFC 8410 §7: an Ed25519 private key before its 32 bytes. */
const PKCS8 = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/** `ring`: the name of the keyring that it belongs to. `seed`: of its Ed25519 key. */
export interface Recovery {
  ring: Key;
  seed: Bytes;
}

export const makeRecovery = (ring: Key): Recovery => ({
  ring,
  seed: crypto.getRandomValues(new Uint8Array(BYTES)),
});

/** What is printed. */
export const writeRecovery = ({ ring, seed }: Recovery): string =>
  [PREFIX, ring, encodeBytes(seed)].join(':');

/** Blanks around it do not matter. Throws `Untrue` where it is none. */
export function readRecovery(text: string): Recovery {
  const [prefix, ring = '', seed = '', ...rest] = text.trim().split(':');
  const raw = decodeBytes(seed);
  if (prefix !== PREFIX || rest.length || raw.length !== BYTES || decodeBytes(ring).length !== BYTES) {
    throw new Untrue('this is no recovery code');
  }
  return { ring, seed: raw };
}

export async function recoveryPair({ seed }: Recovery): Promise<CryptoKeyPair> {
  const data = new Uint8Array([...PKCS8, ...seed]);
  const open = await crypto.subtle.importKey('pkcs8', data, 'Ed25519', true, ['sign']);
  const { x = '' } = await crypto.subtle.exportKey('jwk', open);
  return {
    privateKey: await crypto.subtle.importKey('pkcs8', data, 'Ed25519', false, ['sign']),
    publicKey: await crypto.subtle.importKey('raw', decodeBytes(x), 'Ed25519', true, ['verify']),
  };
}
