/**
 * Links: how a guest learns whose camera he was invited to without having to believe the server.
 *
 * The owner's browser draws 128 random bits, which stand in the link's fragment and reach no server. Three keys come of
 * them (HKDF, RFC 5869): what the server is shown when the invitation is accepted; the key that the grant is for and the
 * acceptance is signed with; and one for a MAC over the camera's key, its owner's keyring and the grant.
 */

import { decodeBytes, encodeBytes, type Bytes } from './bytes';
import type { Key } from './members';
import { derived, macKey, proof } from './proof';
import { pairOfSeed } from './seed';
import { Untrue } from './untrue';

const SEED_BYTES = 16;
const LENGTHS = [16, 32, 32];
const INFO = 'belvedere-link-1';
const CONTEXT = 'belvedere-link-1';

/** `secret`: for the server, base64url; it tells nothing about the others. `pair`: signs the acceptance. */
export interface LinkKeys {
  readonly secret: string;
  readonly pair: CryptoKeyPair;
}

/** For one link, by `encodeBytes`. */
export const makeLinkSeed = (): Bytes => crypto.getRandomValues(new Uint8Array(SEED_BYTES));

/** Throws `Untrue` where the text has another form. */
export function readLinkSeed(text: string): Bytes {
  const seed = decodeBytes(text);
  if (seed.length !== SEED_BYTES) throw new Untrue(`a link has ${SEED_BYTES} bytes`);
  return seed;
}

export async function linkKeys(seed: Bytes): Promise<LinkKeys> {
  const [secret, key] = await parts(seed);
  return { secret: encodeBytes(secret), pair: await pairOfSeed(key) };
}

/** What the owner has passed on to the guest. `owner`: name of his ring; `grant`: digest of its text. */
export async function linkProof(seed: Bytes, camera: Key, owner: Key, grant: Key): Promise<string> {
  const [, , mac] = await parts(seed);
  return proof(await macKey(mac), [CONTEXT, camera, owner, grant]);
}

async function parts(seed: Bytes): Promise<[Bytes, Bytes, Bytes]> {
  if (seed.length !== SEED_BYTES) throw new Untrue(`a link has ${SEED_BYTES} bytes`);
  return (await derived(seed, INFO, LENGTHS)) as [Bytes, Bytes, Bytes];
}
