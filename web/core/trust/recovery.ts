/** Recovery: an installation on paper, because browsers forget keys. Its key stands on the keyring as any other does. */

import { decodeBytes, encodeBytes, type Bytes } from './bytes';
import type { Key } from './members';
import { makeSeed, pairOfSeed, SEED_BYTES } from './seed';
import { Untrue } from './untrue';

const PREFIX = 'BELVEDERE-RECOVERY-1';

/** `ring`: the name of the keyring that it belongs to. `seed`: of its Ed25519 key. */
export interface Recovery {
  ring: Key;
  seed: Bytes;
}

export const makeRecovery = (ring: Key): Recovery => ({
  ring,
  seed: makeSeed(),
});

/** What is printed. */
export const writeRecovery = ({ ring, seed }: Recovery): string =>
  [PREFIX, ring, encodeBytes(seed)].join(':');

/** Blanks around it do not matter. Throws `Untrue` where it is none. */
export function readRecovery(text: string): Recovery {
  const [prefix, ring = '', seed = '', ...rest] = text.trim().split(':');
  const raw = decodeBytes(seed);
  if (
    prefix !== PREFIX ||
    rest.length ||
    raw.length !== SEED_BYTES ||
    decodeBytes(ring).length !== SEED_BYTES
  ) {
    throw new Untrue('this is no recovery code');
  }
  return { ring, seed: raw };
}

export const recoveryPair = ({ seed }: Recovery): Promise<CryptoKeyPair> => pairOfSeed(seed);
