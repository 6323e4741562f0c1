/**
 * Giving: what an owner's installation signs when a camera is shared, and how it reads what was given before.
 *
 * Whom a grant is for stands in its chain, signed by the link's key or by the owner, and never in what the server says
 * beside it: otherwise the server could have a grant made out to itself.
 */

import { ACCEPTANCE, GRANT, type Grant, type Scope } from './grant';
import type { Keyring } from './keyring';
import type { Key, Seconds } from './members';
import { read, sign } from './statement';
import { Untrue } from './untrue';

/** An installation that speaks for the owner of a camera. `camera`: its key. */
export interface Owner {
  readonly pair: CryptoKeyPair;
  readonly ring: Keyring;
  readonly camera: Key;
}

/** `until`: when it ends, null for never. */
export interface GivenTerms {
  scopes: readonly Scope[];
  until: Seconds | null;
}

/** What a chain says. `to`: the keyring it is for, or null where nobody has accepted it yet. */
export interface Given {
  serial: number;
  to: Key | null;
  scopes: readonly Scope[];
  until: Seconds | null;
}

/**
 * A number larger than all that are known, without asking anybody: the signer's clock in milliseconds, so that two
 * installations which do not know of each other's grants draw different ones.
 */
export const nextSerial = (known: Iterable<number>, nowMs: number): number =>
  Math.max(Math.floor(nowMs), ...[...known].map((serial) => serial + 1));

/** To the key of a link, or to a guest's keyring. `nowMs`: Unix time in milliseconds. */
export const give = (
  owner: Owner,
  to: { link: Key } | { ring: Key },
  { scopes, until }: GivenTerms,
  serial: number,
  nowMs: number,
): Promise<string> =>
  sign(owner.pair, GRANT, {
    camera: owner.camera,
    ring: owner.ring.name,
    ...('link' in to ? { to: to.link, link: true } : { to: to.ring }),
    scopes: [...scopes],
    nbf: Math.floor(nowMs / 1000),
    serial,
    ...(until === null ? {} : { exp: until }),
  });

/** What the owner gave by this chain. Throws `Untrue` where it was none of his that counts. */
export async function readGiven(
  chain: readonly string[],
  { ring, camera }: Omit<Owner, 'pair'>,
): Promise<Given> {
  const [first, second, ...rest] = chain;
  if (first === undefined || rest.length > 0) throw new Untrue('nothing was signed for this guest');
  const { by, what, digest } = await read(first, GRANT);
  if (what.ring !== ring.name || !ring.keys.has(by)) {
    throw new Untrue('a device that does not belong to you has signed this');
  }
  if (what.camera !== camera) throw new Untrue('this was signed for another camera');
  return { serial: what.serial, scopes: what.scopes, until: what.exp, to: await taker(what, digest, second) };
}

/** Name of the ring that a grant is for; null for a link that nobody has accepted. Throws `Untrue`. */
export async function taker(grant: Grant, digest: Key, second: string | undefined): Promise<Key | null> {
  if (!grant.link) {
    if (second !== undefined) throw new Untrue('nobody has to accept what was given to him by name');
    return grant.to;
  }
  if (second === undefined) return null;
  const { by, what } = await read(second, ACCEPTANCE);
  if (by !== grant.to || what.grant !== digest)
    throw new Untrue('whoever accepted this did not have its link');
  return what.to;
}
