/** What the pages know: who is signed in, their cameras, and whether the server answers. One per page. */

import { Api, Problem, readVerdicts, Unreachable } from '../core/api';
import { Connection } from '../core/connection';
import { CameraEvents } from '../core/events';
import { forgetWays } from '../core/known-ways';
import type { Proof } from '../core/factors';
import type { Account, Camera, Setup, Verdict, WaysRule } from '../core/model';
import { usePasskey } from '../core/passkeys';
import { isGuest } from '../core/sharing';
import { CannotSign } from '../core/trust/cannot-sign';
import { Untrue } from '../core/trust/untrue';
import type { Viewer } from '../core/viewer';
import type { Cause } from '../core/watch-state';
import { mayBeSignedIn, remember } from './signed-in';
import { CircleKeeper } from './circle-keeper';
import { forget, forgetAll } from './stills';
import { causeWords, text, verdictWords } from './text';
import { leaving, reset } from './words/leaving';

/** Between looks at a server that does not answer when the page opens. */
const RETRY_MS = 3_000;

/** A picture on a good network is there by then. */
const REDRAW_WAITS_MS = 300;

/** `change`: something below changed; look again. `call`: a click asks for a camera (its id is the detail). */
export class Household extends EventTarget {
  readonly api = new Api();
  readonly connection = new Connection();
  /** The devices of whoever is signed in, and what this one knows. */
  readonly trust = new CircleKeeper(this.api);
  /** `undefined`: not known yet. `null`: nobody is signed in. */
  account: Account | null | undefined = undefined;
  setup: Setup | null = null;
  cameras: Map<string, Camera> | null = null;
  /** Cameras of others that ended for us while this page was open. */
  readonly lapsed = new Map<string, Camera>();
  /** The secret of a camera's invitation that has done its work here. */
  spent: string | null = null;
  reachable = true;
  /** The login ended without this page asking for it. */
  thrownOut = false;
  /** What the sign-in page has to say first. */
  notice: string | null = null;
  /** Until the server has answered: that the login ended is no news then, by whatever connection it arrives first. */
  private signingOut = false;
  /** A viewer that was started by a click, before its page was there to show it. */
  private clicked: Viewer | null = null;
  /** Ids of cameras heard of since the list was last asked for. */
  private readonly fresh = new Set<string>();
  private verdicts = new Map<string, Verdict>();
  private readonly events = new CameraEvents(this.api);

  constructor() {
    super();
    this.events.addEventListener('open', () => void this.reload());
    this.events.addEventListener('camera', (event) => this.put((event as CustomEvent<Camera>).detail));
    this.events.addEventListener('removed', (event) => this.gone((event as CustomEvent<Camera>).detail.id));
    this.events.addEventListener('down', () => this.reach(false));
    this.events.addEventListener('ended', () => this.throwOut());
    this.connection.signaling.addEventListener('state', () => {
      const { state } = this.connection.signaling;
      if (state === 'unauthorized' && !this.signingOut) this.throwOut();
      // The socket is back sooner than the stream would be: no reason to let it wait.
      if (state === 'ready' && !this.reachable) this.events.refresh();
    });
    // Without a circle nothing is known, least of all that the server is to be believed.
    this.connection.credentialsOf = (camera) =>
      this.trust.circle ? this.trust.circle.credentials(camera) : 'stranger';
    this.connection.hasNewKey = (camera, key) => this.trust.hasNewKey(camera, key);
    this.trust.addEventListener('change', () => {
      this.connection.trustChanged(this.cameras?.keys() ?? []);
      this.changed();
    });
    window.addEventListener('online', () => this.events.refresh());
  }

  /** Finds out who is there. Tries until the server answers; does not ask where nobody has signed in. */
  async open(): Promise<void> {
    if (!mayBeSignedIn()) return this.leave();
    for (;;) {
      try {
        await this.enter(await this.api.me());
        return;
      } catch (error) {
        if (!(error instanceof Unreachable)) return this.leave();
        this.reach(false);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async signIn(email: string, password: string): Promise<void> {
    await this.enter(await this.api.signIn(email, password));
  }

  /** Any other way of signing in than by password alone. */
  async signInBy(way: (api: Api) => Promise<Account>): Promise<void> {
    await this.enter(await way(this.api));
  }

  async register(email: string, password: string, invitation: string | null): Promise<void> {
    await this.api.register(email, password, invitation ?? undefined);
    this.spent = invitation;
    await this.signIn(email, password);
  }

  async signOut(everywhere = false): Promise<void> {
    await this.end(() => (everywhere ? this.api.signOutEverywhere() : this.api.signOut()));
  }

  async deleteAccount(proof: Proof): Promise<void> {
    await this.end(() => this.api.deleteAccount(proof));
    this.notice = leaving.done;
    this.changed();
  }

  /** Sets the password by a link; whoever is signed in here may be somebody else, and finds out. */
  async useReset(secret: string, password: string): Promise<void> {
    await this.api.useReset(secret, password);
    if (this.account) await this.open();
    this.notice = this.account ? null : reset.done;
    this.thrownOut = false;
    this.changed();
  }

  /** Something after which nobody is signed in here. */
  private async end(work: () => Promise<void>): Promise<void> {
    this.signingOut = true;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem && error.code === 'unauthorized')) {
        this.signingOut = false;
        if (this.account && this.connection.signaling.state === 'unauthorized') this.throwOut();
        throw error;
      }
    }
    this.signingOut = false;
    if (this.account) this.leave();
  }

  /**
   * Starts watching inside the click itself. `call` tells the shell to raise the watch page, which stands ready; the
   * promise resolves when the address may change, for redrawing the rest would only delay the picture: false when
   * the person has turned back meanwhile.
   */
  async click(camera: string): Promise<boolean> {
    performance.clearMarks('belvedere:click');
    performance.clearMarks('belvedere:first-frame');
    performance.mark('belvedere:click');
    if (this.clicked) this.connection.leave(this.clicked);
    const viewer = (this.clicked = this.connection.watch(camera));
    this.dispatchEvent(new CustomEvent('call', { detail: camera }));
    await new Promise((resolve) => {
      viewer.addEventListener('picture', resolve, { once: true });
      setTimeout(resolve, REDRAW_WAITS_MS);
    });
    return viewer.phase !== 'idle';
  }

  watch(camera: string): Viewer {
    const viewer = this.clicked;
    this.clicked = null;
    if (viewer?.camera === camera) return viewer;
    if (viewer) this.connection.leave(viewer);
    return this.connection.watch(camera);
  }

  async accept(invitation: string): Promise<Camera> {
    const camera = await this.api.accept(invitation);
    this.put(camera);
    return camera;
  }

  /** Gives a guest's right to this camera back. */
  async leaveCamera({ id, access }: Camera): Promise<void> {
    await this.api.endGrant(access.grant ?? '');
    this.gone(id);
    this.lapsed.delete(id);
  }

  put(camera: Camera): void {
    this.fresh.add(camera.id);
    this.lapsed.delete(camera.id);
    const known = this.cameras?.get(camera.id);
    this.cameras = new Map(this.cameras ?? []).set(camera.id, camera);
    this.trust.heard(camera);
    this.reach(true);
    this.announce(camera, known);
  }

  gone(id: string): void {
    this.fresh.delete(id);
    forget(id);
    const cameras = new Map(this.cameras ?? []);
    this.lapse(cameras.get(id));
    cameras.delete(id);
    this.cameras = cameras;
    this.changed();
  }

  async reload(): Promise<void> {
    this.fresh.clear();
    try {
      const list = await this.api.cameras();
      const before = this.cameras;
      this.cameras = new Map(list.map((camera) => [camera.id, camera]));
      // What arrived while the list was on its way is newer than the list.
      for (const id of this.fresh) this.keepFresh(before?.get(id));
      for (const camera of before?.values() ?? []) if (!this.cameras.has(camera.id)) this.lost(camera);
      for (const camera of list) this.announce(camera, before?.get(camera.id));
      this.trust.catchUp(list);
      this.reach(true);
    } catch (error) {
      if (error instanceof Unreachable) this.reach(false);
      else this.changed();
    }
  }

  private lost(camera: Camera): void {
    forget(camera.id);
    this.lapse(camera);
  }

  private lapse(camera: Camera | undefined): void {
    if (camera && isGuest(camera)) this.lapsed.set(camera.id, camera);
  }

  /** Viewers hear when their camera comes or goes. */
  private announce({ id, online }: Camera, before: Camera | undefined): void {
    if (online && !before?.online) this.connection.cameraOnline(id);
    else if (!online && before?.online) this.connection.cameraOffline(id);
  }

  private keepFresh(camera: Camera | undefined): void {
    if (camera) this.cameras?.set(camera.id, camera);
  }

  /** The server's words for a failure code, else ours, else the camera's own. */
  verdict(code: string, detail: string): Verdict {
    return this.verdicts.get(code) ?? verdictWords(code) ?? { sentence: detail || code, advice: '' };
  }

  /** The words for a picture that does not come; `code` where more is known than the cause. */
  cause(cause: Cause, code: string | null): Verdict {
    return (code === null ? undefined : this.verdicts.get(code)) ?? causeWords(cause, code);
  }

  async setWays(ways: WaysRule): Promise<void> {
    this.know(await this.api.setWays(ways));
    this.changed();
  }

  /** Asks this browser's passkey who it is, once more. */
  async proofByPasskey(): Promise<Proof> {
    return { passkey: await usePasskey(await this.api.passkeyToProve()) };
  }

  private know(account: Account): void {
    this.account = account;
    this.connection.rule = account.ways;
  }

  private async enter(account: Account): Promise<void> {
    // Before any page can watch: a camera wants to see who asks.
    await this.trust.open(account.id);
    this.know(account);
    this.thrownOut = false;
    this.notice = null;
    remember(true);
    this.connection.start();
    this.events.start();
    this.api.verdicts().then(
      (answer) => (this.verdicts = readVerdicts(answer)),
      () => undefined, // ours are there
    );
    this.reach(true);
  }

  private leave(): void {
    this.events.stop();
    this.connection.stop();
    this.trust.close();
    forgetAll();
    forgetWays();
    remember(false);
    this.connection.rule = null;
    this.clicked = null;
    this.account = null;
    this.cameras = null;
    this.lapsed.clear();
    this.reach(true);
    this.api.setup().then(
      (setup) => {
        this.setup = setup;
        this.changed();
      },
      () => undefined,
    );
  }

  private throwOut(): void {
    this.thrownOut = !this.signingOut;
    this.leave();
  }

  private reach(reachable: boolean): void {
    this.reachable = reachable;
    this.changed();
  }

  private changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

/** One sentence for a person about anything that a request may throw. */
export function sentenceOf(error: unknown): string {
  if (error instanceof Unreachable) return text.unreachableAction;
  if (error instanceof CannotSign) return text.privacy.cannot[error.reason];
  if (error instanceof Untrue) return asSentence(error.message);
  if (!(error instanceof Problem)) return text.unexpected(String(error));
  if (error.status === 429) return text.tooMany(error.retryAfter);
  return text.errors[error.code] ?? (asSentence(error.detail) || text.unexpected(error.code));
}

/** The server's sentences begin small and end without a stop. */
const asSentence = (detail: string): string =>
  detail && detail.charAt(0).toUpperCase() + detail.slice(1) + (/[.!?]$/.test(detail) ? '' : '.');
