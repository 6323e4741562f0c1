/** The key of this browser, and what it knows by itself; how IndexedDB keeps it is tested in Chromium. */

import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Cupboard } from '../core/trust/cupboard';
import { installation, NoInstallation } from '../core/trust/installation';
import { begin, change, follow, LINK } from '../core/trust/keyring';
import { Known } from '../core/trust/known';
import { nameOf, read } from '../core/trust/statement';
import { Drawer, newPair } from './trust-people';

const open = (drawer: Cupboard) => () => Promise.resolve(drawer);

afterEach(() => vi.unstubAllGlobals());

describe('the signed word of an installation', () => {
  test('comes from one key, which nobody can read out', async () => {
    const drawer = new Drawer();
    const pairs = await Promise.all([installation(open(drawer)), installation(open(drawer))]);
    pairs.push(await installation(open(drawer)));
    expect(new Set(await Promise.all(pairs.map(nameOf))).size).toBe(1);
    const pair = pairs[0]!;
    for (const form of ['pkcs8', 'jwk'] as const) {
      await expect(crypto.subtle.exportKey(form, pair.privateKey)).rejects.toThrow();
    }
    expect((await read(await begin(pair, 1), LINK)).by).toBe(await nameOf(pair));
  });

  test('comes from no key that could have been read out', async () => {
    const drawer = new Drawer();
    const odd = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
    drawer.kept.set('installation', odd);
    const pair = await installation(open(drawer));
    expect(pair.privateKey.extractable).toBe(false);
    expect(await nameOf(await installation(open(drawer)))).toBe(await nameOf(pair));
  });

  const reasonOf = (tried: Promise<unknown>): Promise<unknown> =>
    tried.then(
      () => 'none',
      (error: unknown) => (error as NoInstallation).reason,
    );

  test('does not come without a secure context', async () => {
    vi.stubGlobal('isSecureContext', false);
    expect(await reasonOf(installation(open(new Drawer())))).toBe('insecure');
    vi.stubGlobal('isSecureContext', true);
    vi.stubGlobal('crypto', {});
    expect(await reasonOf(installation(open(new Drawer())))).toBe('insecure');
  });

  test('does not come from an old browser, or one that keeps nothing', async () => {
    expect(await reasonOf(installation())).toBe('storage');
    const full = new Drawer();
    full.change = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));
    expect(await reasonOf(installation(open(full)))).toBe('storage');
    const generateKey = () => Promise.reject(new DOMException('no', 'NotSupportedError'));
    vi.stubGlobal('crypto', { subtle: { generateKey } });
    expect(await reasonOf(installation(open(new Drawer())))).toBe('unsupported');
  });
});

describe('swap of what is known', async () => {
  const [one, two] = await Promise.all([newPair(), newPair()]);
  const [first, second] = [await nameOf(one), await nameOf(two)];
  const met = (key: string, iat: number, owner = first) => ({ key, owner, iat, chain: [], orders: -1 });

  test('of a camera’s key is seen, and a later word alone does it', async () => {
    const known = new Known(new Drawer());
    expect(await known.cameras('me')).toEqual(new Map());
    await known.learnCamera('me', 'c1', met(first, 5));
    await known.learnCamera('me', 'c1', met(first, 4));
    for (const other of [met(second, 5), met(second, 4), met(first, 5, second)]) {
      await expect(known.learnCamera('me', 'c1', other)).rejects.toThrow('another key');
    }
    expect(await known.cameras('me')).toEqual(new Map([['c1', met(first, 5)]]));
    await known.learnCamera('me', 'c1', { ...met(first, 5), orders: 3 });
    await known.learnCamera('me', 'c1', met(first, 5));
    expect((await known.cameras('me')).get('c1')?.orders).toBe(3);
    await known.learnCamera('me', 'c1', met(second, 6));
    await known.learnCamera('me', 'c2', met(first, 1));
    expect([...(await known.cameras('me'))].map(([id, { key }]) => [id, key])).toEqual([
      ['c1', second],
      ['c2', first],
    ]);
    expect(await known.cameras('you')).toEqual(new Map());
  });

  test('by a chain that nobody can read costs no key, kept or not', async () => {
    const drawer = new Drawer();
    const known = new Known(drawer);
    await known.learnCamera('me', 'c1', met(first, 5));
    for (const chain of [['a', 'b', 'c'], null, [5], ['x'.repeat(5_000)]] as unknown as string[][]) {
      await expect(known.learnCamera('me', 'c1', { ...met(first, 5), chain })).rejects.toThrow('chain');
      drawer.kept.set('cameras me', new Map([['c1', { ...met(first, 5), chain }]]));
      expect(await known.cameras('me')).toEqual(new Map([['c1', met(first, 5)]]));
    }
  });

  test('of a keyring is seen, and it never goes back', async () => {
    const drawer = new Drawer();
    const known = new Known(drawer);
    const followed = async (...statements: string[]) => ({ ring: await follow(statements), statements });
    const [start, ours] = [await begin(one, 1), await begin(two, 1)];
    const ring = await followed(start);
    const later = await followed(start, await change(one, ring.ring, [first, second], 2, 'Phone'));
    const fork = await followed(start, await change(one, ring.ring, [first], 3));
    await known.learnRing('me', ring);
    await known.learnRing('me', later);
    await known.learnRing('me', later);
    for (const other of [ring, fork, await followed(ours)]) {
      await expect(known.learnRing('me', other)).rejects.toThrow('another keyring');
    }
    expect(await new Known(drawer).ring('me')).toEqual(later);
    expect(await known.ring('you')).toBeNull();
    await known.learnRing('me', fork, true);
    expect(await known.ring('me')).toEqual(fork);
  });

  test.each([null, 5, 'x', {}, new Map([['c', { key: 1 }]]), { name: 'x', n: 0, head: 'y', keys: [] }])(
    '%j is as good as nothing',
    async (odd) => {
      const drawer = new Drawer();
      drawer.kept.set('cameras me', odd).set('unproven me', odd).set('ring a', odd).set('pairing c', odd);
      const known = new Known(drawer);
      expect(await known.unproven('me')).toEqual(new Set());
      expect([await known.cameras('me'), await known.ring('a'), await known.awaited('c')]).toEqual([
        new Map(),
        null,
        null,
      ]);
    },
  );
});
