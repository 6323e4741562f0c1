/**
 * Receiving: what a guest's browser checks before it believes an invitation, and what it signs to accept it.
 *
 * All that it is told comes through the server. The seed in the link's fragment did not: a MAC under it stands for the
 * camera's key, its owner's keyring and the grant.
 */

import { ACCEPTANCE, GRANT, type Grant } from './grant';
import { follow } from './keyring';
import { linkKeys, linkProof, readLinkSeed } from './link';
import type { Key, Seconds } from './members';
import { isProof } from './proof';
import { nameOf, read, sign } from './statement';
import { Untrue } from './untrue';

/** What the server shows beside a signed invitation. */
export interface SignedOffer {
  camera_key: Key;
  owner_keyring: readonly string[];
  grant: string;
  link_proof: string;
}

/** An invitation that was checked. `owner`: name of his keyring. `statement`: the grant as text, `digest` its digest. */
export interface Invited {
  readonly camera: Key;
  readonly owner: Key;
  readonly grant: Grant;
  readonly statement: string;
  readonly digest: Key;
}

/** All is as it was signed, and over by the clock of whoever looks. */
export class Ended extends Untrue {
  constructor(readonly until: Seconds) {
    super('what this link gives has ended');
  }
}

/** What the server is shown in place of the seed. */
export const secretOf = async (seed: string): Promise<string> => (await linkKeys(readLinkSeed(seed))).secret;

/** Throws `Untrue` where the server says something else than whoever made the link, `Ended`. `now`: Unix seconds. */
export async function readOffer(seed: string, offer: SignedOffer, now: number): Promise<Invited> {
  const bits = readLinkSeed(seed);
  const owner = await follow(offer.owner_keyring);
  const { by, what, digest } = await read(offer.grant, GRANT);
  const expected = await linkProof(bits, offer.camera_key, owner.name, digest);
  if (!isProof(expected, offer.link_proof)) {
    throw new Untrue('the server shows something else than whoever made this link');
  }
  if (!owner.keys.has(by)) throw new Untrue('a device that no longer belongs to the owner has signed this');
  const said = [what.camera, what.ring, what.link, what.to];
  const wanted = [offer.camera_key, owner.name, true, await nameOf((await linkKeys(bits)).pair)];
  if (said.some((each, at) => each !== wanted[at])) throw new Untrue('this grant is for another link');
  if (what.exp !== null && now >= what.exp) throw new Ended(what.exp);
  return { camera: what.camera, owner: owner.name, grant: what, statement: offer.grant, digest };
}

/** The yes, in the name of a keyring. `now`: Unix seconds. */
export const accept = async (seed: string, { digest }: Invited, ring: Key, now: number): Promise<string> =>
  sign((await linkKeys(readLinkSeed(seed))).pair, ACCEPTANCE, {
    grant: digest,
    to: ring,
    iat: Math.floor(now),
  });
