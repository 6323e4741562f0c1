/**
 * The keyring of the account that is signed in, as this browser believes it: followed from the newest statement that it has
 * seen, never back, never to another ring that the server names. A ring is believed first because this browser began it,
 * or because one that belongs has welcomed it by a code that a person carried over, or by a recovery code.
 */

import { begin, change, follow, LINK, type Keyring } from './keyring';
import type { Followed, Known } from './known';
import type { Key, Seconds } from './members';
import { digest, read } from './statement';
import { Untrue } from './untrue';

/** How paper is called on a keyring. */
export const RECOVERY_LABEL = 'Recovery code';

/**
 * `unasked`: nothing is known here, and the server has not been asked yet. `alone`: the account has no ring yet. `newcomer`: nobody has let this browser in. `removed`: it belonged once, or waits
 * for it. `replaced`: the server shows another ring than the one that is known here.
 */
export type Belonging = 'unasked' | 'member' | 'newcomer' | 'removed' | 'alone' | 'replaced';

/** The routes that this needs. `extendKeyring` throws where another was faster. */
export interface RingRoutes {
  keyring(): Promise<string[]>;
  extendKeyring(statement: string): Promise<string[]>;
}

/** One device that belongs. `label`: by whoever added it. */
export interface Member {
  key: Key;
  label: string;
  since: Seconds;
}

export class OwnRing {
  belonging: Belonging = 'unasked';
  followed: Followed | null = null;

  /** `own`: name of `pair`. `now`: Unix seconds, by the server's clock. */
  constructor(
    private readonly account: string,
    private readonly pair: CryptoKeyPair,
    private readonly own: Key,
    private readonly known: Known,
    private readonly routes: RingRoutes,
    private readonly now: () => Seconds,
  ) {}

  get ring(): Keyring | null {
    return this.followed?.ring ?? null;
  }

  /** What this browser has by itself: enough to watch, whatever the server says now. */
  async recall(): Promise<void> {
    this.followed = (await this.known.ring(this.account)) ?? this.followed;
    if (this.followed) this.belonging = this.place(this.followed.ring);
  }

  /** Asks the server what came after. */
  async catchUp(): Promise<void> {
    // Another tab may have seen a newer end, or begun the ring.
    await this.recall();
    this.belonging = await this.judge(await this.routes.keyring());
  }

  /** Begins the ring of this account. Throws where it has one. */
  async begin(label: string): Promise<void> {
    if (this.belonging === 'member') return;
    if (this.belonging !== 'alone') throw new Untrue('this account has a keyring already');
    await this.beginAnew(label);
  }

  /** Another ring than any before, once the server has forgotten that: no camera obeys it yet. */
  async beginAnew(label: string): Promise<void> {
    const first = await begin(this.pair, this.now(), label);
    await this.known.noteBegun(this.account, await digest(first));
    await this.routes.extendKeyring(first);
    // What the server answers could be a ring of its own that has our key.
    await this.learn([first], true);
  }

  /** Adds and takes away; says it once more where another installation was faster. */
  async change(keysOf: (keys: ReadonlySet<Key>) => Iterable<Key>, label = ''): Promise<void> {
    try {
      await this.changeOnce(keysOf, label);
    } catch (error) {
      const before = this.ring?.head;
      await this.catchUp();
      if (this.ring?.head === before) throw error;
      await this.changeOnce(keysOf, label);
    }
  }

  /** Believes this ring from now on. `name`: as a person has brought it here, past the server. */
  async join(statements: readonly string[], name: Key): Promise<void> {
    const ring = await follow(statements);
    if (ring.name !== name) throw new Untrue('the server shows the keyring of somebody else');
    if (!ring.keys.has(this.own)) throw new Untrue('this browser does not belong to that keyring');
    await this.learn(statements, this.ring?.name !== name);
  }

  /** Everybody on the ring, oldest first. */
  async members(): Promise<Member[]> {
    const all = new Map<Key, Member>();
    for (const text of this.followed?.statements ?? []) {
      const { what } = await read(text, LINK);
      for (const key of all.keys()) if (!what.keys.includes(key)) all.delete(key);
      const added = what.keys.filter((key) => !all.has(key));
      for (const key of added) all.set(key, { key, label: what.label, since: what.iat });
    }
    return [...all.values()];
  }

  private async changeOnce(keysOf: (keys: ReadonlySet<Key>) => Iterable<Key>, label: string): Promise<void> {
    if (!this.followed) throw new Untrue('there is no keyring');
    const { ring, statements } = this.followed;
    const statement = await change(this.pair, ring, keysOf(ring.keys), this.now(), label);
    await this.routes.extendKeyring(statement);
    await this.learn([...statements, statement]);
  }

  private async judge(shown: string[]): Promise<Belonging> {
    const known = this.followed;
    if (shown.length === 0) return known ? 'replaced' : 'alone';
    const ring = await followable(shown);
    if (!known) return this.judgeFirst(shown, ring);
    if (!ring || !(await this.extends(shown))) return 'replaced';
    if (shown.length < known.statements.length) await this.remind(shown.length);
    else if (ring.n > known.ring.n) await this.learn(shown);
    return this.place((this.ring ?? ring) as Keyring);
  }

  /** Only one that this browser has begun itself, for this account, is believed unasked: all its accounts sign by one key. */
  private async judgeFirst(shown: string[], ring: Keyring | null): Promise<Belonging> {
    const [first = ''] = shown;
    const isBegun = (await this.known.begun(this.account)).has(await digest(first));
    if (!ring || !isBegun) return 'newcomer';
    await this.learn(shown);
    return this.place(ring);
  }

  /** Whether what is known here and what is shown is one chain, whichever is longer. */
  private async extends(shown: readonly string[]): Promise<boolean> {
    const { statements } = this.followed as Followed;
    const last = Math.min(shown.length, statements.length) - 1;
    const [ours, theirs] = [statements[last] ?? '', shown[last] ?? ''];
    return ours === theirs || (await digest(ours)) === (await digest(theirs));
  }

  /** The server has lost the newest statements, after a restored backup for instance. */
  private async remind(from: number): Promise<void> {
    for (const text of this.followed?.statements.slice(from) ?? []) await this.routes.extendKeyring(text);
  }

  private async learn(statements: readonly string[], begunAnew = false): Promise<void> {
    const ring = await follow(statements);
    await this.known.learnRing(this.account, { ring, statements }, begunAnew);
    this.followed = { ring, statements };
    this.belonging = this.place(ring);
  }

  private readonly place = (ring: Keyring): Belonging => (ring.keys.has(this.own) ? 'member' : 'removed');
}

async function followable(statements: string[]): Promise<Keyring | null> {
  try {
    return await follow(statements);
  } catch {
    return null;
  }
}
