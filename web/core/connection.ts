/** Everything a page needs to watch cameras of one server: the socket, prepared connections, viewers. */

import { Api, Problem } from './api';
import { KnownWays } from './known-ways';
import type { WaysRule } from './model';
import { Prepared } from './prepared';
import { Roaming } from './roaming';
import { SignalingClient, signalingUrl } from './signaling';
import type { CredentialsOf } from './trust/credentials';
import type { Key } from './trust/members';
import { Visits } from './trust/visits';
import { Viewer } from './viewer';

/** The new network's name, learned by the new socket, is no news to those who moved with it. */
const SAME_MOVE_MS = 10_000;

/** As the server takes it. */
const MAX_REASON_CHARS = 200;

export interface ConnectionOptions {
  /** Origin of the server, for instance `https://cameras.example`; the page's own by default. */
  server?: string;
  /** Answers `Ticket …` or `Bearer …` for each new socket; not needed where the cookie works. */
  authorize?: () => Promise<string | null>;
}

export class Connection {
  readonly signaling: SignalingClient;
  readonly knownWays: KnownWays;
  /** The account's rule for ways, where the page knows it: it makes verdicts plainer. */
  rule: WaysRule | null = null;
  /** Whether another device has paired a camera anew, so that its key is another than this one. */
  hasNewKey: ((camera: string, key: Key | null) => Promise<boolean>) | null = null;
  readonly visits = new Visits();
  private readonly prepared = new Prepared();
  private readonly viewers = new Set<Viewer>();
  private readonly roaming = new Roaming(() => this.moved());
  /** Milliseconds, by `performance`. */
  private movedAt = -Infinity;
  /** Those that watched when the page was hidden: others, out of sight say, had been stopped before. */
  private interrupted: Viewer[] = [];

  constructor(options: ConnectionOptions = {}) {
    // What a foreign page keeps is not ours to fill.
    this.knownWays = options.server || options.authorize ? new KnownWays(null) : new KnownWays();
    this.signaling = new SignalingClient({
      url: signalingUrl(options.server || location.origin),
      ...(options.authorize ? { authorize: options.authorize } : {}),
      // The cookie opens the API to the server's own pages alone.
      ...(options.server ? {} : { isSignedIn }),
    });
  }

  /** Who this browser is to a camera. By itself nobody is anything, and cameras believe the server. */
  set credentialsOf(of: CredentialsOf) {
    this.visits.credentialsOf = of;
  }

  /** What that answers is another now. `cameras`: ids of those that somebody may click next. */
  trustChanged(cameras: Iterable<string>): void {
    this.visits.expect(cameras);
    for (const viewer of this.viewers) viewer.trustChanged();
  }

  start(): void {
    this.signaling.start();
    this.prepared.prepare();
    this.roaming.start();
    this.signaling.addEventListener('network', this.onNetwork);
    window.addEventListener('pagehide', this.onHide);
    window.addEventListener('pageshow', this.onShow);
  }

  stop(): void {
    this.roaming.stop();
    this.signaling.removeEventListener('network', this.onNetwork);
    window.removeEventListener('pagehide', this.onHide);
    window.removeEventListener('pageshow', this.onShow);
    for (const viewer of this.viewers) viewer.stop();
    this.viewers.clear();
    this.signaling.stop();
    this.prepared.close();
    this.visits.close();
    this.knownWays.forget();
  }

  /** Starts watching at once; the first message leaves before this returns. */
  watch(camera: string): Viewer {
    const viewer = new Viewer(camera, this.signaling, this.prepared, this);
    viewer.start();
    this.viewers.add(viewer);
    return viewer;
  }

  /** Stops a viewer for good. */
  leave(viewer: Viewer): void {
    viewer.stop();
    // Once stopped, nothing here is kept ready for another click.
    if (this.viewers.delete(viewer)) this.prepared.prepare();
  }

  /** Tells the viewers of a camera that it is back. */
  cameraOnline(camera: string): void {
    for (const viewer of this.viewers) if (viewer.camera === camera) viewer.nudge();
  }

  /** Tells them that it is gone, so that they can say why when their picture stops. */
  cameraOffline(camera: string): void {
    for (const viewer of this.viewers) if (viewer.camera === camera) viewer.cameraAway();
  }

  /** The camera's owner reads it; where the server keeps it back, this page has said it already. */
  alarm(camera: string, reason: string, key: Key | null): void {
    if (!this.hasNewKey) return this.report(camera, reason);
    void this.hasNewKey(camera, key)
      .catch(() => false)
      .then((isNew) => (isNew ? this.trustChanged([camera]) : this.report(camera, reason)));
  }

  private report(camera: string, reason: string): void {
    const words = reason.slice(0, MAX_REASON_CHARS);
    new Api().trust.alarm(camera, words).catch(() => console.warn('belvedere: not passed on:', words));
  }

  /** This device may be elsewhere: a socket that looks alive may be dead, and so may every path. */
  private moved(): void {
    this.movedAt = performance.now();
    this.signaling.refresh();
    this.restart();
  }

  private restart(): void {
    this.prepared.renew();
    for (const viewer of this.viewers) viewer.moved();
  }

  private readonly onNetwork = (): void => {
    if (performance.now() - this.movedAt > SAME_MOVE_MS) this.restart();
  };

  /** Cameras hear at once that nobody watches; a page kept for "back" holds no sockets. */
  private readonly onHide = (): void => {
    this.interrupted = [...this.viewers].filter(({ phase }) => phase !== 'idle');
    for (const viewer of this.viewers) viewer.stop();
    this.roaming.stop();
    this.signaling.stop();
    this.prepared.close();
  };

  private readonly onShow = ({ persisted }: PageTransitionEvent): void => {
    if (!persisted) return;
    this.signaling.start();
    this.prepared.prepare();
    this.roaming.start();
    for (const viewer of this.interrupted) if (this.viewers.has(viewer)) viewer.start();
  };
}

/** A server that does not answer, or fails, says nothing about a login. */
async function isSignedIn(): Promise<boolean> {
  try {
    await new Api().me();
    return true;
  } catch (error) {
    return !(error instanceof Problem && error.status === 401);
  }
}
