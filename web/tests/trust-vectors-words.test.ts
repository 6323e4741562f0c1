/** What both implementations must say of each word between camera, owner and guest (tests/vectors/trust.json). */

import { describe, expect, test } from 'vitest';
import type { Trust } from '../core/trust-routes';
import { Acquaintances } from '../core/trust/acquaintances';
import { decodeBytes, encodeBytes } from '../core/trust/bytes';
import { codeSecret, installationProof, makeCode, welcomeProof, writeCode } from '../core/trust/admission';
import { INTRODUCTION } from '../core/trust/introduction';
import { begin, follow } from '../core/trust/keyring';
import { Known } from '../core/trust/known';
import { linkKeys, linkProof, makeLinkSeed, readLinkSeed } from '../core/trust/link';
import { NO_ORDERS, readOrders } from '../core/trust/orders';
import { readPlain } from '../core/trust/plain';
import { isProof } from '../core/trust/proof';
import { readReceipt } from '../core/trust/receipt';
import { readRecovery, recoveryPair, writeRecovery } from '../core/trust/recovery';
import { makeSeed, pairOfSeed } from '../core/trust/seed';
import { HELLO } from '../core/trust/session';
import { digest, nameOf, read, sign } from '../core/trust/statement';
import { Untrue } from '../core/trust/untrue';
import { Drawer, newPair, vectors } from './trust-people';

const { orders, receipts, introductions, plain, links, installations, recovery, sessions } = vectors;
const named = <T extends { why: string }>(cases: T[]) => cases.map((each) => [each.why, each] as const);

describe('signed orders', async () => {
  const owner = await follow(orders.owner);
  const given = (text: string, known = NO_ORDERS) => readOrders(text, orders.camera, owner, known);

  test('hold until newer ones', async () => {
    const known = await given(orders.text);
    expect(known).toEqual({
      n: 0,
      floor: 0,
      serials: new Set([7]),
      standard: false,
      digest: orders.digest,
    });
    expect(await given(orders.of_the_same_number, known)).toBe(known);
    const { text, n, floor, serials, standard } = orders.later;
    const later = await given(text, known);
    expect(later).toEqual({ n, floor, serials: new Set(serials), standard, digest: await digest(text) });
    expect(await given(orders.text, later)).toBe(later);
  });

  test.each(named(orders.taken_back))('take back no %s', async (_, { texts: [first, second] }) => {
    await expect(given(second, await given(first))).rejects.toThrow('take back');
  });

  test.each(named(orders.refused))('%s', async (_, { text }) => {
    await expect(given(text)).rejects.toThrow(Untrue);
  });
});

describe('signed receipts', () => {
  test('name orders and keyring', async () => {
    expect(await readReceipt(receipts.text, receipts.camera)).toEqual(receipts.says);
    const nothing = await readReceipt(receipts.of_nothing, receipts.camera);
    expect([nothing.n, nothing.orders]).toEqual([-1, '']);
  });

  test.each(named(receipts.refused))('%s', async (_, { text }) => {
    await expect(readReceipt(text, receipts.camera)).rejects.toThrow(Untrue);
  });
});

describe('signed introductions', async () => {
  const ring = await follow(introductions.ring);
  const { id, says } = introductions;

  /** A browser of this ring's account. `told`: what it says to the others. */
  async function browser(pair: CryptoKeyPair, own = ring, now = () => 0) {
    const told: string[] = [];
    let shown: string | null = null;
    const routes = {
      trust: async () => ({ introduction: shown, chain: [], protected: true }) as unknown as Trust,
      introduce: async (_: string, text: string) => void told.push(text),
    };
    const cameras = new Acquaintances('me', pair, new Known(new Drawer()), routes, now);
    const hear = async (text: string): Promise<unknown> => {
      shown = text;
      await cameras.refresh(id, own, false);
      const met = cameras.met.get(id);
      return met && [met.key, met.owner, met.iat];
    };
    return { cameras, told, hear };
  }
  const first = [says.camera, says.owner, says.iat];

  test('the newest counts', async () => {
    const { hear } = await browser(await newPair());
    expect(await hear(introductions.text)).toEqual(first);
    const second = (await hear(introductions.later)) as unknown[];
    expect([second[0] === says.camera, second[2]]).toEqual([false, says.iat + 1]);
    expect(await hear(introductions.text)).toEqual(second);
  });

  test.each(named(introductions.refused))('%s', async (_, { text }) => {
    const { hear } = await browser(await newPair());
    expect(await hear(text)).toBeUndefined();
    await hear(introductions.text);
    expect(await hear(text)).toEqual(first);
  });

  test('are made newer than what was said before, whatever the clock says', async () => {
    const pair = await newPair();
    const own = await follow([await begin(pair, 1)]);
    const times = [500, 3];
    const { cameras, told } = await browser(pair, own, () => times.shift()!);
    await cameras.meet(id, says.camera, own.name, own);
    await cameras.meet(id, own.name, own.name, own);
    const { hear } = await browser(await newPair(), own);
    expect(await hear(told[0]!)).toEqual([says.camera, own.name, 500]);
    expect(await hear(told[1]!)).toEqual([own.name, own.name, 501]);
    for (const odd of ['', 'c'.repeat(65)]) {
      const what = { ring: own.name, id: odd, camera: own.name, owner: own.name, iat: 1 };
      await expect(sign(pair, INTRODUCTION, what)).rejects.toThrow(Untrue);
    }
    expect(INTRODUCTION.typ).toBe('belvedere-camera+jwt');
  });
});

describe('signed plain', () => {
  test('is for one hello', async () => {
    await readPlain(plain.text, plain.camera, plain.hello);
    await expect(readPlain(plain.text, plain.hello, plain.hello)).rejects.toThrow('another camera');
  });

  test.each(named(plain.refused))('%s', async (_, { text }) => {
    await expect(readPlain(text, plain.camera, plain.hello)).rejects.toThrow(Untrue);
  });
});

describe('swap of the hello', () => {
  test('shows in whose name it was said', async () => {
    const ring = await follow(sessions.ring);
    const hello = await read(sessions.hello, HELLO);
    expect([hello.what.ring, ring.keys.has(hello.by), hello.what.orders]).toEqual([ring.name, true, -1]);
    expect((await read(sessions.owner_hello, HELLO)).what.orders).toBe(3);
  });

  test.each(named(sessions.swapped_hellos))('%s', async (_, { text }) => {
    const ring = await follow(sessions.ring);
    const fits = async () => {
      const { by, what } = await read(text, HELLO);
      if (what.camera !== sessions.camera || what.ring !== ring.name || !ring.keys.has(by))
        throw new Untrue('');
    };
    await expect(fits()).rejects.toThrow(Untrue);
  });
});

describe('swap behind a link', () => {
  const { camera, owner, grant } = links;
  const seed = readLinkSeed(links.seed);

  test('its keys are those of the vectors', async () => {
    const { secret, pair } = await linkKeys(seed);
    expect([secret, await nameOf(pair)]).toEqual([links.secret, links.key]);
    expect(isProof(await linkProof(seed, camera, owner, grant), links.proof)).toBe(true);
  });

  test('is seen', async () => {
    const others = [
      linkProof(makeLinkSeed(), camera, owner, grant),
      linkProof(seed, owner, owner, grant),
      linkProof(seed, camera, camera, grant),
      linkProof(seed, camera, owner, owner),
    ];
    for (const other of others) expect(isProof(await other, links.proof)).toBe(false);
  });

  test.each(['', 'AA', encodeBytes(new Uint8Array(15)), encodeBytes(new Uint8Array(32)), 'ä'])(
    '%j is no link',
    async (odd) => {
      expect(() => readLinkSeed(odd)).toThrow(Untrue);
      await expect(linkKeys(seed.subarray(1))).rejects.toThrow('16 bytes');
    },
  );
});

describe('pairing of installations', async () => {
  const { code, key, ring, head } = installations;
  const secret = await codeSecret(code);

  test('the proofs are those of the vectors', async () => {
    expect(encodeBytes(secret)).toBe(installations.secret);
    expect(isProof(await installationProof(secret, key), installations.proof)).toBe(true);
    expect(isProof(await welcomeProof(secret, key, ring, head), installations.welcome)).toBe(true);
  });

  test('anything swapped is seen', async () => {
    const other = await codeSecret(makeCode());
    for (const swapped of [installationProof(other, key), installationProof(secret, ring)]) {
      expect(isProof(await swapped, installations.proof)).toBe(false);
    }
    const welcomes = [
      welcomeProof(other, key, ring, head),
      welcomeProof(secret, ring, ring, head),
      welcomeProof(secret, key, head, head),
      welcomeProof(secret, key, ring, ring),
    ];
    for (const swapped of welcomes) expect(isProof(await swapped, installations.welcome)).toBe(false);
    await expect(installationProof(secret.subarray(1), key)).rejects.toThrow('16 bytes');
  });

  test.each(installations.spelt)('%j is the same code', async (spelt) => {
    expect(await codeSecret(spelt)).toEqual(secret);
  });

  test('what looks alike is taken for what it is', async () => {
    expect(await codeSecret('O0o0-I1Ll-0000-0000')).toEqual(await codeSecret('0000-1111-0000-0000'));
  });

  test.each(installations.refused)('%j is no code', async (odd) => {
    await expect(codeSecret(odd)).rejects.toThrow(Untrue);
  });

  test('codes are written in four groups, no two alike', async () => {
    expect(writeCode(Uint8Array.of(0, 68, 50, 20, 199, 66, 84, 182, 53, 207))).toBe('0123-4567-89AB-CDEF');
    expect(writeCode(new Uint8Array(10).fill(255))).toBe('ZZZZ-ZZZZ-ZZZZ-ZZZZ');
    expect(() => writeCode(new Uint8Array(9))).toThrow('10 bytes');
    expect(makeCode()).not.toBe(makeCode());
    await codeSecret(makeCode());
  });
});

describe('signed by a key on paper', () => {
  test('which belongs to a keyring as any other does', async () => {
    const read = readRecovery(` ${recovery.text}\n`);
    expect([read.ring, await nameOf(await recoveryPair(read))]).toEqual([recovery.ring, recovery.key]);
    expect(writeRecovery(read)).toBe(recovery.text);
  });

  test.each(named(recovery.refused))('%s', (_, { text }) => {
    expect(() => readRecovery(text)).toThrow(Untrue);
  });

  test('of which the browser reads out nothing', async () => {
    const pair = await pairOfSeed(makeSeed());
    for (const form of ['pkcs8', 'jwk'] as const) {
      await expect(crypto.subtle.exportKey(form, pair.privateKey)).rejects.toThrow();
    }
    await expect(pairOfSeed(decodeBytes(links.seed))).rejects.toThrow('32 bytes');
  });
});
