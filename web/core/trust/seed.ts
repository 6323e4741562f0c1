/** Keys that come of a seed which a person carries: on paper, or in a link. Nobody reads the private half out again. */

import type { Bytes } from './bytes';
import { joined } from './sframe';
import { Untrue } from './untrue';

const ALGORITHM = 'Ed25519';
export const SEED_BYTES = 32;
/** RFC 8410 §7: what stands before the 32 bytes of a private key. */
const PKCS8 = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32]);

export const makeSeed = (): Bytes => crypto.getRandomValues(new Uint8Array(SEED_BYTES));

/** The key pair of a seed, always the same. Throws `Untrue` where the seed has another length. */
export async function pairOfSeed(seed: Bytes): Promise<CryptoKeyPair> {
  if (seed.length !== SEED_BYTES) throw new Untrue(`the seed of a key has ${SEED_BYTES} bytes`);
  const data = joined([PKCS8, seed]);
  const open = await crypto.subtle.importKey('pkcs8', data, ALGORITHM, true, ['sign']);
  const { kty, crv, x } = await crypto.subtle.exportKey('jwk', open);
  const publicHalf = { kty: kty!, crv: crv!, x: x! };
  return {
    privateKey: await crypto.subtle.importKey('pkcs8', data, ALGORITHM, false, ['sign']),
    publicKey: await crypto.subtle.importKey('jwk', publicHalf, ALGORITHM, true, ['verify']),
  };
}
