/**
 * Receipts: a camera says which orders and which end of its owner's keyring it knows, so that the app need not believe
 * the server that a revocation has arrived.
 */

import { keyAt, keyOrNoneAt, numberAt, wholeAt, type Key, type Seconds } from './members';
import { read, type Kind } from './statement';
import { Untrue } from './untrue';

/** `orders`: digest of their text, empty where there are none; `n`: their number, -1 there. `head`: of the keyring. */
export interface Receipt {
  orders: string;
  n: number;
  head: Key;
  iat: Seconds;
}

export const RECEIPT: Kind<Receipt> = {
  typ: 'belvedere-receipt+jwt',
  read: (members) => ({
    orders: keyOrNoneAt(members, 'orders'),
    n: numberAt(members, 'n'),
    head: keyAt(members, 'head'),
    iat: wholeAt(members, 'iat'),
  }),
};

/** Throws `Untrue` unless this camera said it. */
export async function readReceipt(text: string, camera: Key): Promise<Receipt> {
  const { by, what } = await read(text, RECEIPT);
  if (by !== camera) throw new Untrue('this receipt was given by another camera');
  if (what.n < 0 !== (what.orders === '')) throw new Untrue('this receipt is for orders without a number');
  return what;
}
