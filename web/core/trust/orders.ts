/**
 * Orders: what the owner says now about one camera: which grants count no more, and whether standard players may watch.
 *
 * Signed by an installation of the owner and numbered; the camera keeps the newest it has seen and answers with a
 * receipt. A revoked grant stays revoked whatever comes later.
 */

import type { Keyring } from './keyring';
import { flagAt, keyAt, wholeAt, wholesAt, type Key } from './members';
import { nameOf, read, sign, type Kind } from './statement';
import { Untrue } from './untrue';

/** Named singly; what is older than all that stands goes below `floor`. */
export const MAX_REVOKED = 64;
/**
 * By which a number may be larger than the last one. Whoever has a stolen device could use up all numbers at once, and
 * nothing could be revoked any more after it was taken off the keyring.
 */
export const MAX_STEP = 65_536;

/**
 * `n` counts up. Grants below `floor` are revoked as well. `standard`: players without this language may watch, who take
 * the server's word, and whom the server could pretend to be.
 */
export interface Orders {
  camera: Key;
  ring: Key;
  n: number;
  floor: number;
  serials: number[];
  standard: boolean;
}

/** What is known of a camera's orders. `digest`: of their text, empty where there are none. */
export interface KnownOrders {
  readonly n: number;
  readonly floor: number;
  readonly serials: ReadonlySet<number>;
  readonly standard: boolean;
  readonly digest: string;
}

export const NO_ORDERS: KnownOrders = { n: -1, floor: 0, serials: new Set(), standard: false, digest: '' };

export const ORDERS: Kind<Orders> = {
  typ: 'belvedere-orders+jwt',
  read: (members) => ({
    camera: keyAt(members, 'camera'),
    ring: keyAt(members, 'ring'),
    n: wholeAt(members, 'n'),
    floor: wholeAt(members, 'floor'),
    serials: wholesAt(members, 'serials', MAX_REVOKED),
    standard: flagAt(members, 'standard', false),
  }),
};

/** Whether the grant of this number is revoked. */
export const covers = (known: Pick<KnownOrders, 'floor' | 'serials'>, serial: number): boolean =>
  serial < known.floor || known.serials.has(serial);

/** What holds after this statement. One that is no newer than what is known changes nothing. Throws `Untrue`. */
export async function readOrders(
  text: string,
  camera: Key,
  owner: Keyring,
  known: KnownOrders,
): Promise<KnownOrders> {
  const { by, what, digest } = await read(text, ORDERS);
  if (what.camera !== camera || what.ring !== owner.name) {
    throw new Untrue('these orders are about another camera');
  }
  if (!owner.keys.has(by)) throw new Untrue('whoever signed these orders does not own the camera');
  if (what.n <= known.n) return known;
  if (what.n > known.n + MAX_STEP) throw new Untrue('these orders have a number that no owner has come to');
  const { n, floor, standard } = what;
  const later = { n, floor, serials: new Set(what.serials), standard, digest };
  if (floor < known.floor || [...known.serials].some((serial) => !covers(later, serial))) {
    throw new Untrue('these orders take back what earlier ones revoked');
  }
  return later;
}

/** What changes by the next orders. `floor`: grants below it count no more, so that they need not be named. */
export interface OrdersChange {
  revoke?: Iterable<number>;
  floor?: number;
  standard?: boolean;
}

/**
 * The next orders after those that are known. Throws `Untrue` where this key may not give them, and where too many grants
 * are named singly: those that shall stay are then to be given anew, with larger serials, and the rest goes below `floor`.
 */
export async function nextOrders(
  pair: CryptoKeyPair,
  camera: Key,
  owner: Keyring,
  known: KnownOrders,
  change: OrdersChange,
): Promise<string> {
  if (!owner.keys.has(await nameOf(pair))) {
    throw new Untrue('this installation does not belong to the keyring');
  }
  const floor = Math.max(known.floor, change.floor ?? 0);
  const named = new Set([...known.serials, ...(change.revoke ?? [])]);
  return sign(pair, ORDERS, {
    camera,
    ring: owner.name,
    n: known.n + 1,
    floor,
    serials: [...named].filter((serial) => serial >= floor).sort((a, b) => a - b),
    standard: change.standard ?? known.standard,
  });
}
