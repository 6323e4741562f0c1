/**
 * The newest orders of each camera that this browser has signed or read, so that no server shows it older ones. They are
 * kept as they were read: their text may not count again, once whoever signed it was taken off the keyring.
 */

import type { Cupboard } from './cupboard';
import type { Owner } from './giving';
import { LINK } from './keyring';
import { flagAt, keyAt, textAt, wholeAt, wholesAt, type Key } from './members';
import { MAX_REVOKED, NO_ORDERS, ORDERS, readOrders, type KnownOrders } from './orders';
import { read } from './statement';
import { Untrue } from './untrue';

/** `by`: who signed them. `text`: for a server that has lost them. Empty where there are none. */
export interface Page extends KnownOrders {
  readonly by: Key;
  readonly text: string;
}

/** Of which camera (its id), and for whom. `everOn`: all keys that were ever on the owner's ring. */
export interface Subject extends Omit<Owner, 'pair'> {
  readonly id: string;
  readonly everOn: ReadonlySet<Key>;
}

export const NO_PAGE: Page = { ...NO_ORDERS, by: '', text: '' };

/** Paired anew, a camera has another id at the server, and the same key. */
const nameOf = ({ camera }: Subject): string => `orders ${camera}`;

export class OrdersBook {
  constructor(private readonly cupboard: Cupboard) {}

  /**
   * The newest of what is kept and what is shown. `taken`: digest of what the camera has confirmed. What is not true is
   * left, and so is what a device said that was taken off, unless the camera took it before.
   */
  async read(subject: Subject, shown: string | null, taken = ''): Promise<Page> {
    const kept = asPage(await this.cupboard.get(nameOf(subject)), subject);
    const later = shown === null ? null : await laterThan(kept, shown, subject, taken);
    return later ? this.keep(subject, later) : kept;
  }

  private async keep(subject: Subject, page: Page): Promise<Page> {
    const { camera, ring } = subject;
    const stands = await this.cupboard.change(nameOf(subject), (standing) =>
      asPage(standing, subject).n < page.n
        ? { ...page, serials: [...page.serials], camera, ring: ring.name }
        : standing,
    );
    return asPage(stands, subject);
  }
}

/** Everybody who was ever on the ring: what one said who has left may still hold at the camera. */
export async function everOn(statements: readonly string[]): Promise<Set<Key>> {
  const links = await Promise.all(statements.map((text) => read(text, LINK)));
  return new Set(links.flatMap(({ what }) => what.keys));
}

async function laterThan(kept: Page, text: string, subject: Subject, taken: string): Promise<Page | null> {
  const { camera, ring, everOn: keys } = subject;
  try {
    const known = await readOrders(text, camera, { ...ring, keys }, kept);
    const { by } = await read(text, ORDERS);
    const counts = known.n > kept.n && (ring.keys.has(by) || known.digest === taken);
    return counts ? { ...known, by, text } : null;
  } catch (error) {
    if (error instanceof Untrue) return null;
    throw error;
  }
}

/** None where it is about a camera that was paired anew, for another ring, or no page of ours at all. */
function asPage(value: unknown, { camera, ring }: Subject): Page {
  try {
    const of = new Map(Object.entries((value ?? {}) as object));
    if (keyAt(of, 'camera') !== camera || keyAt(of, 'ring') !== ring.name) return NO_PAGE;
    return {
      n: wholeAt(of, 'n'),
      floor: wholeAt(of, 'floor'),
      serials: new Set(wholesAt(of, 'serials', MAX_REVOKED)),
      standard: flagAt(of, 'standard', false),
      digest: keyAt(of, 'digest'),
      by: keyAt(of, 'by'),
      text: textAt(of, 'text'),
    };
  } catch {
    return NO_PAGE;
  }
}
