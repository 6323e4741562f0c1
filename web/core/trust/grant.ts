/**
 * Grants: what the owner allows whom. The camera decides by them; the app reads its own before it tries, and says why not.
 *
 * An owner's installation signs a grant: to another account's keyring, or to the key of an invitation link, which only
 * whoever holds the link can use. That one signs an acceptance which names his keyring: two links of one chain. The
 * owner's orders name the serials that count no more.
 */

import type { Keyring } from './keyring';
import { flagAt, keyAt, wholeAt, wordsAt, type Key, type Members, type Seconds } from './members';
import { covers, type KnownOrders } from './orders';
import { read, type Kind } from './statement';
import { Untrue } from './untrue';

export const SCOPES = ['live', 'talk', 'history', 'manage'] as const;
export type Scope = (typeof SCOPES)[number];
/** Between the clock of whoever signed and ours, for what begins just now. An end has none. */
export const CLOCK_LEEWAY_SECONDS = 120;

/** `camera`: its key. `ring`: the owner's. `to`: a keyring, or the key of a link. `serial`: later ones are larger. */
export interface Grant {
  camera: Key;
  ring: Key;
  to: Key;
  scopes: Scope[];
  nbf: Seconds;
  serial: number;
  exp: Seconds | null;
  link: boolean;
}

/** Signed by the link's key. `grant`: digest of the grant. `to`: the keyring of whoever accepts. */
export interface Acceptance {
  grant: Key;
  to: Key;
  iat: Seconds;
}

/** What a viewer may do with a camera. `until`: Unix seconds, null for as long as nothing changes. */
export type Rights = Readonly<{ scopes: ReadonlySet<Scope>; until: Seconds | null; serial: number | null }>;

/** All that a chain is held against. `now`: Unix seconds. */
export interface Case {
  camera: Key;
  owner: Keyring;
  orders: KnownOrders;
  viewer: Keyring;
  now: number;
}

const end = (of: Members): Seconds | null => ((of.get('exp') ?? null) === null ? null : wholeAt(of, 'exp'));

export const GRANT: Kind<Grant> = {
  typ: 'belvedere-grant+jwt',
  read: (members) => ({
    camera: keyAt(members, 'camera'),
    ring: keyAt(members, 'ring'),
    to: keyAt(members, 'to'),
    scopes: wordsAt(members, 'scopes', SCOPES),
    nbf: wholeAt(members, 'nbf'),
    serial: wholeAt(members, 'serial'),
    exp: end(members),
    link: flagAt(members, 'link', false),
  }),
};

export const ACCEPTANCE: Kind<Acceptance> = {
  typ: 'belvedere-acceptance+jwt',
  read: (members) => ({
    grant: keyAt(members, 'grant'),
    to: keyAt(members, 'to'),
    iat: wholeAt(members, 'iat'),
  }),
};

/**
 * What the accounts of the viewer's keyring may do. `chain`: a grant, and the acceptance where it was for a link.
 *
 * Throws `Untrue` where they may not do anything.
 */
export async function rights(chain: readonly string[], of: Case): Promise<Rights> {
  if (of.viewer.name === of.owner.name) return { scopes: new Set(SCOPES), until: null, serial: null };
  const [first, ...rest] = chain;
  if (first === undefined || rest.length > 1) throw new Untrue('this viewer shows no grant');
  const { by, what, digest } = await read(first, GRANT);
  if (!of.owner.keys.has(by) || what.ring !== of.owner.name) {
    throw new Untrue('whoever signed this grant does not own the camera');
  }
  if (what.camera !== of.camera) throw new Untrue('this grant is for another camera');
  if (covers(of.orders, what.serial)) throw new Untrue('this grant was revoked');
  checkTime(what, of.now);
  await checkTaker(what, digest, of.viewer, rest[0]);
  return { scopes: new Set(what.scopes), until: what.exp, serial: what.serial };
}

function checkTime(grant: Grant, now: number): void {
  // Written so that a time which is no number lets nobody in.
  if (!(now >= grant.nbf - CLOCK_LEEWAY_SECONDS)) throw new Untrue('this grant does not hold yet');
  if (grant.exp !== null && !(now < grant.exp)) throw new Untrue('this grant has ended');
}

async function checkTaker(
  grant: Grant,
  digest: Key,
  viewer: Keyring,
  second: string | undefined,
): Promise<void> {
  if (!grant.link) {
    if (second !== undefined || grant.to !== viewer.name) throw new Untrue('this grant is for somebody else');
    return;
  }
  if (second === undefined) {
    throw new Untrue('this grant is for whoever has its link, and nobody has accepted it');
  }
  const { by, what } = await read(second, ACCEPTANCE);
  if (by !== grant.to || what.grant !== digest) {
    throw new Untrue("this acceptance is not of the grant's link");
  }
  if (what.to !== viewer.name) throw new Untrue('this grant was accepted by somebody else');
}
