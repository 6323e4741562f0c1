/** An owner's browser against a server that keeps what it is told, or does not. */

import { beforeEach, describe, expect, test } from 'vitest';
import { Problem, Unreachable } from '../core/api';
import type { Grant, OpenInvitation, Sharing, SignedLink, Terms } from '../core/sharing';
import type { Cupboard } from '../core/trust/cupboard';
import { rights } from '../core/trust/grant';
import type { Owner } from '../core/trust/giving';
import { begin, change, follow, type Keyring } from '../core/trust/keyring';
import { NO_ORDERS, nextOrders, readOrders, type KnownOrders } from '../core/trust/orders';
import { everOn } from '../core/trust/orders-book';
import { Ownership } from '../core/trust/ownership';
import { RECEIPT } from '../core/trust/receipt';
import { accept, readOffer } from '../core/trust/receiving';
import { nameOf, sign } from '../core/trust/statement';
import { Drawer } from './drawer';
import { newPair } from './trust-people';

const NOW = 1_800_000_000;
const APP = 'https://belvedere.example/';
const FOREVER: Terms = { scopes: ['live'], until: null };

/** Has what a server has, and a camera that obeys. */
class Place {
  orders: string | null = null;
  receipt: string | null = null;
  grants: Grant[] = [];
  invitations: OpenInvitation[] = [];
  seed = '';
  /** Orders that others give before ours arrive. */
  meanwhile: string[] = [];
  /** What fails once. */
  failing: 'order' | 'change' | null = null;
  camera = '';
  cameraPair!: CryptoKeyPair;
  ring!: Keyring;
  statements: string[] = [];
  heard: KnownOrders = NO_ORDERS;
  reachable = true;
  private link: SignedLink | null = null;

  readonly trust = {
    trust: () => Promise.resolve({ orders: this.orders, receipt: this.receipt }),
    order: async (_: string, statement: string): Promise<void> => {
      this.fail('order');
      const others = this.meanwhile.shift();
      if (others) this.orders = others;
      if (others || statement === this.orders) throw new Problem(409, 'orders_moved', '');
      this.orders = statement;
      if (this.reachable) await this.deliver();
    },
  };

  private fail(what: 'order' | 'change'): void {
    if (this.failing !== what) return;
    this.failing = null;
    throw new Unreachable();
  }

  async deliver(): Promise<void> {
    this.heard = await readOrders(this.orders!, this.camera, this.ring, this.heard);
    const { digest, n } = this.heard;
    this.receipt = await sign(this.cameraPair, RECEIPT, {
      orders: digest,
      n,
      head: this.ring.head,
      iat: NOW,
    });
  }

  sharing = (): Promise<Sharing> => Promise.resolve({ grants: this.grants, invitations: this.invitations });

  share = (_: string, terms: Terms, signed: SignedLink) => {
    this.link = signed;
    const row = { grant_expires_at: terms.until, expires_at: '', created_at: '', history_since: null };
    this.invitations.push({ id: 'i1', scopes: terms.scopes, grant: signed.grant, ...row });
    return Promise.resolve({ id: 'i1', link: 'https://server.example/?to=', expires_at: '' });
  };

  changeGrant = async (id: string, { grant }: { grant?: string }) => {
    await Promise.resolve();
    this.fail('change');
    const row = this.grants.find((one) => one.id === id)!;
    row.chain = [grant!];
    return row;
  };

  endGrant = (id: string): Promise<void> => {
    this.grants = this.grants.filter((one) => one.id !== id);
    return Promise.resolve();
  };

  withdraw = (): Promise<void> => {
    this.invitations = [];
    return Promise.resolve();
  };

  async accept(seed: string, ring: Keyring): Promise<string[]> {
    const { grant, link_proof } = this.link!;
    const offer = { camera_key: this.camera, owner_keyring: this.statements, grant, link_proof };
    const chain = [grant, await accept(seed, await readOffer(seed, offer, NOW), ring.name, NOW)];
    const row = { email: 'guest@example.org', scopes: ['live' as const], history_since: null };
    this.grants.push({ id: 'g1', ...row, expires_at: null, created_at: '', chain });
    this.invitations = [];
    return chain;
  }
}

let place: Place;
let pair: CryptoKeyPair;
let guest: Keyring;
let drawer: Drawer;
let noted = -1;
let clock = NOW * 1000;

async function alone(): Promise<[CryptoKeyPair, string[], Keyring]> {
  const own = await newPair();
  const statements = [await begin(own, NOW)];
  return [own, statements, await follow(statements)];
}

beforeEach(async () => {
  place = new Place();
  drawer = new Drawer();
  place.cameraPair = await newPair();
  place.camera = await nameOf(place.cameraPair);
  [pair, place.statements, place.ring] = await alone();
  [, , guest] = await alone();
});

async function ownership(by: CryptoKeyPair = pair, kept: Cupboard = drawer): Promise<Ownership> {
  const owner: Owner = { pair: by, ring: place.ring, camera: place.camera };
  const subject = { ...owner, id: 'c1', everOn: await everOn(place.statements) };
  const note = (n: number): Promise<void> => {
    noted = n;
    return Promise.resolve();
  };
  return new Ownership(place as never, kept, owner, subject, note, () => clock++);
}

async function invite(own: Ownership): Promise<string[]> {
  const { link } = await own.share(FOREVER, APP);
  return place.accept(link.split('/').at(-1)!, guest);
}

const allowed = (chain: string[]): Promise<unknown> =>
  rights(chain, { camera: place.camera, owner: place.ring, orders: place.heard, viewer: guest, now: NOW });

describe('signed sharing', () => {
  test('makes a link to the app of whoever gives it, whose seed the server does not get', async () => {
    const own = await ownership();
    const { link } = await own.share(FOREVER, APP);
    expect(link).toMatch(/^https:\/\/belvedere\.example\/#\/accept\/signed\/[A-Za-z0-9_-]{22}$/);
    expect(JSON.stringify(place.invitations)).not.toContain(link.split('/').at(-1));
    await allowed(await place.accept(link.split('/').at(-1)!, guest));
  });

  test('taken back is refused by the camera, which says that it knows', async () => {
    const own = await ownership();
    const chain = await invite(own);
    expect(await own.standing()).toEqual({ standard: false, obeyed: null });
    place.reachable = false;
    await own.end(place.grants[0]!);
    expect(place.grants).toEqual([]);
    expect(await own.standing()).toEqual({ standard: false, obeyed: false });
    await allowed(chain);
    await place.deliver();
    await expect(allowed(chain)).rejects.toThrow('revoked');
    expect(await own.standing()).toEqual({ standard: false, obeyed: true });
  });

  test('a link that was withdrawn lets nobody in, also where the server would', async () => {
    const own = await ownership();
    const { link } = await own.share(FOREVER, APP);
    const open = place.invitations[0]!;
    await own.withdraw(open);
    await expect(place.accept(link.split('/').at(-1)!, guest).then(allowed)).rejects.toThrow('revoked');
  });

  test('changed is signed anew, and the old word counts no more', async () => {
    const own = await ownership();
    const before = await invite(own);
    await own.change(place.grants[0]!, { scopes: ['live', 'manage'] });
    await expect(allowed(before)).rejects.toThrow('revoked');
    await allowed(place.grants[0]!.chain);
    await own.change(place.grants[0]!, {
      scopes: ['live'],
      until: new Date((NOW + 60) * 1000).toISOString(),
    });
    const given = await own.given(await place.sharing());
    expect(given.get('g1')).toMatchObject({ until: NOW + 60, scopes: ['live'] });
  });

  test('is never made out to a ring that the server names', async () => {
    const own = await ownership();
    await invite(own);
    const [, , servers] = await alone();
    place.grants[0]!.chain = [place.grants[0]!.chain[0]!];
    await expect(own.change(place.grants[0]!, FOREVER)).rejects.toMatchObject({ reason: 'unaccepted' });
    place.grants[0]!.chain = [];
    await expect(
      own.change({ ...place.grants[0]!, ring: servers.name } as Grant, FOREVER),
    ).rejects.toMatchObject({
      reason: 'unaccepted',
    });
  });

  test('tells what nobody has signed, and what counts no more', async () => {
    const own = await ownership();
    await invite(own);
    const [first] = place.grants;
    const thief = await (
      await ownership(await newPair())
    )
      .share(FOREVER, APP)
      .then(() => place.invitations[0]!.grant!);
    place.grants = [
      { ...first!, id: 'old', chain: [] },
      { ...first!, id: 'theirs', chain: [thief] },
    ];
    place.invitations = [];
    const given = await own.given(await place.sharing());
    expect([given.get('old'), given.get('theirs')]).toEqual(['unsigned', 'void']);
  });
});

describe('what a server hides of a guest', () => {
  const manage: Terms = { scopes: ['live', 'manage'], until: null };
  const seedOf = ({ link }: { link: string }): string => link.split('/').at(-1)!;

  /** Somebody else, who goes on whatever becomes of the guest. */
  async function another(own: Ownership): Promise<[string[], Keyring]> {
    const [, , ring] = await alone();
    const chain = await place.accept(seedOf(await own.share(FOREVER, APP)), ring);
    place.grants.at(-1)!.id = 'other';
    return [chain, ring];
  }

  const goesOn = ([chain, viewer]: [string[], Keyring]): Promise<unknown> =>
    rights(chain, { camera: place.camera, owner: place.ring, orders: place.heard, viewer, now: NOW });

  test('ends with him: the newer right, where an old one is listed', async () => {
    const own = await ownership();
    const former = await invite(own);
    const other = await another(own);
    await own.change(place.grants[0]!, manage);
    const newer = place.grants[0]!.chain;
    await allowed(newer);
    place.grants[0]!.chain = former;
    expect((await own.given(await place.sharing())).get('g1')).toBe('past');
    await own.end(place.grants[0]!);
    await expect(allowed(newer)).rejects.toThrow('revoked');
    await goesOn(other);
  });

  test('ends with him: what another device gave, once this one has seen it', async () => {
    const own = await ownership();
    const former = await invite(own);
    await (await ownership(pair, new Drawer())).change(place.grants[0]!, manage);
    const newer = place.grants[0]!.chain;
    await own.given(await place.sharing());
    place.grants[0]!.chain = former;
    await own.end(place.grants[0]!);
    await expect(allowed(newer)).rejects.toThrow('revoked');
  });

  test('ends with him: what is listed under another name, or as a link that nobody used', async () => {
    const own = await ownership();
    const former = await invite(own);
    const other = await another(own);
    await own.change(place.grants[0]!, manage);
    const newer = place.grants[0]!.chain;
    place.grants[0]!.chain = former;
    place.grants.push({ ...place.grants[0]!, id: 'alias', chain: newer });
    await own.end(place.grants[0]!);
    await expect(allowed(newer)).rejects.toThrow('revoked');
    await goesOn(other);

    const again = await place.accept(seedOf(await own.share(FOREVER, APP)), guest);
    await own.given(await place.sharing());
    const open = place.invitations;
    const row = place.grants.find(({ chain }) => chain === again)!;
    await own.change(row, manage);
    const last = row.chain;
    const link = { scopes: [], grant_expires_at: null, expires_at: '', created_at: '', history_since: null };
    place.invitations = [...open, { id: 'i9', grant: last[0]!, ...link }];
    row.chain = again;
    await own.end(row);
    await expect(allowed(last)).rejects.toThrow('revoked');
    await goesOn(other);
  });

  test('is as wide as it was where orders fail, and saved again it is as narrow as was said', async () => {
    const own = await ownership();
    const wide = await invite(own);
    place.failing = 'order';
    await expect(own.change(place.grants[0]!, FOREVER)).rejects.toThrow(Unreachable);
    expect(place.grants[0]!.chain).toBe(wide);
    await own.change(place.grants[0]!, FOREVER);
    await expect(allowed(wide)).rejects.toThrow('revoked');
    await allowed(place.grants[0]!.chain);
  });

  test('is nothing where the server fails after the orders, until it is saved again', async () => {
    const own = await ownership();
    const wide = await invite(own);
    place.failing = 'change';
    await expect(own.change(place.grants[0]!, FOREVER)).rejects.toThrow(Unreachable);
    await expect(allowed(wide)).rejects.toThrow('revoked');
    expect((await own.given(await place.sharing())).get('g1')).toBe('past');
    await own.change(place.grants[0]!, FOREVER);
    await allowed(place.grants[0]!.chain);
  });

  test('ends with his link: the server shows another one in its place', async () => {
    const own = await ownership();
    await own.share(FOREVER, APP);
    const old = place.invitations[0]!.grant;
    await own.withdraw(place.invitations[0]!);
    const seed = seedOf(await own.share(FOREVER, APP));
    const chain = await place.accept(seed, guest);
    place.grants = [];
    const link = { scopes: [], grant_expires_at: null, expires_at: '', created_at: '', history_since: null };
    place.invitations = [{ id: 'i1', grant: old, ...link }];
    await own.withdraw(place.invitations[0]!);
    await expect(allowed(chain)).rejects.toThrow('revoked');
  });

  test('is told as well, and ends where he is listed no more', async () => {
    const own = await ownership();
    const chain = await invite(own);
    const other = await another(own);
    expect(await own.unlisted(await place.sharing())).toBe(0);
    place.grants.shift();
    expect(await own.unlisted(await place.sharing())).toBe(1);
    await own.endUnlisted();
    await expect(allowed(chain)).rejects.toThrow('revoked');
    await goesOn(other);
    expect(await own.unlisted(await place.sharing())).toBe(0);
  });

  test('is not named where it has ended by itself', async () => {
    const own = await ownership();
    const until = new Date((NOW - 100_000) * 1000).toISOString();
    await own.share({ scopes: ['live'], until }, APP);
    place.invitations = [];
    await invite(own);
    await own.end(place.grants[0]!);
    expect(place.heard.serials.size).toBe(1);
  });
});

describe('signed orders', () => {
  test('go on from what another installation has said in the meantime', async () => {
    const own = await ownership();
    await own.allowStandard(true);
    const other = await ownership(pair, new Drawer());
    await invite(own);
    const later = place.orders!;
    await other.end(place.grants[0]!);
    place.meanwhile = [place.orders!];
    place.orders = later;
    await own.allowStandard(false);
    expect(place.heard.standard).toBe(false);
    expect([place.heard.n, noted]).toEqual([2, 2]);
  });

  test('that the server has lost are said again', async () => {
    const own = await ownership();
    await own.allowStandard(true);
    const said = place.orders;
    place.orders = null;
    await own.standing();
    expect(place.orders).toBe(said);
  });

  test('are not forgotten because the server shows older ones', async () => {
    const own = await ownership();
    const chain = await invite(own);
    await own.allowStandard(true);
    const older = place.orders;
    await own.end(place.grants[0]!);
    place.orders = older;
    await own.allowStandard(false);
    await place.deliver();
    await expect(allowed(chain)).rejects.toThrow('revoked');
  });

  test('are not confirmed by an old receipt, or by that of another camera', async () => {
    const own = await ownership();
    await own.allowStandard(true);
    const old = place.receipt;
    place.reachable = false;
    await own.allowStandard(false);
    expect(place.receipt).toBe(old);
    expect((await own.standing()).obeyed).toBe(false);
    const what = { orders: place.heard.digest, n: 1, head: place.ring.head, iat: NOW };
    place.receipt = await sign(await newPair(), RECEIPT, what);
    expect((await own.standing()).obeyed).toBe(false);
    await place.deliver();
    expect((await own.standing()).obeyed).toBe(true);
  });

  test('of a device that was taken off are given again, without its permission', async () => {
    const [second] = await alone();
    const added = await change(pair, place.ring, [await nameOf(pair), await nameOf(second)], NOW);
    place.statements.push(added);
    place.ring = await follow(place.statements);
    const theirs = await ownership(second, new Drawer());
    const chain = await invite(theirs);
    await theirs.end(place.grants[0]!);
    await theirs.allowStandard(true);
    place.statements.push(await change(pair, place.ring, [await nameOf(pair)], NOW));
    place.ring = await follow(place.statements);
    expect(await (await ownership()).standing()).toEqual({ standard: false, obeyed: true });
    expect(place.heard.serials.size).toBe(1);
    await expect(allowed(chain)).rejects.toThrow();
  });

  test('of a device that was taken off count for nothing where the camera has not taken them', async () => {
    const own = await ownership();
    await own.allowStandard(true);
    const [thief] = await alone();
    place.statements.push(await change(pair, place.ring, [await nameOf(pair), await nameOf(thief)], NOW));
    place.statements.push(await change(pair, await follow(place.statements), [await nameOf(pair)], NOW));
    place.ring = await follow(place.statements);
    const known = { ...place.heard, n: place.heard.n + 5 };
    const theirs = { ...place.ring, keys: new Set([await nameOf(thief)]) };
    place.orders = await nextOrders(thief, place.camera, theirs, known, { floor: NOW * 2000 });
    expect((await (await ownership()).standing()).obeyed).toBe(true);
    expect(place.heard.floor).toBe(0);
  });

  test('of a device that is to be taken off are given again by this one', async () => {
    const [second] = await alone();
    place.statements.push(await change(pair, place.ring, [await nameOf(pair), await nameOf(second)], NOW));
    place.ring = await follow(place.statements);
    await (await ownership(second, new Drawer())).allowStandard(true);
    const own = await ownership();
    await own.renew(await nameOf(pair));
    expect(place.heard).toMatchObject({ n: 0, standard: true });
    await own.renew(await nameOf(second));
    expect(place.heard).toMatchObject({ n: 1, standard: false });
  });

  test('go on above those that the camera knows and the server has forgotten', async () => {
    const chain = await invite(await ownership());
    await (await ownership()).allowStandard(true);
    await (await ownership()).end(place.grants[0]!);
    place.orders = null;
    const elsewhere = await ownership(pair, new Drawer());
    expect(await elsewhere.standing()).toEqual({ standard: false, obeyed: true });
    expect(place.heard).toMatchObject({ n: 2, standard: false });
    await expect(allowed(chain)).rejects.toThrow('revoked');
    await allowed(await invite(elsewhere));
  });
});
