/**
 * What this browser knows by itself, so that no server can tell it otherwise: the key of each camera, of each account the
 * keyring as far as it was followed, and which codes of ours no camera has answered yet. A camera's key is replaced by
 * pairing alone, done here or told by another installation of the account, later.
 */

import type { Cupboard } from './cupboard';
import { MAX_KEYS, MAX_STATEMENTS, type Keyring } from './keyring';
import { keyAt, keysAt, numberAt, textsAt, wholeAt, type Key, type Members, type Seconds } from './members';
import type { Expectation } from './pairing';
import { MAX_STATEMENT_CHARS } from './statement';
import { Untrue } from './untrue';

/** Of an account: two people of one browser do not vouch for each other's cameras. */
const camerasName = (account: string): string => `cameras ${account}`;
const unprovenName = (account: string): string => `unproven ${account}`;
const ringName = (account: string): string => `ring ${account}`;
const begunName = (account: string): string => `begun ${account}`;
/** What stands under such a name nobody but this browser vouches for. */
const KEYED = /^(?:ring|cameras) /;
const BELIEVED = 'believed';
const pairingName = (camera: string): string => `pairing ${camera}`;

/**
 * `owner`: name of the keyring that the camera obeys. `iat`: when an installation of ours said so. `chain`: what shows a
 * guest's right to the camera, as the server had it last; nothing is believed because of it. `orders`: number of the
 * newest that this browser has seen for a camera of its own, -1 for none.
 */
export interface Meeting {
  key: Key;
  owner: Key;
  iat: Seconds;
  chain: readonly string[];
  orders: number;
}

/** A keyring with the texts that make it: the camera is shown them. */
export interface Followed {
  ring: Keyring;
  statements: readonly string[];
}

/** A code that this browser has drawn. `pairing`: its id at the server. */
export interface Awaited {
  pairing: string;
  expectation: Expectation;
}

export class Known {
  constructor(private readonly cupboard: Cupboard) {}

  /** All cameras that this browser has met in the name of an account, by their ids at the server. */
  async cameras(account: string): Promise<Map<string, Meeting>> {
    return asMeetings(await this.cupboard.get(camerasName(account)));
  }

  /**
   * Throws `Untrue` where another key is known for it, and no later word says so, and where it could not be read again. What
   * grows here an own key has signed, but for the chain.
   */
  async learnCamera(account: string, camera: string, meeting: Meeting): Promise<void> {
    if (!asChain(meeting.chain)) throw new Untrue('this is no chain of a right');
    const stands = await this.cupboard.change(camerasName(account), (standing) => {
      const all = asMeetings(standing);
      const known = all.get(camera);
      const same = known?.key === meeting.key && known.owner === meeting.owner;
      if (known && !same && meeting.iat <= known.iat) return standing;
      const orders = same ? Math.max(meeting.orders, known.orders) : meeting.orders;
      return all.set(camera, { ...meeting, orders, iat: Math.max(meeting.iat, known?.iat ?? 0) });
    });
    const kept = asMeetings(stands).get(camera);
    if (kept?.key !== meeting.key || kept.owner !== meeting.owner) {
      throw new Untrue('this browser knows another key for this camera');
    }
  }

  /** The keyring of an account, or null: to begin `follow` with. */
  async ring(account: string): Promise<Followed | null> {
    return asFollowed(await this.cupboard.get(ringName(account)));
  }

  /** Throws `Untrue` where another ring, or a newer end of this one, is known. A new ring begins only by `begunAnew`. */
  async learnRing(account: string, { ring, statements }: Followed, begunAnew = false): Promise<void> {
    const stands = await this.cupboard.change(ringName(account), (standing) => {
      const known = begunAnew ? null : (asFollowed(standing)?.ring ?? null);
      const isNews = known === null || (known.name === ring.name && known.n < ring.n);
      return isNews ? { ...ring, keys: [...ring.keys], statements: [...statements] } : standing;
    });
    const kept = asFollowed(stands)?.ring;
    if (kept?.name !== ring.name || kept.head !== ring.head) {
      throw new Untrue('this browser knows another keyring of this account');
    }
  }

  /** Ids of cameras without a proof, about which a person has said here that the server is to be believed. */
  async unproven(account: string): Promise<Set<string>> {
    return asIds(await this.cupboard.get(unprovenName(account)));
  }

  async believeServer(account: string, camera: string): Promise<void> {
    await this.cupboard.change(unprovenName(account), (standing) => asIds(standing).add(camera));
  }

  async doubtServer(account: string, camera: string): Promise<void> {
    await this.cupboard.change(unprovenName(account), (standing) => {
      const all = asIds(standing);
      return all.delete(camera) ? all : standing;
    });
  }

  /** Digests of the first statements that this browser has signed for an account, whether they arrived or not. */
  async begun(account: string): Promise<Set<string>> {
    return asIds(await this.cupboard.get(begunName(account)));
  }

  async noteBegun(account: string, first: Key): Promise<void> {
    await this.cupboard.change(begunName(account), (standing) => asIds(standing).add(first));
  }

  /**
   * Whether this browser has keys, and none of this account: the server names the account, and could name one that it has
   * made up. A person's word for it holds until an account with keys is opened here. `isMarked`: keys were here.
   */
  async isElsewhere(account: string, isMarked: boolean): Promise<boolean> {
    const believed = await this.cupboard.get(BELIEVED);
    if (await this.ring(account)) {
      if (believed) await this.believeAccount(null);
      return false;
    }
    const isKeyed = isMarked || (await this.cupboard.names()).some((name) => KEYED.test(name));
    return isKeyed && believed !== account;
  }

  async believeAccount(account: string | null): Promise<void> {
    await this.cupboard.change(BELIEVED, () => account);
  }

  async awaited(camera: string): Promise<Awaited | null> {
    const { pairing, expectation } = ((await this.cupboard.get(pairingName(camera))) ??
      {}) as Partial<Awaited>;
    const isKept = typeof pairing === 'string' && expectation?.key instanceof CryptoKey;
    return isKept ? { pairing, expectation } : null;
  }

  /** Null: it was answered. */
  async expect(camera: string, awaited: Awaited | null): Promise<void> {
    await this.cupboard.change(pairingName(camera), () => awaited);
  }
}

function asMeetings(value: unknown): Map<string, Meeting> {
  const all = new Map<string, Meeting>();
  for (const [camera, one] of value instanceof Map ? (value as Map<string, unknown>) : []) {
    const meeting = readable(one, (of) => ({
      key: keyAt(of, 'key'),
      owner: keyAt(of, 'owner'),
      iat: wholeAt(of, 'iat'),
      chain: asChain(of.get('chain')) ?? [],
      orders: numberAt(of, 'orders', -1),
    }));
    if (meeting) all.set(camera, meeting);
  }
  return all;
}

/** What shows a right, as the server has it; null where it is nothing that could. */
export const asChain = (value: unknown): string[] | null =>
  readable({ value }, (of) => {
    const texts = textsAt(of, 'value', 2);
    if (texts.some(({ length }) => length > MAX_STATEMENT_CHARS)) throw new Untrue('this is no statement');
    return texts;
  });

const asIds = (value: unknown): Set<string> =>
  new Set(value instanceof Set ? [...(value as Set<unknown>)].filter((id) => typeof id === 'string') : []);

const asFollowed = (value: unknown): Followed | null =>
  readable(value, (of) => ({
    ring: {
      name: keyAt(of, 'name'),
      n: wholeAt(of, 'n'),
      head: keyAt(of, 'head'),
      keys: new Set(keysAt(of, 'keys', 1, MAX_KEYS)),
    },
    statements: textsAt(of, 'statements', MAX_STATEMENTS),
  }));

/** What somebody else has put there is as good as nothing. */
function readable<T>(value: unknown, read: (of: Members) => T): T | null {
  try {
    return read(new Map(Object.entries((value ?? {}) as object)));
  } catch {
    return null;
  }
}
