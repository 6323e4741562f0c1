/** Everything a page needs to watch cameras of one server: the socket, prepared connections, viewers. */

import { Prepared } from './prepared';
import { SignalingClient, signalingUrl } from './signaling';
import { Viewer } from './viewer';

/** Hidden for longer than this, a laptop may have slept or moved: the socket is made anew, media is not touched. */
const STALE_AFTER_MS = 60_000;

export interface ConnectionOptions {
  /** Origin of the server, for instance `https://cameras.example`; the page's own by default. */
  server?: string;
  /** Answers `Ticket …` or `Bearer …` for each new socket; not needed where the cookie works. */
  authorize?: () => Promise<string | null>;
}

export class Connection {
  readonly signaling: SignalingClient;
  private readonly prepared = new Prepared();
  private readonly viewers = new Set<Viewer>();
  private hiddenAt = 0;

  constructor(options: ConnectionOptions = {}) {
    const url = signalingUrl(options.server || location.origin);
    this.signaling = new SignalingClient(options.authorize ? { url, authorize: options.authorize } : { url });
  }

  start(): void {
    this.signaling.start();
    this.prepared.prepare();
    window.addEventListener('online', this.refresh);
    window.addEventListener('pagehide', this.onHide);
    window.addEventListener('pageshow', this.onShow);
    document.addEventListener('visibilitychange', this.onVisibility);
  }

  stop(): void {
    window.removeEventListener('online', this.refresh);
    window.removeEventListener('pagehide', this.onHide);
    window.removeEventListener('pageshow', this.onShow);
    document.removeEventListener('visibilitychange', this.onVisibility);
    for (const viewer of this.viewers) viewer.stop();
    this.viewers.clear();
    this.signaling.stop();
    this.prepared.close();
  }

  /** Starts watching at once; the first message leaves before this returns. */
  watch(camera: string): Viewer {
    const viewer = new Viewer(camera, this.signaling, this.prepared);
    viewer.start();
    this.viewers.add(viewer);
    return viewer;
  }

  /** Stops a viewer for good. */
  leave(viewer: Viewer): void {
    viewer.stop();
    this.viewers.delete(viewer);
    this.prepared.prepare();
  }

  /** Tells the viewers of a camera that it is back. */
  cameraOnline(camera: string): void {
    for (const viewer of this.viewers) if (viewer.camera === camera) viewer.nudge();
  }

  /** Tells them that it is gone, so that they can say why when their picture stops. */
  cameraOffline(camera: string): void {
    for (const viewer of this.viewers) if (viewer.camera === camera) viewer.cameraAway();
  }

  private readonly refresh = (): void => this.signaling.refresh();

  /** Cameras hear at once that nobody watches; a page kept for "back" holds no sockets. */
  private readonly onHide = (): void => {
    for (const viewer of this.viewers) viewer.stop();
    this.signaling.stop();
    this.prepared.close();
  };

  private readonly onShow = ({ persisted }: PageTransitionEvent): void => {
    if (!persisted) return;
    this.signaling.start();
    this.prepared.prepare();
    for (const viewer of this.viewers) viewer.start();
  };

  private readonly onVisibility = (): void => {
    if (document.hidden) this.hiddenAt = Date.now();
    else if (Date.now() - this.hiddenAt > STALE_AFTER_MS) this.signaling.refresh();
  };
}
