import { beforeAll, describe, expect, test } from 'vitest';
import { encodeBytes } from '../core/trust/bytes';
import { rights } from '../core/trust/grant';
import { give, nextSerial, readGiven, type Owner } from '../core/trust/giving';
import { begin, follow } from '../core/trust/keyring';
import { linkKeys, linkProof, makeLinkSeed, readLinkSeed } from '../core/trust/link';
import { NO_ORDERS } from '../core/trust/orders';
import { accept, Ended, readOffer, secretOf, type SignedOffer } from '../core/trust/receiving';
import { digest, nameOf } from '../core/trust/statement';
import { changeFor, isNews } from '../core/trust/wish';
import { newPair } from './trust-people';

const NOW = 1_800_000_000;
const LIVE = { scopes: ['live'] as const, until: null };
let camera: string;

beforeAll(async () => {
  camera = await nameOf(await newPair());
});

async function person(): Promise<Owner & { statements: string[] }> {
  const pair = await newPair();
  const statements = [await begin(pair, NOW)];
  return { pair, camera, statements, ring: await follow(statements) };
}

/** A link as the owner's browser makes it, and what the server shows of it. */
async function invited(owner: Owner & { statements: string[] }): Promise<[string, SignedOffer]> {
  const seed = encodeBytes(makeLinkSeed());
  const { pair } = await linkKeys(readLinkSeed(seed));
  const grant = await give(owner, { link: await nameOf(pair) }, LIVE, 7, NOW * 1000);
  const proof = await linkProof(readLinkSeed(seed), camera, owner.ring.name, await digest(grant));
  return [seed, { camera_key: camera, owner_keyring: owner.statements, grant, link_proof: proof }];
}

describe('a signed link', () => {
  test('lets whoever holds it in, and the camera agrees', async () => {
    const [owner, guest] = [await person(), await person()];
    const [seed, offer] = await invited(owner);
    const found = await readOffer(seed, offer, NOW);
    expect([found.camera, found.owner]).toEqual([camera, owner.ring.name]);
    const chain = [offer.grant, await accept(seed, found, guest.ring.name, NOW)];
    const of = { camera, owner: owner.ring, orders: NO_ORDERS, viewer: guest.ring, now: NOW };
    expect([...(await rights(chain, of)).scopes]).toEqual(['live']);
    expect(await readGiven(chain, owner)).toMatchObject({ serial: 7, to: guest.ring.name, until: null });
    expect((await readGiven([offer.grant], owner)).to).toBeNull();
  });

  test('shows the server neither its seed nor its key', async () => {
    const [seed, offer] = await invited(await person());
    expect(await secretOf(seed)).not.toBe(seed);
    expect(JSON.stringify(offer)).not.toContain(seed);
  });

  test('swapped by the server is found out', async () => {
    const [owner, server] = [await person(), await person()];
    const [seed, offer] = await invited(owner);
    const [other, own] = await invited(server);
    const lies: SignedOffer[] = [
      { ...offer, camera_key: await nameOf(await newPair()) },
      { ...offer, owner_keyring: server.statements },
      { ...offer, grant: own.grant },
      { ...offer, link_proof: own.link_proof },
      own,
    ];
    for (const lie of lies) await expect(readOffer(seed, lie, NOW)).rejects.toThrow('something else');
    await expect(readOffer(other, offer, NOW)).rejects.toThrow('something else');
    await expect(readOffer('c2hvcnQ', offer, NOW)).rejects.toThrow('16 bytes');
  });

  test('that was signed by a device which has left gives nothing', async () => {
    const [owner, thief] = [await person(), await newPair()];
    const [seed, offer] = await invited({ ...owner, pair: thief });
    await expect(readOffer(seed, offer, NOW)).rejects.toThrow('no longer belongs');
  });

  test('ends with what it gives', async () => {
    const owner = await person();
    const seed = encodeBytes(makeLinkSeed());
    const link = await nameOf((await linkKeys(readLinkSeed(seed))).pair);
    const grant = await give(owner, { link }, { ...LIVE, until: NOW + 60 }, 7, NOW * 1000);
    const link_proof = await linkProof(readLinkSeed(seed), camera, owner.ring.name, await digest(grant));
    const offer = { camera_key: camera, owner_keyring: owner.statements, grant, link_proof };
    await readOffer(seed, offer, NOW + 59);
    const late = readOffer(seed, offer, NOW + 60);
    await expect(late).rejects.toThrow(Ended);
    await expect(late).rejects.toMatchObject({ until: NOW + 60 });
  });
});

describe('whom a signed grant is for', () => {
  test('is not what the server says', async () => {
    const [owner, guest, server] = [await person(), await person(), await person()];
    const [seed, offer] = await invited(owner);
    const found = await readOffer(seed, offer, NOW);
    const good = await accept(seed, found, guest.ring.name, NOW);
    const [theirs, own] = await invited(server);
    const forged = await accept(theirs, await readOffer(theirs, own, NOW), server.ring.name, NOW);
    await expect(readGiven([offer.grant, forged], owner)).rejects.toThrow('did not have its link');
    await expect(readGiven([own.grant, forged], owner)).rejects.toThrow('does not belong to you');
    await expect(readGiven([], owner)).rejects.toThrow('nothing was signed');
    await expect(readGiven([offer.grant, good, good], owner)).rejects.toThrow('nothing was signed');
    await expect(readGiven([offer.grant, good], { ...owner, camera: server.ring.name })).rejects.toThrow(
      'another camera',
    );
    const direct = await give(owner, { ring: guest.ring.name }, LIVE, 8, NOW * 1000);
    expect(await readGiven([direct], owner)).toMatchObject({ serial: 8, to: guest.ring.name });
    await expect(readGiven([direct, good], owner)).rejects.toThrow('by name');
  });
});

test('serial numbers grow, whatever the clock says', () => {
  expect(nextSerial([], 1_000.7)).toBe(1_000);
  expect(nextSerial([5, 999], 1_000)).toBe(1_000);
  expect(nextSerial([5, 2_000], 1_000)).toBe(2_001);
});

describe('what orders change', () => {
  const known = { ...NO_ORDERS, n: 3, floor: 10, serials: new Set([12, 15]) };

  test('nothing where it holds already', () => {
    expect(isNews(known, { revoke: [9, 12], standard: false })).toBe(false);
    expect(isNews(known, { revoke: [13] })).toBe(true);
    expect(isNews(known, { standard: true })).toBe(true);
  });

  test('names what is revoked, and keeps what was', () => {
    expect(changeFor(known, { revoke: [13] }, [20])).toEqual({ revoke: [12, 15, 13] });
  });

  const many = (from: number, count: number): number[] => Array.from({ length: count }, (_, at) => from + at);

  test('ends all that is older than whatever goes on, where there is no more room', () => {
    const full = { ...known, serials: new Set(many(100, 64)) };
    expect(changeFor(full, { revoke: [164] }, [130, 164, 500]).floor).toBe(500);
    expect(changeFor(full, { revoke: [164] }, []).floor).toBe(165);
    expect(() => changeFor(full, { revoke: [164] }, [50])).toThrow('full');
  });
});
