/** A guest's browser with a signed link, against a server that tells the truth, or does not. */

import { beforeEach, describe, expect, test } from 'vitest';
import { encodeBytes } from '../core/trust/bytes';
import { CannotSign } from '../core/trust/cannot-sign';
import { rights } from '../core/trust/grant';
import { give, type Owner } from '../core/trust/giving';
import { acceptSigned, completeSigned, lookAt, type Guest } from '../core/trust/guest';
import { begin, follow, type Keyring } from '../core/trust/keyring';
import { linkKeys, linkProof, makeLinkSeed } from '../core/trust/link';
import { NO_ORDERS } from '../core/trust/orders';
import { ownershipOf } from '../core/trust/own-camera';
import type { Belonging } from '../core/trust/own-ring';
import { accept, type SignedOffer } from '../core/trust/receiving';
import { digest, nameOf } from '../core/trust/statement';
import { Drawer } from './drawer';
import { newPair } from './trust-people';

const NOW = Math.floor(Date.now() / 1000);
const SHARED = { id: 'c1', access: { role: 'guest', grant: 'g1' } };
let owner: Owner;
let seed: string;
let signed: SignedOffer;

async function person(camera: string): Promise<Owner & { statements: string[] }> {
  const pair = await newPair();
  const statements = [await begin(pair, NOW)];
  return { pair, camera, statements, ring: await follow(statements) };
}

beforeEach(async () => {
  const camera = await nameOf(await newPair());
  const made = await person(camera);
  owner = made;
  const bits = makeLinkSeed();
  seed = encodeBytes(bits);
  const link = await nameOf((await linkKeys(bits)).pair);
  const grant = await give(owner, { link }, { scopes: ['live'], until: null }, 1, NOW * 1000);
  const link_proof = await linkProof(bits, camera, owner.ring.name, await digest(grant));
  signed = { camera_key: camera, owner_keyring: made.statements, grant, link_proof };
});

/** This browser, of which the circle says what it is. */
class Browser implements Guest {
  kind: Belonging = 'alone';
  pair: CryptoKeyPair | null = null;
  ring: Keyring | null = null;
  statements: string[] = [];
  readonly cameras = new Map<string, { key: string; owner: string; orders: number }>();
  chain: readonly string[] = [];
  isProtected = true;
  failing = false;

  get standing(): { kind: Belonging } {
    return { kind: this.kind };
  }

  refresh = () => Promise.resolve({ protected: this.isProtected } as never);
  noteOrders = () => Promise.resolve();
  catchUp = () => Promise.resolve();

  async begin(): Promise<void> {
    const own = await person('');
    [this.kind, this.pair, this.ring, this.statements] = ['member', own.pair, own.ring, own.statements];
  }

  meet(camera: string, key: string, name: string, chain: readonly string[]): Promise<void> {
    if (this.failing) return Promise.reject(new Error('away'));
    this.cameras.set(camera, { key, owner: name, orders: -1 });
    this.chain = chain;
    return Promise.resolve();
  }
}

/** What the server was told; `chain`: of the grant that it has for this account. */
class Server {
  told: string[] = [];
  chain: string[] = [];
  offered: SignedOffer | null = signed;
  late: string | null = null;
  failing = false;

  offer = (secret: string) => {
    this.told.push(secret);
    return Promise.resolve({ signed: this.offered });
  };

  accept = (secret: string, acceptance?: string) => {
    this.told.push(secret, acceptance ?? '');
    return Promise.resolve(SHARED);
  };

  cameras = () => Promise.resolve([{ id: 'c0', access: { role: 'owner' } }, SHARED]);

  readonly trust = {
    trust: () => Promise.resolve({ ...signed, chain: this.chain }),
    acceptLate: (_: string, statement: string) => {
      if (this.failing) return Promise.reject(new Error('away'));
      this.late = statement;
      return Promise.resolve();
    },
  };
}

const beginning = (browser: Browser) => (): Promise<void> => browser.begin();

const letsIn = (chain: readonly string[], ring: Keyring): Promise<unknown> =>
  rights(chain, { camera: owner.camera, owner: owner.ring, orders: NO_ORDERS, viewer: ring, now: NOW });

describe('a signed invitation', () => {
  test('is accepted in the name of a ring that this browser begins', async () => {
    const [server, browser] = [new Server(), new Browser()];
    const { invited } = await lookAt(seed, server as never);
    await acceptSigned(seed, invited, browser, server as never, beginning(browser));
    expect(browser.cameras.get('c1')).toMatchObject({ key: owner.camera, owner: owner.ring.name });
    await letsIn(browser.chain, browser.ring!);
    expect(server.told.join(' ')).not.toContain(seed);
    expect(server.told[1]).toBe(server.told[0]);
  });

  test('is not taken for one without a signature', async () => {
    const server = new Server();
    server.offered = null;
    await expect(lookAt(seed, server as never)).rejects.toThrow('does not show that');
  });

  test.each(['newcomer', 'removed', 'replaced'] as const)(
    'is not accepted by a browser that is a %s',
    async (kind) => {
      const [server, browser] = [new Server(), new Browser()];
      browser.kind = kind;
      const { invited } = await lookAt(seed, server as never);
      await expect(acceptSigned(seed, invited, browser, server as never, beginning(browser))).rejects.toThrow(
        CannotSign,
      );
      expect(server.told).toHaveLength(1);
    },
  );

  test('is completed where the account came with the link', async () => {
    const [server, browser] = [new Server(), new Browser()];
    server.chain = [signed.grant];
    expect(await completeSigned(seed, browser, server as never, beginning(browser))).toBe(SHARED);
    await letsIn([signed.grant, server.late!], browser.ring!);
  });

  test('is completed by a second try, whichever step has failed', async () => {
    const [server, browser] = [new Server(), new Browser()];
    server.chain = [signed.grant];
    const complete = (): Promise<unknown> =>
      completeSigned(seed, browser, server as never, beginning(browser));
    server.failing = true;
    await expect(complete()).rejects.toThrow('away');
    server.failing = false;
    browser.failing = true;
    await expect(complete()).rejects.toThrow('away');
    browser.failing = false;
    if (server.late) server.chain = [signed.grant, server.late];
    expect(await complete()).toBe(SHARED);
    expect(browser.cameras.get('c1')).toMatchObject({ key: owner.camera });
    await letsIn(browser.chain, browser.ring!);
  });

  test('is kept where the server has the yes already, and this browser not the camera', async () => {
    const [server, browser] = [new Server(), new Browser()];
    const { invited } = await lookAt(seed, server as never);
    browser.failing = true;
    const said = acceptSigned(seed, invited, browser, server as never, beginning(browser));
    await expect(said).rejects.toThrow('away');
    browser.failing = false;
    server.chain = [signed.grant, server.told.at(-1)!];
    expect(await completeSigned(seed, browser, server as never, beginning(browser))).toBe(SHARED);
    expect(server.late).toBeNull();
    await letsIn(browser.chain, browser.ring!);
  });

  test('that another has accepted is not completed', async () => {
    const [server, browser, other] = [new Server(), new Browser(), new Browser()];
    await other.begin();
    const { invited } = await lookAt(seed, server as never);
    server.chain = [signed.grant, await accept(seed, invited, other.ring!.name, NOW)];
    expect(await completeSigned(seed, browser, server as never, beginning(browser))).toBeNull();
    expect(browser.cameras.size).toBe(0);
  });

  test('never takes the place of a camera of one’s own', async () => {
    const [server, browser] = [new Server(), new Browser()];
    await browser.begin();
    const own = { key: await nameOf(await newPair()), owner: browser.ring!.name, orders: -1 };
    browser.cameras.set('c1', own);
    const { invited } = await lookAt(seed, server as never);
    const said = acceptSigned(seed, invited, browser, server as never, beginning(browser));
    await expect(said).rejects.toThrow('the place of a camera of yours');
    server.chain = [signed.grant];
    const late = completeSigned(seed, browser, server as never, beginning(browser));
    await expect(late).rejects.toThrow('the place of a camera of yours');
    expect(browser.cameras.get('c1')).toBe(own);
  });

  test('of another link, or a finished one, is not completed', async () => {
    const [server, browser] = [new Server(), new Browser()];
    expect(await completeSigned(seed, browser, server as never, beginning(browser))).toBeNull();
    server.chain = [signed.grant];
    expect(
      await completeSigned(encodeBytes(makeLinkSeed()), browser, server as never, beginning(browser)),
    ).toBeNull();
    expect([server.late, browser.ring]).toEqual([null, null]);
  });
});

describe('who signs for a camera', () => {
  const of = (browser: Browser): Promise<unknown> => ownershipOf('c1', browser, {} as never, new Drawer());
  const reason = (browser: Browser): Promise<unknown> =>
    of(browser).then(
      () => 'none',
      (error: unknown) => (error as CannotSign).reason,
    );

  test('is nobody where the camera believes the server', async () => {
    const browser = new Browser();
    browser.isProtected = false;
    expect(await of(browser)).toBeNull();
  });

  test('is a device of its owner, and no other', async () => {
    const browser = new Browser();
    expect(await reason(browser)).toBe('alone');
    browser.kind = 'newcomer';
    expect(await reason(browser)).toBe('newcomer');
    await browser.begin();
    expect(await reason(browser)).toBe('stranger');
    browser.cameras.set('c1', { key: owner.camera, owner: owner.ring.name, orders: -1 });
    expect(await reason(browser)).toBe('alone');
    browser.cameras.set('c1', { key: owner.camera, owner: browser.ring!.name, orders: -1 });
    expect(await reason(browser)).toBe('none');
    browser.isProtected = false;
    expect(await of(browser)).not.toBeNull();
  });
});
