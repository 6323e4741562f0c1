/**
 * The circle: what this browser is to an account, which other devices belong to it, and which cameras it knows. Everything
 * here holds whatever the server says; where the browser keeps no key, there is none of it and the app works as it did.
 *
 * Event: `change`.
 */

import type { Trust, TrustRoutes } from '../trust-routes';
import { Acquaintances } from './acquaintances';
import type { Credentials, Unable } from './credentials';
import { browserCupboard, type Cupboard } from './cupboard';
import { installation, NoInstallation, type NoInstallationReason } from './installation';
import { MAX_CHAIN_CHARS, type Keyring } from './keyring';
import { Known, type Meeting } from './known';
import { browserMark, type Mark } from './mark';
import type { Key, Seconds } from './members';
import { OwnRing, type Belonging, type Member } from './own-ring';
import { Pairings, type PairingFate } from './pairings';
import { nameOf } from './statement';

export type Standing =
  { readonly kind: Belonging } | { readonly kind: 'unable'; readonly reason: NoInstallationReason };

/** Of the longest ring, from where people are told. */
const ALMOST_FULL = 0.75;

/** What a browser with a key has. */
interface Kept {
  own: Key;
  pair: CryptoKeyPair;
  ring: OwnRing;
  cameras: Acquaintances;
  pairings: Pairings;
  known: Known;
}

export class Circle extends EventTarget {
  /** Signs again what the device of this key has signed and what shall stay true without it. */
  beforeDismiss: (key: Key) => Promise<void> = () => Promise.resolve();
  private kept: Kept | null = null;
  private reason: NoInstallationReason = 'storage';
  /** Of cameras, by their ids, in a browser that keeps no key. */
  private readonly unwatchable = new Set<string>();
  /** This browser has keys of others than of this account, and nobody has said yet that it is theirs. */
  private isElsewhere = false;

  private constructor(
    private readonly account: string,
    private readonly routes: TrustRoutes,
    private readonly mark: Mark,
  ) {
    super();
  }

  /**
   * The circle of an account, from what this browser has; call `catchUp` then. `now`: Unix seconds, by this browser's own
   * clock: what it says orders later words about a camera, and a server could set it far ahead.
   * Never throws: a browser without keys says so by its standing.
   */
  static async open(
    account: string,
    routes: TrustRoutes,
    now: () => Seconds,
    open: () => Promise<Cupboard> = browserCupboard,
    mark: Mark = browserMark,
  ): Promise<Circle> {
    const circle = new Circle(account, routes, mark);
    try {
      const pair = await installation(open);
      const known = new Known(await open());
      const own = await nameOf(pair);
      const ring = new OwnRing(account, pair, own, known, routes, now);
      const cameras = new Acquaintances(account, pair, known, routes, now);
      await Promise.all([ring.recall(), cameras.recall()]);
      circle.isElsewhere = await known.isElsewhere(account, mark.isSet());
      circle.kept = { own, pair, ring, cameras, pairings: new Pairings(known, routes), known };
      circle.note();
    } catch (error) {
      circle.reason = error instanceof NoInstallation ? error.reason : 'storage';
    }
    return circle;
  }

  get standing(): Standing {
    return this.kept ? { kind: this.kept.ring.belonging } : { kind: 'unable', reason: this.reason };
  }

  /** Name of this browser's key; empty where there is none. */
  get own(): Key {
    return this.kept?.own ?? '';
  }

  get pair(): CryptoKeyPair | null {
    return this.kept?.pair ?? null;
  }

  get ring(): Keyring | null {
    return this.kept?.ring.ring ?? null;
  }

  get statements(): readonly string[] {
    return this.kept?.ring.followed?.statements ?? [];
  }

  /** So much was added and taken away that the ring soon takes no more. */
  get isAlmostFull(): boolean {
    return this.statements.join('').length > ALMOST_FULL * MAX_CHAIN_CHARS;
  }

  get cameras(): ReadonlyMap<string, Meeting> {
    return this.kept?.cameras.met ?? new Map();
  }

  /**
   * What a viewer shows this camera; why it cannot; null where the camera is to be watched by the server's word.
   *
   * Where the account has a ring, a camera without a proof is watched only after a person has said so here: else a
   * server that hides what it was told would show its own pictures to each device that was not at the pairing. So it is
   * in an account that this browser has no keys of, where it has those of another.
   */
  credentials(camera: string): Credentials | Unable | null {
    if (!this.kept) return this.withoutKey(camera);
    const { pair, cameras } = this.kept;
    const met = cameras.met.get(camera);
    if (met && this.ring) {
      const { key, chain, orders } = met;
      return { pair, keyring: this.statements, ring: this.ring.name, chain, camera: key, orders };
    }
    if (met || this.isUnknown || cameras.protectedOnes.has(camera)) return 'stranger';
    const { kind } = this.standing;
    return kind === 'alone' || kind === 'unasked' || cameras.unproven.has(camera) ? null : 'stranger';
  }

  /** Whether a person has to say that this account is theirs: by its own word the server could name any. */
  get asksWho(): boolean {
    return this.isUnknown && this.standing.kind === 'alone';
  }

  /** A person says that they have signed in to this account, and believes the server about its cameras. */
  async believeAccount(): Promise<void> {
    await this.kept?.known.believeAccount(this.account);
    this.isElsewhere = false;
    this.changed();
  }

  private get isUnknown(): boolean {
    return this.isElsewhere && !this.ring;
  }

  /** A key that was here and cannot be opened now is no reason to believe the server. */
  private withoutKey(camera: string): Unable | null {
    if (this.reason === 'insecure') return this.unwatchable.has(camera) ? 'insecure' : null;
    return this.mark.isSet() ? 'stranger' : null;
  }

  /** Whether a person here may decide to believe the server about this camera. */
  mayTrustServer(camera: string): boolean {
    if (!this.kept || this.isUnknown || this.credentials(camera) !== 'stranger') return false;
    const { met, protectedOnes } = this.kept.cameras;
    return !met.has(camera) && !protectedOnes.has(camera);
  }

  /** Whether a person has said so. */
  believesServer(camera: string): boolean {
    return this.kept?.cameras.unproven.has(camera) ?? false;
  }

  /** A person says here that this camera, which has proven nothing, is to be watched by the server's word. */
  async trustServer(camera: string): Promise<void> {
    await this.kept?.cameras.believeServer(camera);
    this.changed();
  }

  /** The person takes it back. */
  async doubtServer(camera: string): Promise<void> {
    await this.kept?.cameras.doubtServer(camera);
    this.changed();
  }

  /** Whether a device of ours was told that this camera of ours is somebody else's, of another key. */
  isDisputed(camera: string): boolean {
    return this.kept?.cameras.disputed.has(camera) ?? false;
  }

  /** A person says here that it is. */
  async takeDisputed(camera: string): Promise<void> {
    await this.kept?.cameras.takeDisputed(camera);
    this.changed();
  }

  /** Asks the server who has been added and taken away. Throws `Unreachable`, `Problem`. */
  async catchUp(): Promise<void> {
    await this.kept?.cameras.recall();
    await this.kept?.ring.catchUp();
    this.changed();
  }

  /** Whether there is anything to ask the server about this camera. */
  needs(camera: string, isGuest: boolean): boolean {
    return isGuest || !this.cameras.has(camera);
  }

  /** Asks the server what it has for a camera. Throws `Unreachable`, `Problem`, `Untrue`. */
  async refresh(camera: string): Promise<Trust> {
    const before = this.news(camera);
    const belongs = this.standing.kind === 'member';
    const trust = await (this.kept?.cameras.refresh(camera, this.ring, belongs) ?? this.routes.trust(camera));
    if (trust.protected) this.unwatchable.add(camera);
    if (this.news(camera) !== before) this.changed();
    return trust;
  }

  /** This browser is the first device of the account. `label`: how it is called. Throws `NoInstallation` and what `catchUp` throws. */
  async begin(label: string): Promise<void> {
    await this.having().ring.begin(label);
    this.changed();
  }

  /** Once the server has forgotten the ring of the account. Each camera has to be paired again. */
  async beginAnew(label: string): Promise<void> {
    await this.having().ring.beginAnew(label);
    this.changed();
  }

  /** Throws `Untrue` where this browser does not belong. */
  async admit(key: Key, label: string): Promise<void> {
    await this.having().ring.change((keys) => [...keys, key], label);
    this.changed();
  }

  /** Cameras hear of it at once. What the device has said of cameras is said again by this one. */
  async dismiss(key: Key): Promise<void> {
    const { ring, cameras } = this.having();
    await this.beforeDismiss(key);
    await ring.change((keys) => [...keys].filter((each) => each !== key));
    if (this.ring && key !== this.own) await cameras.introduceAll(this.ring);
    this.changed();
  }

  /** This browser belongs now. `statements`: of the ring of this name, which a person has brought here. Throws `Untrue`. */
  async join(statements: readonly string[], name: Key): Promise<void> {
    await this.having().ring.join(statements, name);
    this.changed();
  }

  members = async (): Promise<Member[]> => (await this.kept?.ring.members()) ?? [];

  /** Keeps a camera's key and introduces it. `owner`: name of the ring it obeys. */
  async meet(camera: string, key: Key, owner: Key, chain: readonly string[] = []): Promise<void> {
    const { cameras, ring } = this.having();
    if (!ring.ring) throw new NoInstallation('storage');
    await cameras.meet(camera, key, owner, ring.ring, chain);
    this.changed();
  }

  /** This browser has seen orders of this number for a camera of its own, and believes no server that has older ones. */
  async noteOrders(camera: string, orders: number): Promise<void> {
    await this.kept?.cameras.noteOrders(camera, orders);
    this.changed();
  }

  /**
   * The secret for a code (`x`), once the server has the owner's proof; null where this browser cannot prove anything. A camera
   * that reads it has to prove itself, whatever was believed of it before.
   */
  async drawSecret(
    camera: string,
    pairing: { id: string; server_url: string; token: string },
  ): Promise<string | null> {
    if (!this.kept || !this.ring || this.standing.kind !== 'member') return null;
    const secret = await this.kept.pairings.draw(camera, pairing, this.ring);
    await this.doubtServer(camera);
    return secret;
  }

  /** What has become of a code of this browser. Keeps the camera's key where it is proven. Null: there was none. */
  async settle(camera: string, pairing: string | null): Promise<PairingFate | null> {
    if (!this.kept || !this.ring) return null;
    const { pairings } = this.kept;
    const { fate, key } = await pairings.settle(camera, pairing);
    if (fate === 'refuted' && pairing === null && (await this.isIntroduced(camera, key))) {
      // Another device's code was read in place of ours.
      await pairings.done(camera);
      return null;
    }
    if (fate === 'refuted') await this.doubtServer(camera);
    if (fate === 'proven' && key) {
      await this.meet(camera, key, this.ring.name);
      await pairings.done(camera);
    }
    return fate;
  }

  /** Whether one of us vouches for this key of a camera. */
  private async isIntroduced(camera: string, key: Key | null): Promise<boolean> {
    await this.refresh(camera);
    return this.cameras.get(camera)?.key === key;
  }

  private news = (camera: string): string =>
    JSON.stringify([this.credentials(camera), this.mayTrustServer(camera), this.isDisputed(camera)]);

  private having(): Kept {
    if (!this.kept) throw new NoInstallation(this.reason);
    return this.kept;
  }

  private note(): void {
    if (this.ring) this.mark.set();
  }

  private changed(): void {
    this.note();
    this.dispatchEvent(new Event('change'));
  }
}
