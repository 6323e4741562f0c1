/** Orders: who gives them, what comes after what, and how the next ones are made. */

import { describe, expect, test } from 'vitest';
import { GRANT, rights } from '../core/trust/grant';
import { begin, follow } from '../core/trust/keyring';
import { MAX_REVOKED, nextOrders, NO_ORDERS, ORDERS, readOrders } from '../core/trust/orders';
import { read, sign } from '../core/trust/statement';
import { Untrue } from '../core/trust/untrue';
import { newPair, vectors } from './trust-people';

const NOW = 1_800_000_000;
const camera = vectors.grants.camera;

describe('signed orders', async () => {
  const [pair, guest] = [await newPair(), await newPair()];
  const [owner, viewer] = [await follow([await begin(pair, NOW)]), await follow([await begin(guest, NOW)])];
  const say = (n: number, floor: number, serials: number[], standard?: boolean) =>
    sign(pair, ORDERS, {
      camera,
      ring: owner.name,
      n,
      floor,
      serials,
      ...(standard === undefined ? {} : { standard }),
    });

  test('revoke for good', async () => {
    const known = await readOrders(await say(1, 0, [3]), camera, owner, NO_ORDERS);
    expect(await readOrders(await say(0, 0, []), camera, owner, known)).toBe(known);
    for (const text of [await say(2, 0, []), await say(2, 3, [])]) {
      await expect(readOrders(text, camera, owner, known)).rejects.toThrow('take back');
    }
    const later = await readOrders(await say(2, 4, []), camera, owner, known);
    await expect(readOrders(await say(3, 3, [3]), camera, owner, later)).rejects.toThrow('take back');
    const what = {
      camera,
      ring: owner.name,
      to: viewer.name,
      scopes: ['live' as const],
      nbf: NOW,
      serial: 3,
    };
    const chain = [await sign(pair, GRANT, what)];
    const against = { camera, owner, viewer, now: NOW };
    expect((await rights(chain, { ...against, orders: NO_ORDERS })).serial).toBe(3);
    for (const orders of [known, later]) {
      await expect(rights(chain, { ...against, orders })).rejects.toThrow('revoked');
    }
  });

  test('are given by the owner of this camera', async () => {
    const text = await say(3, 4, []);
    await expect(readOrders(text, viewer.name, owner, NO_ORDERS)).rejects.toThrow('another camera');
    const what = { camera, n: 9, floor: 9, serials: [] };
    const elsewhere = await sign(pair, ORDERS, { ...what, ring: viewer.name });
    await expect(readOrders(elsewhere, camera, owner, NO_ORDERS)).rejects.toThrow('another camera');
    const forged = await sign(guest, ORDERS, { ...what, ring: owner.name });
    await expect(readOrders(forged, camera, owner, NO_ORDERS)).rejects.toThrow('does not own');
    await expect(nextOrders(guest, camera, owner, NO_ORDERS, {})).rejects.toThrow('does not belong');
  });

  test('allow standard players until later ones do not', async () => {
    const allowed = await readOrders(await say(0, 0, [], true), camera, owner, NO_ORDERS);
    expect([NO_ORDERS.standard, allowed.standard]).toEqual([false, true]);
    const kept = await nextOrders(pair, camera, owner, allowed, { revoke: [1] });
    expect((await readOrders(kept, camera, owner, allowed)).standard).toBe(true);
    const refused = await nextOrders(pair, camera, owner, allowed, { standard: false });
    expect((await readOrders(refused, camera, owner, allowed)).standard).toBe(false);
  });

  test('say again what was said before, with the next number', async () => {
    const first = await nextOrders(pair, camera, owner, NO_ORDERS, { revoke: [5, 2, 5] });
    expect((await read(first, ORDERS)).what).toMatchObject({
      n: 0,
      floor: 0,
      serials: [2, 5],
      standard: false,
    });
    const known = await readOrders(first, camera, owner, NO_ORDERS);
    const second = await nextOrders(pair, camera, owner, known, { revoke: [1, 9], floor: 5 });
    expect((await read(second, ORDERS)).what).toMatchObject({ n: 1, floor: 5, serials: [5, 9] });
    const later = await readOrders(second, camera, owner, known);
    const third = await nextOrders(pair, camera, owner, later, { floor: 0 });
    expect((await read(third, ORDERS)).what).toMatchObject({ n: 2, floor: 5, serials: [5, 9] });
  });

  test('name no more than fit', async () => {
    const revoke = Array.from({ length: MAX_REVOKED + 1 }, (_, serial) => serial);
    await expect(nextOrders(pair, camera, owner, NO_ORDERS, { revoke })).rejects.toThrow(Untrue);
    await nextOrders(pair, camera, owner, NO_ORDERS, { revoke, floor: 1 });
  });
});
