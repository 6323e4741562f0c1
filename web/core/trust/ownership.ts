/**
 * What an owner's browser does about one camera of its account that knows its owner: it signs, keeps what it signed, and
 * has the server carry it. Whether the camera obeys is the camera's to say, by its receipt.
 */

import { Problem, type Api } from '../api';
import type { Grant as ListedGrant, MadeInvitation, OpenInvitation, Sharing, Terms } from '../sharing';
import { encodeBytes, sha256 } from './bytes';
import { CannotSign } from './cannot-sign';
import type { Cupboard } from './cupboard';
import { give, nextSerial, readGiven, type Given, type GivenTerms, type Owner } from './giving';
import { Ledger, type Right } from './ledger';
import { linkKeys, linkProof, makeLinkSeed } from './link';
import { covers, nextOrders } from './orders';
import { OrdersBook, type Page, type Subject } from './orders-book';
import type { Key } from './members';
import { readReceipt } from './receipt';
import { digest, nameOf } from './statement';
import { Untrue } from './untrue';
import { above, changeFor, isNews, isUnseen, type Taken, type Wish } from './wish';

/** Other installations of the account may be as quick; a third time in a row is no accident. */
const TRIES = 3;
const NOTHING_TAKEN: Taken = { n: -1, orders: '' };

/** `standard`: what the owner has said. `obeyed`: the camera has confirmed his newest orders; null where there are none. */
export interface OrdersStanding {
  readonly standard: boolean;
  readonly obeyed: boolean | null;
}

/**
 * What the chain of a guest or of a link comes to. `void`: whoever signed it does not count. `past`: it was taken back, so
 * that a server which still lists it may hide another.
 */
export type Standing = Given | 'unsigned' | 'void' | 'past';

type Routes = Pick<Api, 'trust' | 'sharing' | 'share' | 'changeGrant' | 'endGrant' | 'withdraw'>;

export class Ownership {
  private readonly book: OrdersBook;
  private readonly ledger: Ledger;

  constructor(
    private readonly routes: Routes,
    cupboard: Cupboard,
    private readonly owner: Owner,
    private readonly subject: Subject,
    /** Hears the number of the newest orders: this browser's hellos name it. */
    private readonly note: (n: number) => Promise<void> = () => Promise.resolve(),
    /** Milliseconds since the epoch, by this device's own clock: the server's could make a right last longer. */
    readonly now: () => number = Date.now,
  ) {
    this.book = new OrdersBook(cupboard);
    this.ledger = new Ledger(cupboard);
  }

  async standing(): Promise<OrdersStanding> {
    await this.renew();
    const { page, taken } = await this.look();
    return { standard: page.standard, obeyed: page.n < 0 ? null : page.digest === taken.orders };
  }

  /** By the ids of grants and open invitations. What counts of it is remembered. */
  async given(sharing: Sharing): Promise<Map<string, Standing>> {
    return this.listed(sharing, (await this.look()).page);
  }

  /**
   * The link has the seed in its fragment; the server gets what comes of it. `app`: address of the page that asks. One that
   * the server names could be anybody's, who would be shown the seed.
   */
  async share(terms: Terms, app: string): Promise<MadeInvitation> {
    const seed = makeLinkSeed();
    const { pair, secret } = await linkKeys(seed);
    const { text: grant } = await this.give(
      { link: await nameOf(pair) },
      { ...terms, until: seconds(terms.until) },
    );
    const proof = await linkProof(seed, this.owner.camera, this.owner.ring.name, await digest(grant));
    const signed = { secret_hash: hex(await sha256(secret)), grant, link_proof: proof };
    const made = await this.routes.share(this.subject.id, terms, signed);
    return { ...made, link: `${app}#/accept/signed/${encodeBytes(seed)}` };
  }

  /**
   * To a guest's keyring, in the place of all that it has. The camera is told first that the old is over: what fails then
   * leaves nobody more than he was to have.
   */
  async change(grant: ListedGrant, change: Partial<Terms> & Pick<Terms, 'scopes'>): Promise<void> {
    const before = await this.read(grant.chain);
    if (typeof before === 'string' || before.to === null) throw new CannotSign('unaccepted');
    const revoke = await this.allOf(grant.id, before);
    const until = change.until === undefined ? before.until : seconds(change.until);
    const { text, serial } = await this.give({ ring: before.to }, { scopes: change.scopes, until });
    await this.order({ revoke }, false, [serial]);
    const end = until === null ? null : new Date(until * 1000).toISOString();
    await this.routes.changeGrant(grant.id, { scopes: change.scopes, expires_at: end, grant: text });
  }

  /** The camera is told first: it decides. */
  async end({ id, chain }: ListedGrant): Promise<void> {
    await this.revoke(id, chain);
    await this.routes.endGrant(id);
  }

  async withdraw({ id, grant }: OpenInvitation): Promise<void> {
    await this.revoke(id, grant ? [grant] : []);
    await this.routes.withdraw(id);
  }

  /** How many rights go on that this browser knows of and the server lists nowhere. */
  async unlisted(sharing: Sharing): Promise<number> {
    const { page } = await this.look();
    const serials = serialsOf(await this.listed(sharing, page));
    return (await this.rights(page)).filter(({ serial }) => !serials.includes(serial)).length;
  }

  endUnlisted = (): Promise<void> => this.revoke('', []);

  allowStandard = (standard: boolean): Promise<void> => this.order({ standard });

  /**
   * Says again what counts, where whoever said it last was taken off the ring, or by `leaving` is to be, and where the
   * camera knows what this browser does not. A permission of theirs ends with it.
   */
  async renew(leaving: Key | null = null): Promise<void> {
    const { page, taken } = await this.look();
    const goes = page.by !== '' && (page.by === leaving || !this.counts(page.by));
    if (goes || isUnseen(page, taken)) await this.order(goes ? { standard: false } : {}, true);
  }

  private async revoke(id: string, chain: readonly string[]): Promise<void> {
    await this.order({ revoke: await this.allOf(id, await this.read(chain)) });
  }

  /**
   * Serials of all that ends with this line of the server's list: what it shows there, what else the same ring has, and
   * what this browser knows to be signed and the server shows nowhere else.
   */
  private async allOf(id: string, shown: Standing): Promise<number[]> {
    const { page } = await this.look();
    // Before the list: what another tab gives meanwhile is to be on it.
    const known = await this.rights(page);
    const listed = await this.listed(await this.routes.sharing(this.subject.id), page);
    const own = typeof shown === 'string' ? null : shown;
    const others = new Map([...listed].filter(([other]) => other !== id));
    const elsewhere = new Set(serialsOf(others));
    const ends = [...known, ...goodOf(listed)].filter(
      ({ serial, to }) => !elsewhere.has(serial) || (to !== null && to === own?.to),
    );
    return [...(own ? [own] : []), ...ends].map(({ serial }) => serial);
  }

  private async listed({ grants, invitations }: Sharing, page: Page): Promise<Map<string, Standing>> {
    const chains: [string, readonly string[]][] = [
      ...grants.map(({ id, chain }): [string, string[]] => [id, chain]),
      ...invitations.map(({ id, grant }): [string, string[]] => [id, grant ? [grant] : []]),
    ];
    const standing = async (chain: readonly string[]): Promise<Standing> => {
      const given = await this.read(chain);
      return typeof given === 'object' && covers(page, given.serial) ? 'past' : given;
    };
    const all = new Map(
      await Promise.all(chains.map(async ([id, chain]) => [id, await standing(chain)] as const)),
    );
    await this.ledger.note(this.owner, goodOf(all), page, this.now() / 1000);
    return all;
  }

  private rights = (page: Page): Promise<Right[]> => this.ledger.rights(this.owner, page, this.now() / 1000);

  /** What was signed, whether it was taken back or not. */
  private async read(chain: readonly string[]): Promise<Exclude<Standing, 'past'>> {
    if (chain.length === 0) return 'unsigned';
    try {
      return await readGiven(chain, this.owner);
    } catch (error) {
      if (error instanceof Untrue) return 'void';
      throw error;
    }
  }

  /** Remembered before anybody else gets it. */
  private async give(
    to: { link: string } | { ring: string },
    terms: GivenTerms,
  ): Promise<{ text: string; serial: number }> {
    const { page } = await this.look();
    const alive = [...(await this.alive(page)), ...(await this.rights(page)).map((right) => right.serial)];
    const serial = this.serialAfter(page, alive);
    const text = await give(this.owner, to, terms, serial, this.now());
    const right = { serial, to: 'ring' in to ? to.ring : null, until: terms.until };
    await this.ledger.note(this.owner, [right], page, this.now() / 1000);
    return { text, serial };
  }

  private serialAfter = ({ serials, floor }: Page, alive: readonly number[]): number =>
    nextSerial([...alive, ...serials, floor - 1], this.now());

  /** `given`: serials that go on, though the server lists them not yet. */
  private async order(wish: Wish, always = false, given: readonly number[] = []): Promise<void> {
    for (let left = TRIES; ; left--) {
      const { page, taken } = await this.look();
      if (!always && !isNews(page, wish)) return;
      const { pair, camera, ring } = this.owner;
      const alive = [...given, ...(await this.alive(page))];
      const known = above(this.good(page), taken, alive, this.serialAfter(page, alive));
      const text = await nextOrders(pair, camera, ring, known, changeFor(known, wish, alive));
      try {
        await this.routes.trust.order(this.subject.id, text);
        await this.note((await this.book.read(this.subject, text)).n);
        return;
      } catch (error) {
        const moved = error instanceof Problem && error.code === 'orders_moved';
        if (!moved || left <= 1) throw error;
      }
    }
  }

  private counts = (by: Key): boolean => this.owner.ring.keys.has(by);

  /** Of what a device said that was taken off since, no permission holds. */
  private good = (page: Page): Page => ({ ...page, standard: page.standard && this.counts(page.by) });

  private async alive(page: Page): Promise<number[]> {
    return serialsOf(await this.listed(await this.routes.sharing(this.subject.id), page));
  }

  /** The newest orders, and which the camera has. A server that shows older ones gets the newest again. */
  private async look(): Promise<{ page: Page; taken: Taken }> {
    const { orders, receipt } = await this.routes.trust.trust(this.subject.id);
    const taken = await takenIn(receipt, this.owner.camera);
    const page = await this.book.read(this.subject, orders, taken.orders);
    await this.note(page.n);
    if (page.text && page.text !== orders) await this.remind(page.text);
    return { page, taken };
  }

  private async remind(text: string): Promise<void> {
    try {
      await this.routes.trust.order(this.subject.id, text);
    } catch (error) {
      // What it has may be newer, only not good: then ours goes on from there.
      if (!(error instanceof Problem)) throw error;
    }
  }
}

const goodOf = (all: ReadonlyMap<string, Standing>): Given[] =>
  [...all.values()].filter((one) => typeof one === 'object');

const serialsOf = (all: ReadonlyMap<string, Standing>): number[] => goodOf(all).map(({ serial }) => serial);

/** What the camera has confirmed; nothing where the server shows no good receipt. */
async function takenIn(receipt: string | null, camera: string): Promise<Taken> {
  try {
    return receipt === null ? NOTHING_TAKEN : await readReceipt(receipt, camera);
  } catch (error) {
    if (error instanceof Untrue) return NOTHING_TAKEN;
    throw error;
  }
}

const seconds = (time: string | null): number | null =>
  time === null ? null : Math.floor(Date.parse(time) / 1000);

const hex = (data: Uint8Array): string =>
  [...data].map((byte) => byte.toString(16).padStart(2, '0')).join('');
