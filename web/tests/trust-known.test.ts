/** The key of this browser, and what it knows by itself; how IndexedDB keeps it is tested in Chromium. */

import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Cupboard } from '../core/trust/cupboard';
import { installation, NoInstallation } from '../core/trust/installation';
import { begin, change, follow, LINK } from '../core/trust/keyring';
import { Known } from '../core/trust/known';
import { nameOf, read } from '../core/trust/statement';
import { newPair } from './trust-people';

class Drawer implements Cupboard {
  readonly kept = new Map<string, unknown>();

  get(name: string): Promise<unknown> {
    return Promise.resolve(this.kept.get(name));
  }

  change(name: string, decide: (standing: unknown) => unknown): Promise<unknown> {
    this.kept.set(name, decide(this.kept.get(name)));
    return this.get(name);
  }
}

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

  test('of a camera’s key is seen, and done by pairing alone', async () => {
    const known = new Known(new Drawer());
    expect(await known.camera('c1')).toBeNull();
    await known.learnCamera('c1', first);
    await known.learnCamera('c1', first);
    await expect(known.learnCamera('c1', second)).rejects.toThrow('another key');
    expect([await known.camera('c1'), await known.camera('c2')]).toEqual([first, null]);
    await known.learnCamera('c1', second, true);
    expect(await known.camera('c1')).toBe(second);
  });

  test('of a keyring is seen, and it never goes back', async () => {
    const drawer = new Drawer();
    const known = new Known(drawer);
    const ring = await follow([await begin(one, 1)]);
    const later = await follow([await change(one, ring, [first, second], 2)], ring);
    const fork = await follow([await change(one, ring, [first], 3)], ring);
    await known.learnRing('me', ring);
    await known.learnRing('me', later);
    await known.learnRing('me', later);
    for (const other of [ring, fork, await follow([await begin(two, 1)])]) {
      await expect(known.learnRing('me', other)).rejects.toThrow('another keyring');
    }
    expect(await new Known(drawer).ring('me')).toEqual(later);
    expect(await known.ring('you')).toBeNull();
    await known.learnRing('me', fork, true);
    expect(await known.ring('me')).toEqual(fork);
  });

  test.each([null, 5, 'x', {}, { name: 'x', n: 0, head: 'y', keys: [] }])(
    '%j is as good as nothing',
    async (odd) => {
      const drawer = new Drawer();
      drawer.kept.set('camera c', odd).set('ring a', odd);
      const known = new Known(drawer);
      expect([await known.camera('c'), await known.ring('a')]).toEqual([null, null]);
    },
  );
});
