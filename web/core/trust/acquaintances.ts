/**
 * The cameras that this browser knows by their keys: it was there at the pairing, opened the invitation, or another
 * installation of the same account has introduced them. The server only carries these introductions.
 */

import type { Trust } from '../trust-routes';
import { INTRODUCTION, type Introduction } from './introduction';
import type { Keyring } from './keyring';
import { asChain, type Known, type Meeting } from './known';
import type { Key, Seconds } from './members';
import { read, sign } from './statement';

/** The routes that this needs. */
export interface CameraRoutes {
  trust(camera: string): Promise<Trust>;
  introduce(camera: string, statement: string): Promise<void>;
}

export class Acquaintances {
  /** By the cameras' ids. */
  met: ReadonlyMap<string, Meeting> = new Map();
  /** Of which the server says that they believe their owner alone: true or not, nothing else is tried with them. */
  readonly protectedOnes = new Set<string>();

  /** Ids of cameras that have proven nothing, and that a person wants to see all the same. */
  unproven: ReadonlySet<string> = new Set();
  /** Cameras of one's own that are another's now, as one of our ring was told: nobody here has said so yet. */
  readonly disputed = new Map<string, Meeting>();

  constructor(
    private readonly account: string,
    private readonly pair: CryptoKeyPair,
    private readonly known: Known,
    private readonly routes: CameraRoutes,
    private readonly now: () => Seconds,
  ) {}

  async recall(): Promise<void> {
    this.met = await this.known.cameras(this.account);
    this.unproven = await this.known.unproven(this.account);
  }

  async believeServer(camera: string): Promise<void> {
    if (this.met.has(camera)) return;
    await this.known.believeServer(this.account, camera);
    this.unproven = await this.known.unproven(this.account);
  }

  async doubtServer(camera: string): Promise<void> {
    await this.known.doubtServer(this.account, camera);
    this.unproven = await this.known.unproven(this.account);
  }

  /** Keeps the key of a camera which this browser has a proof of, and tells the others of the account. */
  async meet(
    camera: string,
    key: Key,
    owner: Key,
    ring: Keyring,
    chain: readonly string[] = [],
  ): Promise<void> {
    const iat = Math.max(this.now(), (this.met.get(camera)?.iat ?? 0) + 1);
    await this.learn(camera, { key, owner, iat, chain, orders: -1 });
    await this.introduce(camera, ring);
  }

  /**
   * Asks the server about a camera, and believes what an installation of our ring says. `belongs`: this browser is one, and
   * says again what it knows better. Throws `Untrue`, `Problem`.
   */
  async refresh(camera: string, ring: Keyring | null, belongs: boolean): Promise<Trust> {
    const trust = await this.routes.trust(camera);
    if (trust.protected) this.protectedOnes.add(camera);
    else this.protectedOnes.delete(camera);
    if (!ring) return trust;
    const said = await introductionIn(trust, camera, ring);
    const known = this.met.get(camera);
    const chain = asChain(trust.chain) ?? known?.chain ?? [];
    if (said && said.iat > (known?.iat ?? -1)) {
      const { camera: key, owner, iat } = said;
      const news = { key, owner, iat, chain, orders: -1 };
      if (known && isTakenFrom(known, news, ring)) this.disputed.set(camera, news);
      else await this.learn(camera, news);
    } else if (known) {
      if (String(chain) !== String(known.chain)) await this.learn(camera, { ...known, chain });
      if (belongs && (!said || said.iat < known.iat)) await this.introduce(camera, ring);
    }
    return trust;
  }

  /** A person says that it is another's now. */
  async takeDisputed(camera: string): Promise<void> {
    const news = this.disputed.get(camera);
    if (news) await this.learn(camera, news);
  }

  /** Says again what this browser knows: whoever said it before has been taken off the ring. */
  async introduceAll(ring: Keyring): Promise<void> {
    for (const camera of this.met.keys()) await this.introduce(camera, ring).catch(() => undefined);
  }

  async noteOrders(camera: string, orders: number): Promise<void> {
    const known = this.met.get(camera);
    if (known && orders > known.orders) await this.learn(camera, { ...known, orders });
  }

  private async learn(camera: string, meeting: Meeting): Promise<void> {
    await this.known.learnCamera(this.account, camera, meeting);
    this.met = await this.known.cameras(this.account);
    this.disputed.delete(camera);
    if (this.unproven.has(camera)) await this.doubtServer(camera);
  }

  private async introduce(id: string, ring: Keyring): Promise<void> {
    const known = this.met.get(id);
    if (!known) return;
    const what = { ring: ring.name, id, camera: known.key, owner: known.owner, iat: known.iat };
    await this.routes.introduce(id, await sign(this.pair, INTRODUCTION, what));
  }
}

/**
 * Whether a camera of ours would be another's of another key: whoever opened an invitation did not know ours, and the id is
 * the server's word.
 */
const isTakenFrom = (known: Meeting, news: Meeting, { name }: Keyring): boolean =>
  known.owner === name && news.owner !== name && news.key !== known.key;

/** Null where there is none of our ring: the server could have put anything there. */
async function introductionIn(trust: Trust, id: string, ring: Keyring): Promise<Introduction | null> {
  if (!trust.introduction) return null;
  try {
    const { by, what } = await read(trust.introduction, INTRODUCTION);
    return ring.keys.has(by) && what.ring === ring.name && what.id === id ? what : null;
  } catch {
    return null;
  }
}
