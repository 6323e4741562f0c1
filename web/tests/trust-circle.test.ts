/** The circle of an account against a server that lies: rings, introductions, pairing, and how browsers come to belong. */

import { beforeEach, describe, expect, test } from 'vitest';
import type { JoinRequest, Trust, TrustRoutes } from '../core/trust-routes';
import { decodeBytes } from '../core/trust/bytes';
import { Circle } from '../core/trust/circle';
import { INTRODUCTION } from '../core/trust/introduction';
import {
  admitRecovery,
  askToJoin,
  drawRecovery,
  isWelcomed,
  restore,
  welcome,
  whoAsks,
} from '../core/trust/joining';
import { begin, change, follow } from '../core/trust/keyring';
import type { Mark } from '../core/trust/mark';
import { cameraProof, ownerProof } from '../core/trust/pairing';
import { nameOf, sign } from '../core/trust/statement';
import { Drawer, newPair } from './trust-people';

const NOTHING: Trust = {
  camera_key: null,
  pairing_proof: null,
  origin: 'https://b.example',
  introduction: null,
  owner_keyring: [],
  orders: null,
  receipt: null,
  chain: [],
  link_proof: null,
  protected: false,
};

/** Stores and passes on, as the real one does; a test makes it lie by changing what it has. */
class Server {
  statements: string[] = [];
  cameras = new Map<string, Trust>();
  requests: (JoinRequest & { welcome: string | null })[] = [];
  owner: { head: string; proof: string } | null = null;
  alarms: string[] = [];

  keyring = async () => [...this.statements];
  extendKeyring = async (statement: string) => {
    await follow([...this.statements, statement]);
    this.statements.push(statement);
    return this.keyring();
  };
  trust = async (id: string) => this.cameras.get(id) ?? NOTHING;
  introduce = async (id: string, introduction: string) =>
    void this.cameras.set(id, { ...(await this.trust(id)), introduction });
  proveOwner = async (_: string, head: string, proof: string) => void (this.owner = { head, proof });
  alarm = async (_: string, reason: string) => void this.alarms.push(reason);
  askToJoin = async (key: string, proof: string, label: string) => {
    const request = { id: String(this.requests.length), key, proof, label, created_at: '', welcome: null };
    this.requests.push(request);
    return { id: request.id, expires_at: '' };
  };
  joinRequests = async () => this.requests;
  joinState = async (id: string) => {
    const proof = this.requests[Number(id)]?.welcome ?? null;
    return { state: proof ? ('welcomed' as const) : ('waiting' as const), proof };
  };
  welcome = async (id: string, proof: string) => void (this.requests[Number(id)]!.welcome = proof);

  get routes(): TrustRoutes {
    return this as unknown as TrustRoutes;
  }
}

let time = 1_800_000_000;
let server: Server;

/** What a browser notes beside its keys. */
class Noted implements Mark {
  noted = false;
  isSet = (): boolean => this.noted;
  set = (): void => void (this.noted = true);
}

const open = async (
  drawer = new Drawer(),
  asked = true,
  mark = new Noted(),
  account = 'me',
): Promise<Circle> => {
  const circle = await Circle.open(
    account,
    server.routes,
    () => time++,
    () => Promise.resolve(drawer),
    mark,
  );
  if (asked) await circle.catchUp();
  return circle;
};

/** A browser of the account, and what it keeps. */
async function founder(): Promise<[Circle, Drawer]> {
  const drawer = new Drawer();
  const circle = await open(drawer);
  await circle.begin('Chrome, Linux');
  return [circle, drawer];
}

async function second(by: Circle): Promise<[Circle, Drawer]> {
  const drawer = new Drawer();
  const circle = await open(drawer);
  const asking = await askToJoin(circle, server.routes, 'Firefox, Windows');
  const asks = (await whoAsks(server.routes, asking.code.toLowerCase()))!;
  await welcome(by, server.routes, asking.code, asks);
  expect(await isWelcomed(circle, server.routes, asking)).toBe(true);
  return [circle, drawer];
}

const kind = (circle: Circle) => circle.standing.kind;

beforeEach(() => {
  server = new Server();
});

describe('the circle', () => {
  test('begins with the browser that needs it first', async () => {
    const [circle, drawer] = await founder();
    expect(kind(circle)).toBe('member');
    expect((await circle.members()).map(({ label }) => label)).toEqual(['Chrome, Linux']);
    expect(kind(await open(drawer))).toBe('member');
    expect(kind(await open())).toBe('newcomer');
  });

  test('is known without the server', async () => {
    const [, drawer] = await founder();
    const later = await open(drawer, false);
    expect([kind(later), later.statements]).toEqual(['member', server.statements]);
  });

  test('says why there is none', async () => {
    const circle = await Circle.open(
      'me',
      server.routes,
      () => 1,
      () => Promise.reject(new Error('closed')),
      new Noted(),
    );
    expect(circle.standing).toEqual({ kind: 'unable', reason: 'storage' });
    server.cameras.set('c1', { ...NOTHING, protected: true });
    await circle.refresh('c1');
    expect([circle.credentials('c1'), await circle.drawSecret('c1', PAIRING)]).toEqual([null, null]);
    await expect(circle.begin('x')).rejects.toThrow('storage');
  });

  test('shows nothing by the server’s word where its keys cannot be opened', async () => {
    const [mark, drawer] = [new Noted(), new Drawer()];
    await (await open(drawer, true, mark)).begin('Chrome, Linux');
    const shut = await Circle.open(
      'me',
      server.routes,
      () => time,
      () => Promise.reject(new Error('another tab holds it')),
      mark,
    );
    expect([shut.credentials('c1'), shut.mayTrustServer('c1')]).toEqual(['stranger', false]);
    // Also one that belongs since before there was such a note.
    const older = new Noted();
    await open(drawer, false, older);
    expect(older.noted).toBe(true);
  });

  test('goes on by itself when its first statement arrived and the answer did not', async () => {
    const drawer = new Drawer();
    const circle = await open(drawer);
    const { extendKeyring } = server;
    server.extendKeyring = async (statement) => {
      await extendKeyring(statement);
      throw new Error('lost');
    };
    await expect(circle.begin('x')).rejects.toThrow('lost');
    expect(kind(await open(drawer))).toBe('member');
  });
});

describe('swap of the account', () => {
  const renamed = (drawer: Drawer, mark = new Noted(), account = 'you') => open(drawer, true, mark, account);
  const shown = (circle: Circle) => [circle.credentials('c1'), circle.asksWho, circle.mayTrustServer('c1')];

  test('in a browser that keeps keys shows nothing until a person says so', async () => {
    const [one, drawer] = await founder();
    await one.meet('c1', one.own, one.ring!.name);
    server = new Server();
    const other = await renamed(drawer);
    expect([kind(other), ...shown(other)]).toEqual(['alone', 'stranger', true, false]);
    await other.trustServer('c1');
    expect(shown(other)).toEqual(['stranger', true, false]);
    await other.believeAccount();
    expect(shown(other)).toEqual([null, false, false]);
    expect(shown(await renamed(drawer))).toEqual([null, false, false]);
    expect(shown(await renamed(drawer, new Noted(), 'third'))).toEqual(['stranger', true, false]);
  });

  test('is asked about again once the one with keys was here', async () => {
    const [, drawer] = await founder();
    server = new Server();
    await (await renamed(drawer)).believeAccount();
    await open(drawer);
    expect(shown(await renamed(drawer))).toEqual(['stranger', true, false]);
  });

  test('is seen where only the note of keys is left', async () => {
    const [noted, drawer] = [new Noted(), new Drawer()];
    noted.set();
    expect(shown(await renamed(drawer, noted))).toEqual(['stranger', true, false]);
    expect(shown(await renamed(new Drawer()))).toEqual([null, false, false]);
  });

  test('ends with a ring of its own', async () => {
    const [, drawer] = await founder();
    server = new Server();
    const other = await renamed(drawer);
    await other.begin('Chrome, Linux');
    expect([kind(other), ...shown(other)]).toEqual(['member', 'stranger', false, true]);
    expect(kind(await renamed(drawer))).toBe('member');
  });
});

describe('two tabs of a browser', () => {
  test('know the same ring and cameras once the server was asked', async () => {
    const drawer = new Drawer();
    const [one, two] = [await open(drawer), await open(drawer)];
    await one.begin('x');
    await one.meet('c1', two.own, one.ring!.name);
    expect(kind(two)).toBe('alone');
    await two.catchUp();
    expect([kind(two), two.cameras.has('c1')]).toEqual(['member', true]);
  });

  test('go back to no older end of a ring that the other has seen', async () => {
    const drawer = new Drawer();
    const [one, two] = [await open(drawer), await open(drawer)];
    await one.begin('x');
    const [thief] = await second(one);
    await one.dismiss(thief.own);
    server.statements = server.statements.slice(0, 2);
    await two.catchUp();
    expect(two.ring?.keys.has(thief.own)).toBe(false);
    expect((await open(drawer, false)).ring?.n).toBe(2);
  });
});

describe('swap of the own ring', () => {
  test('by another one is seen, and the known one stays', async () => {
    const [circle, drawer] = await founder();
    const other = await newPair();
    const ours = server.statements;
    const theirs = await begin(other, 1);
    const both = await change(other, await follow([theirs]), [await nameOf(other), circle.own], 2);
    for (const shown of [[], [theirs], [theirs, both], ['x']]) {
      server.statements = shown;
      const later = await open(drawer);
      expect([kind(later), later.statements]).toEqual(['replaced', ours]);
    }
  });

  test('by one that has the key of a newcomer is not believed', async () => {
    const drawer = new Drawer();
    const newcomer = await open(drawer);
    const evil = await newPair();
    const theirs = await begin(evil, 1);
    const both = await change(evil, await follow([theirs]), [await nameOf(evil), newcomer.own], 2);
    server.statements = [theirs, both];
    expect(kind(await open(drawer))).toBe('newcomer');
  });

  test('by one that this browser has begun for another account is not believed', async () => {
    const [, drawer] = await founder();
    const other = await open(drawer, true, new Noted(), 'you');
    expect([kind(other), other.statements]).toEqual(['newcomer', []]);
  });

  test('in the answer to its very first statement is not believed', async () => {
    const drawer = new Drawer();
    const circle = await open(drawer);
    const evil = await newPair();
    const theirs = await begin(evil, 1);
    const both = await change(evil, await follow([theirs]), [await nameOf(evil), circle.own], 2);
    server.extendKeyring = async () => [theirs, both];
    await circle.begin('x');
    expect([...circle.ring!.keys]).toEqual([circle.own]);
  });

  test('by an old end is seen; a server that has lost the new one gets it again', async () => {
    const [circle, drawer] = await founder();
    await second(circle);
    const all = [...server.statements];
    server.statements = all.slice(0, 1);
    const later = await open(drawer);
    expect([kind(later), later.statements, server.statements]).toEqual(['member', all, all]);
  });

  test('of whoever is taken off it ends what they say', async () => {
    const [one] = await founder();
    const [two, drawer] = await second(one);
    await two.begin('ignored');
    await one.catchUp();
    await one.dismiss(two.own);
    await two.catchUp();
    expect([kind(two), kind(await open(drawer))]).toEqual(['removed', 'removed']);
    await expect(two.admit(two.own, 'again')).rejects.toThrow('does not belong');
  });
});

describe('a browser that belongs no more', () => {
  test('says nothing in the place of those that do', async () => {
    const [one] = await founder();
    await one.meet('c1', one.own, one.ring!.name);
    const [two] = await second(one);
    await two.refresh('c1');
    await one.dismiss(two.own);
    const said = server.cameras.get('c1')?.introduction;
    server.cameras.set('c1', { ...NOTHING, introduction: null });
    await two.catchUp();
    await two.refresh('c1');
    expect(server.cameras.get('c1')?.introduction).toBeNull();
    await one.refresh('c1');
    expect(server.cameras.get('c1')?.introduction).toBe(said);
  });
});

describe('a browser comes to belong', () => {
  test('by a code that a person carries', async () => {
    const [one] = await founder();
    const [two, drawer] = await second(one);
    expect([kind(two), kind(await open(drawer))]).toEqual(['member', 'member']);
    await one.catchUp();
    expect((await one.members()).map(({ label }) => label)).toEqual(['Chrome, Linux', 'Firefox, Windows']);
  });

  test('also where another device was faster', async () => {
    const [one] = await founder();
    const [two] = await second(one);
    const [, drawer] = await second(two); // `one` has not heard of it
    await one.catchUp();
    const late = await open(drawer, false);
    await second(two);
    await second(late);
    expect(server.statements).toHaveLength(5);
  });

  test('by nothing else: swap of key, ring and welcome', async () => {
    const [one] = await founder();
    const two = await open();
    const asking = await askToJoin(two, server.routes, 'x');
    server.requests[0]!.key = await nameOf(await newPair());
    expect(await whoAsks(server.routes, asking.code)).toBeNull();
    await expect(whoAsks(server.routes, 'no code')).rejects.toThrow('no code');
    server.requests[0]!.key = two.own;
    const evil = await newPair();
    const theirs = await begin(evil, 1);
    const both = await change(evil, await follow([theirs]), [await nameOf(evil), two.own], 2);
    await welcome(one, server.routes, asking.code, server.requests[0]!);
    const ours = server.statements;
    server.statements = [theirs, both];
    await expect(isWelcomed(two, server.routes, asking)).rejects.toThrow('does not have the code');
    server.statements = ours;
    server.requests[0]!.welcome = 'x'.repeat(43);
    await expect(isWelcomed(two, server.routes, asking)).rejects.toThrow('does not have the code');
    expect(kind(two)).toBe('newcomer');
  });

  test('by the recovery code, when all others are gone', async () => {
    const [one] = await founder();
    const paper = drawRecovery(one);
    await admitRecovery(one, paper);
    await admitRecovery(one, paper);
    const alone = await open();
    const now = { label: 'New phone', now: time };
    await restore(alone, server.routes, ` ${paper}\n`, now);
    expect(kind(alone)).toBe('member');
    expect((await alone.members()).map(({ label }) => label)).toEqual([
      'Chrome, Linux',
      'Recovery code',
      'New phone',
    ]);
    const { key } = (await alone.members())[1]!;
    await alone.dismiss(key);
    await expect(restore(await open(), server.routes, paper, now)).rejects.toThrow('does not belong');
    await expect(alone.join(server.statements, one.own)).rejects.toThrow('somebody else');
    const other = paper.replace(/:[^:]+:/, `:${one.own}:`);
    await expect(restore(await open(), server.routes, other, now)).rejects.toThrow('another account');
  });

  test('by no recovery code that nobody has kept', async () => {
    const [one] = await founder();
    const paper = drawRecovery(one);
    expect(await one.members()).toHaveLength(1);
    const now = { label: 'New phone', now: time };
    await expect(restore(await open(), server.routes, paper, now)).rejects.toThrow('does not belong');
  });

  test('sixteen at most, and says so', async () => {
    const [one] = await founder();
    for (let n = 1; n < 16; n++) await one.admit(await nameOf(await newPair()), `Device ${n}`);
    const full = '16 devices belong already: take one off first';
    await expect(second(one)).rejects.toThrow(full);
    expect(() => drawRecovery(one)).toThrow(full);
    expect(await one.members()).toHaveLength(16);
  });
});

const PAIRING = { id: 'p1', server_url: 'https://b.example', token: 't'.repeat(22) };

/** The camera reads the code and activates itself. */
async function activate(x: string, { by = x } = {}): Promise<string> {
  const key = await nameOf(await newPair());
  const proof = await cameraProof(decodeBytes(by), PAIRING.server_url, PAIRING.token, key);
  server.cameras.set('c1', { ...NOTHING, camera_key: key, pairing_proof: proof, protected: true });
  return key;
}

describe('pairing', () => {
  test('is proven both ways, and the other devices of the account hear of it', async () => {
    const [one] = await founder();
    const [two] = await second(one);
    await one.catchUp();
    const x = (await one.drawSecret('c1', PAIRING))!;
    const { name, head } = one.ring!;
    expect(server.owner).toEqual({
      head,
      proof: await ownerProof(decodeBytes(x), PAIRING.server_url, PAIRING.token, name, head),
    });
    const key = await activate(x);
    expect(await one.settle('c1', 'p1')).toBe('proven');
    expect(await one.settle('c1', 'p1')).toBeNull();
    expect(one.credentials('c1')).toMatchObject({
      camera: key,
      chain: [],
      keyring: server.statements,
      ring: name,
    });
    await one.noteOrders('c1', 4);
    await one.noteOrders('c1', 2);
    expect(one.credentials('c1')).toMatchObject({ orders: 4 });
    expect(two.credentials('c1')).toBe('stranger');
    await two.refresh('c1');
    expect(two.credentials('c1')).toMatchObject({ camera: key });
    await one.catchUp();
    await two.dismiss(one.own);
    const [three] = await second(two);
    await three.refresh('c1');
    expect(three.credentials('c1')).toMatchObject({ camera: key });
  });

  test('goes on after the page was loaded anew', async () => {
    const [one, drawer] = await founder();
    const x = (await one.drawSecret('c1', PAIRING))!;
    const key = await activate(x);
    const later = await open(drawer);
    expect(await later.settle('c1', null)).toBe('proven');
    expect(later.cameras.get('c1')?.key).toBe(key);
    expect(JSON.stringify([...drawer.kept.values()])).not.toContain(x);
  });

  test('with a swap of the camera is refuted, and stays so', async () => {
    const [one, drawer] = await founder();
    const x = (await one.drawSecret('c1', PAIRING))!;
    await activate(x, { by: 'A'.repeat(22) });
    expect(await one.settle('c1', 'p1')).toBe('refuted');
    expect(await (await open(drawer)).settle('c1', 'p1')).toBe('refuted');
    expect(one.credentials('c1')).toBe('stranger');
    const { pairing_proof } = (await server.trust('c1'))!;
    await activate(x);
    server.cameras.set('c1', { ...(await server.trust('c1')), pairing_proof });
    expect(await one.settle('c1', 'p1')).toBe('refuted');
  });

  test('by the code of another device of the account is no alarm on this one', async () => {
    const [one, drawer] = await founder();
    const [two] = await second(one);
    await one.catchUp();
    await one.drawSecret('c1', PAIRING);
    const key = await activate((await two.drawSecret('c1', PAIRING))!);
    expect(await two.settle('c1', 'p1')).toBe('proven');
    expect(await one.settle('c1', null)).toBeNull();
    expect(one.credentials('c1')).toMatchObject({ camera: key });
    expect(await (await open(drawer)).settle('c1', null)).toBeNull();
  });

  test('with a secret has to be proven, whatever was believed of the camera before', async () => {
    const [one, drawer] = await founder();
    await one.trustServer('c1');
    expect([one.credentials('c1'), one.believesServer('c1')]).toEqual([null, true]);
    await one.drawSecret('c1', PAIRING);
    server.cameras.set('c1', { ...NOTHING, camera_key: one.own });
    expect(await one.settle('c1', 'p1')).toBe('missing');
    for (const circle of [one, await open(drawer)])
      expect([circle.credentials('c1'), circle.mayTrustServer('c1')]).toEqual(['stranger', true]);
  });

  test('that is refuted ends what was believed of the camera', async () => {
    const [one] = await founder();
    const x = (await one.drawSecret('c1', PAIRING))!;
    await one.trustServer('c1');
    await activate(x, { by: 'A'.repeat(22) });
    server.cameras.set('c1', { ...(await server.trust('c1')), protected: false });
    expect(await one.settle('c1', 'p1')).toBe('refuted');
    expect(one.credentials('c1')).toBe('stranger');
  });

  test('without a proof is no more than it was', async () => {
    const [one] = await founder();
    const x = (await one.drawSecret('c1', PAIRING))!;
    await activate(x);
    server.cameras.set('c1', { ...(await server.trust('c1')), pairing_proof: null });
    expect([await one.settle('c1', 'p1'), await one.settle('c1', 'p2')]).toEqual(['missing', null]);
    expect(one.credentials('c1')).toBe('stranger');
    expect(await (await open()).drawSecret('c1', PAIRING)).toBeNull();
  });
});

describe('swap of a camera', () => {
  test('is not believed of a stranger, of another camera, or of an older word', async () => {
    const [one, drawer] = await founder();
    const stranger = await newPair();
    const [key, other] = [await nameOf(await newPair()), await nameOf(await newPair())];
    await one.meet('c1', key, one.ring!.name);
    const said = { ring: one.ring!.name, id: 'c1', camera: other, owner: one.ring!.name, iat: time + 100 };
    const pair = one.pair!;
    const lies = [
      await sign(stranger, INTRODUCTION, said),
      await sign(pair, INTRODUCTION, { ...said, id: 'c2' }),
      await sign(pair, INTRODUCTION, { ...said, ring: key }),
      await sign(pair, INTRODUCTION, { ...said, iat: 5 }),
      'x',
    ];
    for (const introduction of lies) {
      server.cameras.set('c1', { ...NOTHING, introduction });
      await one.refresh('c1');
      expect(one.cameras.get('c1')?.key).toBe(key);
      expect((await server.trust('c1')).introduction).not.toBe(introduction); // said again
    }
    server.cameras.set('c1', { ...NOTHING, introduction: await sign(pair, INTRODUCTION, said) });
    const later = await open(drawer, false);
    await later.refresh('c1');
    expect(later.cameras.get('c1')?.key).toBe(other);
  });

  test('by another’s, of which a device of ours was told, is asked about', async () => {
    const [one] = await founder();
    const [key, other, theirs] = [await newPair(), await newPair(), await newPair()].map(nameOf);
    const { name } = one.ring!;
    await one.meet('c1', await key!, name);
    const said = { ring: name, id: 'c1', camera: await other!, owner: await theirs!, iat: time + 9 };
    const introduction = await sign(one.pair!, INTRODUCTION, said);
    server.cameras.set('c1', { ...NOTHING, introduction });
    await one.refresh('c1');
    expect([one.cameras.get('c1')?.key, one.isDisputed('c1')]).toEqual([await key!, true]);
    expect((await server.trust('c1')).introduction).toBe(introduction);
    await one.takeDisputed('c1');
    expect([one.cameras.get('c1')?.key, one.isDisputed('c1')]).toEqual([await other!, false]);
    // Of the same key no picture is another's.
    await one.meet('c2', await key!, name);
    const given = { ...said, id: 'c2', camera: await key!, iat: time + 9 };
    server.cameras.set('c2', { ...NOTHING, introduction: await sign(one.pair!, INTRODUCTION, given) });
    await one.refresh('c2');
    expect(one.cameras.get('c2')?.owner).toBe(await theirs!);
  });

  test('by a chain that nobody can read costs no key', async () => {
    const [one, drawer] = await founder();
    const [key, owner] = [await nameOf(await newPair()), await nameOf(await newPair())];
    await one.trustServer('c1');
    await one.meet('c1', key, owner, ['a', 'b']);
    expect(one.believesServer('c1')).toBe(false);
    const { introduction } = await server.trust('c1');
    for (const chain of [['a', 'b', 'c'], null, [5], 'x'] as unknown as string[][]) {
      server.cameras.set('c1', { ...NOTHING, introduction, chain });
      await one.refresh('c1');
      for (const circle of [one, await open(drawer)])
        expect(circle.credentials('c1')).toMatchObject({ camera: key, chain: ['a', 'b'] });
    }
    const [two] = await second(one);
    await two.refresh('c1');
    expect(two.credentials('c1')).toMatchObject({ camera: key, chain: [] });
  });

  test('a guest’s chain follows the server, and gives no belief', async () => {
    const [one] = await founder();
    await one.meet('c1', await nameOf(await newPair()), await nameOf(await newPair()), ['a', 'b']);
    server.cameras.set('c1', { ...(await server.trust('c1')), chain: ['c'] });
    await one.refresh('c1');
    expect(one.credentials('c1')).toMatchObject({ chain: ['c'] });
  });

  test('a protected camera is not tried by a browser that does not belong', async () => {
    await founder();
    server.cameras.set('c1', { ...NOTHING, protected: true });
    const newcomer = await open();
    await newcomer.refresh('c1');
    expect([newcomer.credentials('c1'), newcomer.mayTrustServer('c1')]).toEqual(['stranger', false]);
    await newcomer.trustServer('c1');
    expect(newcomer.credentials('c1')).toBe('stranger');
  });

  test('whose proof the server hides is not watched until a person says so', async () => {
    expect((await open(new Drawer(), false)).credentials('c1')).toBeNull();
    expect((await open()).credentials('c1')).toBeNull();
    const [one, drawer] = await founder();
    expect([one.credentials('c1'), one.mayTrustServer('c1')]).toEqual(['stranger', true]);
    expect((await open()).credentials('c1')).toBe('stranger');
    await one.trustServer('c1');
    expect((await open(drawer)).credentials('c1')).toBeNull();
    await one.meet('c1', one.own, one.ring!.name);
    expect(one.credentials('c1')).toMatchObject({ camera: one.own });
  });
});
