/** Opens the circle of whoever is signed in, keeps it up to date, and sees what has become of codes. One per page. */

import type { Api } from '../core/api';
import type { Camera } from '../core/model';
import { isGuest } from '../core/sharing';
import { Circle } from '../core/trust/circle';
import { emptyCupboard } from '../core/trust/cupboard';
import { eraseMark } from '../core/trust/mark';
import type { Key } from '../core/trust/members';
import type { PairingFate } from '../core/trust/pairings';
import { agentWords } from './agent';

/** From here on the camera has sent what it can prove. */
const ANSWERED = ['activated', 'online', 'first_frame'];
/** What was refused is tried anew after each look, so that looks have to be rare. */
const LOOK_AGAIN_MS = 10_000;
/** For the owner's log. */
const ALARM = 'pairing: the camera’s proof is wrong';

/** `change`: something below changed. */
export class CircleKeeper extends EventTarget {
  circle: Circle | null = null;
  /** What has become of codes that this browser drew, by camera; null: it was none of these. */
  readonly fates = new Map<string, PairingFate | null>();
  /** How the devices of the account are called; null until they are known. */
  labels: ReadonlySet<string> | null = null;
  private known: readonly Camera[] = [];
  /** Cameras of which that is not known yet. */
  readonly settling = new Set<string>();
  /** What was last asked about each camera, so that it is asked once. */
  private readonly asked = new Map<string, string>();
  /** Milliseconds, by `performance`. */
  private readonly lookedAt = new Map<string, number>();
  /** One after the other: a household with many cameras is not to storm its server. */
  private queue: Promise<unknown> = Promise.resolve();

  constructor(private readonly api: Api) {
    super();
  }

  /** Whether a camera is known to believe others only. */
  get isShutOut(): boolean {
    return this.known.some(({ id, protected: proven }) => {
      const shown = this.circle?.credentials(id) ?? null;
      return typeof shown === 'string' || (shown === null && proven === true);
    });
  }

  /** From what this browser has: a few milliseconds. */
  async open(account: string): Promise<void> {
    this.close();
    const circle = await Circle.open(account, this.api.trust, () => Math.floor(Date.now() / 1000));
    circle.addEventListener('change', this.changed);
    this.circle = circle;
    this.changed();
  }

  close(): void {
    this.circle?.removeEventListener('change', this.changed);
    this.circle = this.labels = null;
    this.known = [];
    this.fates.clear();
    this.settling.clear();
    this.asked.clear();
    this.changed();
  }

  /**
   * This browser is the first device of the account. A person is asked about each camera that has proven nothing: which ones
   * there are only the server says.
   */
  async begin(): Promise<void> {
    await this.circle?.begin(agentWords(navigator.userAgent));
  }

  /** Destroys the key of this browser, and takes it off the others' list where it can. */
  async forget(): Promise<void> {
    const { circle } = this;
    if (circle?.standing.kind === 'member' && circle.ring && circle.ring.keys.size > 1) {
      // A destroyed key on the list does no harm.
      await circle.dismiss(circle.own).catch(() => undefined);
    }
    this.close();
    await emptyCupboard();
    eraseMark();
  }

  /** Asks who was added and taken away meanwhile, and about cameras that this browser cannot know yet. */
  catchUp(cameras: Iterable<Camera>): void {
    const list = (this.known = [...cameras]);
    this.later(async (circle) => {
      await circle.catchUp();
      this.labels = new Set((await circle.members()).map(({ label }) => label));
      this.changed();
      for (const camera of list) this.heard(camera);
    });
  }

  /** This browser has just come to belong: now it believes who introduces cameras to it. */
  joined(cameras: Iterable<Camera>): void {
    this.asked.clear();
    // Browsers clear what nobody has asked them to keep.
    void navigator.storage?.persist?.();
    this.catchUp(cameras);
  }

  /** The server says something about a camera. */
  heard(camera: Camera): void {
    const { circle } = this;
    const isOwn = !isGuest(camera);
    // A guest's grant may have been signed anew, which nothing else tells.
    if (!circle || (isOwn && this.asked.get(camera.id) === newsOf(camera))) return;
    this.asked.set(camera.id, newsOf(camera));
    if (isOwn && ANSWERED.includes(camera.pairing?.step ?? 'activated')) this.settle(camera);
    const asks = camera.protected !== false && circle.needs(camera.id, !isOwn);
    if (asks) this.later((now) => now.refresh(camera.id));
  }

  /** A viewer was refused: another device may have introduced the camera meanwhile. */
  look(camera: string): void {
    const now = performance.now();
    if (now - (this.lookedAt.get(camera) ?? -Infinity) < LOOK_AGAIN_MS) return;
    this.lookedAt.set(camera, now);
    this.later(async (circle) => {
      // Another tab may have begun the ring, or joined it.
      if (circle.standing.kind !== 'member') await circle.catchUp();
      await circle.refresh(camera);
    });
  }

  /** Whether another device of ours has paired this camera anew, so that its key is another than this one. */
  async hasNewKey(camera: string, key: Key | null): Promise<boolean> {
    const { circle } = this;
    await circle?.catchUp();
    await circle?.refresh(camera);
    const known = circle?.cameras.get(camera)?.key;
    return known !== undefined && known !== key;
  }

  /** The code of this pairing has been taken up: by the camera that read it? */
  private settle({ id, pairing }: Camera): void {
    this.settling.add(id);
    this.later(async (circle) => {
      const fate = await circle.settle(id, pairing?.id ?? null).finally(() => this.settling.delete(id));
      const isNews = this.fates.get(id) !== fate;
      // What was proven stays so when there is nothing left to prove.
      this.fates.set(id, fate ?? this.fates.get(id) ?? null);
      this.changed();
      // Browsers clear what nobody has asked them to keep.
      if (fate === 'proven') void navigator.storage?.persist?.();
      if (fate === 'refuted' && isNews) await this.api.trust.alarm(id, ALARM);
    });
  }

  private later(work: (circle: Circle) => Promise<unknown>): void {
    const { circle } = this;
    const run = async (): Promise<void> => {
      if (circle && circle === this.circle) await work(circle);
    };
    // What fails is asked again with the next list; the pages say what they lack.
    this.queue = this.queue.then(run).catch(() => this.asked.clear());
  }

  private readonly changed = (): void => void this.dispatchEvent(new Event('change'));
}

/** Without what changes all the time. */
const newsOf = ({ pairing, confirmed, access, protected: proven }: Camera): string =>
  JSON.stringify([pairing?.id, pairing?.step, confirmed, access, proven]);
