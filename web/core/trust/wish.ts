/** What an owner wants of a camera beyond what holds, and how orders with it stay short. */

import { CannotSign } from './cannot-sign';
import { covers, MAX_REVOKED, type KnownOrders, type OrdersChange } from './orders';

/** `revoke`: serials of grants. What is left out stays as it is. */
export interface Wish {
  revoke?: readonly number[];
  standard?: boolean;
}

/** Whether the camera would do anything else for it. */
export const isNews = (known: KnownOrders, { revoke = [], standard = known.standard }: Wish): boolean =>
  standard !== known.standard || revoke.some((serial) => !covers(known, serial));

/**
 * The change that brings it. `alive`: serials of the grants that are known to go on. Throws `CannotSign` (full).
 *
 * Revoked ones are named singly while there is room. Then all that is older than whatever goes on ends by one number, and
 * with it a guest whom the server had hidden.
 */
export function changeFor(known: KnownOrders, wish: Wish, alive: Iterable<number>): OrdersChange {
  const news = (wish.revoke ?? []).filter((serial) => !covers(known, serial));
  const revoked = [...new Set([...known.serials, ...news])];
  const change = { ...wish, revoke: revoked };
  if (revoked.length <= MAX_REVOKED) return change;
  const going = [...alive].filter((serial) => !revoked.includes(serial) && !covers(known, serial));
  const floor = going.length ? Math.min(...going) : Math.max(...revoked) + 1;
  if (revoked.filter((serial) => serial >= floor).length > MAX_REVOKED) throw new CannotSign('full');
  return { ...change, floor };
}

/** Orders that the camera has confirmed. `n` -1: none. */
export interface Taken {
  readonly n: number;
  readonly orders: string;
}

/** Whether the camera knows orders that nobody has shown to this browser. */
export const isUnseen = (known: KnownOrders, taken: Taken): boolean =>
  taken.n >= 0 && taken.n >= known.n && taken.orders !== known.digest;

/**
 * What the next orders go on from. Where the camera knows some that this browser does not (it was paired anew, and the
 * server forgot), they count above those, and all that is older than the grants which go on is revoked as in them.
 */
export function above(known: KnownOrders, taken: Taken, alive: readonly number[], next: number): KnownOrders {
  if (!isUnseen(known, taken)) return known;
  return { ...known, n: taken.n, floor: Math.max(known.floor, Math.min(next, ...alive)) };
}
