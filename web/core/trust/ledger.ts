/**
 * The rights to a camera that this browser has signed, or has seen signed. A server that lists an older one of a guest, or
 * none, does not end the others: only orders do.
 */

import type { Cupboard } from './cupboard';
import type { Given, Owner } from './giving';
import { covers, type KnownOrders } from './orders';

/** Of what is over for a day, no camera needs to hear: its clock is no further back (docs/end-to-end.md). */
const OVER_SECONDS = 86_400;

export type Right = Pick<Given, 'serial' | 'to' | 'until'>;
type Subject = Omit<Owner, 'pair'>;

/** Paired anew, a camera has another id at the server, and the same key. */
const nameOf = ({ camera, ring }: Subject): string => `given ${camera} ${ring.name}`;

export class Ledger {
  constructor(private readonly cupboard: Cupboard) {}

  /** Those that orders have not ended, nor their time. `now`: Unix seconds. */
  async rights(subject: Subject, orders: KnownOrders, now: number): Promise<Right[]> {
    return going(asRights(await this.cupboard.get(nameOf(subject))), orders, now);
  }

  /** Adds some. Whose a link is stays known, once it was seen. */
  async note(subject: Subject, more: readonly Right[], orders: KnownOrders, now: number): Promise<void> {
    await this.cupboard.change(nameOf(subject), (standing) => {
      const all = new Map(asRights(standing).map((right) => [right.serial, right]));
      for (const { serial, to, until } of more)
        all.set(serial, { serial, to: all.get(serial)?.to ?? to, until });
      return going([...all.values()], orders, now);
    });
  }
}

const going = (rights: Right[], orders: KnownOrders, now: number): Right[] =>
  rights.filter(
    ({ serial, until }) => !covers(orders, serial) && (until === null || now < until + OVER_SECONDS),
  );

/** Nobody else writes here: the forms are those of `note`. */
const asRights = (value: unknown): Right[] => (Array.isArray(value) ? (value as Right[]) : []);
