/**
 * `<belvedere-camera camera="ID">`: one live camera, in any page.
 *
 * Attributes: `camera` (its id), `server` (origin, the page's own by default), `controls` (mute, badge, full
 * screen), `label` (the camera's name, for screen readers).
 * Properties: `authorize` (async, gets the camera's id, answers `Ticket …` or `Bearer …`; not needed where the cookie works),
 * `viewer` (the running `Viewer`; may be set to one that was started earlier), `muted`, `poster` (an
 * `ImageBitmap` to show dimmed until there is a picture) with `posterAt`.
 * Events: `firstframe` (`detail.firstFrameMs`), `statechange` (`detail.phase`, `cause`, `verdict`, `via`, `privacy`), `quality`
 * (`detail`: way, round trip, loss …), `controlschange` (`detail.visible`).
 * Style: `--belvedere-fit: cover` fills the box.
 *
 * Out of sight for 10 s it stops, and resumes on return. Nothing here is stored and no stranger is asked.
 */

import {
  html,
  LitElement,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import type { Privacy } from '../core/attempt';
import { Connection } from '../core/connection';
import type { Viewer } from '../core/viewer';
import type { Cause } from '../core/watch-state';
import { cameraStyles } from './camera-styles';
import { factsPanel } from './facts';
import { icon } from './icons';
import { causeWords, text } from './text';
import { ago } from './time';

const OUT_OF_SIGHT_MS = 10_000;
const CONTROLS_MS = 3_000;
const PATIENCE_MS = 250;

/** Behind words of these no picture stands that might not be the camera's. */
const DISTRUST: ReadonlySet<Cause | null> = new Set<Cause>(['stranger', 'untrusted', 'insecure']);

const connections = new Map<string, Connection>();

/** Elements of one page that watch the same server by its cookie share one socket. */
function sharedConnection(server: string): Connection {
  const known = connections.get(server);
  if (known) return known;
  const connection = new Connection({ server });
  connections.set(server, connection);
  connection.start();
  return connection;
}

export class BelvedereCamera extends LitElement {
  static override styles = cameraStyles;
  static override properties: PropertyDeclarations = {
    camera: { type: String },
    server: { type: String },
    label: { type: String },
    controls: { type: Boolean },
    authorize: { attribute: false },
    poster: { attribute: false },
    away: { state: true },
    factsOpen: { state: true },
    paused: { state: true },
    kept: { state: true },
    full: { state: true },
    patient: { state: true },
  };

  declare camera: string;
  declare server: string;
  declare label: string;
  declare controls: boolean;
  declare poster: ImageBitmap | null;
  declare away: boolean;
  declare factsOpen: boolean;
  declare paused: boolean;
  /** The last frame of a picture that ended stands, dimmed, until the next one comes. */
  declare kept: boolean;
  declare full: boolean;
  /** Just begun: a picture that is about to come needs no words before it. */
  declare patient: boolean;
  declare authorize: ((camera: string) => Promise<string | null>) | undefined;
  /** The connection to use, where the page has one; else elements share one for each server. */
  connectTo: Connection | undefined;
  posterAt: number | null = null;
  /** The sentence and the advice for each cause, and for what the browser found out; ours unless a page has better. */
  words: (cause: Cause, verdict: string | null) => { sentence: string; advice: string } = causeWords;
  /** Called before a picture leaves the screen, so that a page can keep its last still. */
  leaving: ((video: HTMLVideoElement, privacy: Privacy | null) => void) | undefined;
  private current: Viewer | null = null;
  private connection: Connection | null = null;
  private own: Connection | null = null;
  private controlsTimer: ReturnType<typeof setTimeout> | undefined;
  private sightTimer: ReturnType<typeof setTimeout> | undefined;
  private seen = true;
  private observer: IntersectionObserver | undefined;

  constructor() {
    super();
    this.camera = this.server = this.label = '';
    this.controls = this.factsOpen = this.paused = this.full = false;
    this.away = this.patient = this.kept = false;
    this.poster = null;
  }

  get viewer(): Viewer | null {
    return this.current;
  }

  set viewer(viewer: Viewer | null) {
    if (viewer === this.current) return;
    this.unhear();
    this.current = viewer;
    this.factsOpen = this.paused = this.kept = false;
    this.requestUpdate();
    if (!viewer) return;
    this.wake();
    for (const type of ['change', 'quality'] as const) viewer.addEventListener(type, this.onViewer);
    viewer.addEventListener('video', this.onVideo);
    viewer.addEventListener('picture', this.onPicture);
    viewer.addEventListener('gone', this.onGone);
    this.patient = viewer.phase === 'connecting';
    setTimeout(() => (this.patient = false), PATIENCE_MS);
  }

  get muted(): boolean {
    return this.current?.muted ?? true;
  }

  set muted(muted: boolean) {
    if (this.current) this.current.muted = muted;
    this.requestUpdate();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // Moved within its page: it starts again.
    if (this.hasUpdated) this.requestUpdate('camera', '');
    this.observer = new IntersectionObserver(([entry]) => {
      this.seen = entry?.isIntersecting ?? true;
      this.sight();
    });
    this.observer.observe(this);
    document.addEventListener('visibilitychange', this.sight);
    document.addEventListener('fullscreenchange', this.onFullscreen);
    for (const type of ['pointermove', 'pointerdown', 'keydown', 'focusin'] as const) {
      this.addEventListener(type, this.wake);
    }
    this.wake();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.observer?.disconnect();
    clearTimeout(this.controlsTimer);
    clearTimeout(this.sightTimer);
    document.removeEventListener('visibilitychange', this.sight);
    document.removeEventListener('fullscreenchange', this.onFullscreen);
    this.leave();
    this.leaveConnection();
  }

  override render(): TemplateResult {
    const phase = this.current?.phase ?? 'idle';
    const shown = this.current?.video ?? null;
    return html`
      <canvas ?hidden=${(!this.poster && !this.kept) || shown !== null || DISTRUST.has(this.current?.cause ?? null)}></canvas>
      <div class="stage ${phase === 'live' ? '' : 'stale'}"></div>
      <div class="notice" role="status">${this.notice()}</div>
      ${this.controls ? this.bar() : nothing}
    `;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!this.isConnected || !['camera', 'server', 'authorize'].some((name) => changed.has(name))) return;
    // A viewer that the page has set itself stays the page's.
    if (this.current && !this.connection) return;
    this.leaveConnection();
    if (!this.camera) return;
    this.connection = this.connectTo ?? this.ownConnection() ?? sharedConnection(this.server);
    this.viewer = this.connection.watch(this.camera);
  }

  /** A right of its own needs a socket of its own. */
  private ownConnection(): Connection | null {
    const { authorize, camera, server } = this;
    if (!authorize) return null;
    // A ticket opens one camera: the socket ends with it.
    this.own = new Connection({ server, authorize: () => authorize(camera) });
    this.own.start();
    return this.own;
  }

  private leave(): void {
    const { video, privacy } = this.current ?? {};
    if (video) this.leaving?.(video, privacy ?? null);
  }

  private leaveConnection(): void {
    if (this.connection && this.current) this.connection.leave(this.current);
    this.viewer = null;
    this.connection = null;
    this.own?.stop();
    this.own = null;
  }

  protected override updated(changed: PropertyValues): void {
    this.place();
    // A kept frame is newer than any still.
    if (changed.has('poster') && this.poster && !this.kept) {
      this.drawStill(this.poster, this.poster.width, this.poster.height);
    }
  }

  // --- the picture ---

  private place(): void {
    const stage = this.renderRoot.querySelector('.stage');
    const shown = this.current?.video ?? null;
    for (const video of this.current?.videos ?? []) {
      if (video.parentNode !== stage) stage?.append(video);
      video.classList.toggle('shown', video === shown);
      video.setAttribute('aria-label', text.watch.video(this.label || text.nav.cameras));
    }
  }

  private drawStill(still: CanvasImageSource, width: number, height: number): void {
    const canvas = this.renderRoot.querySelector('canvas');
    if (!canvas) return;
    canvas.width = width;
    canvas.height = height;
    canvas.getContext('2d')?.drawImage(still, 0, 0);
  }

  private unhear(): void {
    const viewer = this.current;
    if (!viewer) return;
    for (const type of ['change', 'quality'] as const) viewer.removeEventListener(type, this.onViewer);
    viewer.removeEventListener('video', this.onVideo);
    viewer.removeEventListener('picture', this.onPicture);
    viewer.removeEventListener('gone', this.onGone);
    for (const video of viewer.videos) video.remove();
  }

  private readonly onVideo = (): void => this.place();

  private readonly onPicture = (): void => {
    performance.clearMarks('belvedere:first-frame');
    performance.mark('belvedere:first-frame');
    this.kept = false;
    this.place();
    this.wake();
    this.tell('firstframe', { firstFrameMs: this.current?.firstFrameMs });
  };

  private readonly onGone = (event: Event): void => {
    const video = (event as CustomEvent<HTMLVideoElement>).detail;
    if (!video.videoWidth) return;
    this.drawStill(video, video.videoWidth, video.videoHeight);
    this.kept = true;
  };

  private readonly onViewer = (event: Event): void => {
    this.requestUpdate();
    const { phase, cause, via, verdict, privacy, quality } = this.current ?? {};
    if (event.type === 'change' && phase !== 'live') this.wake();
    if (event.type === 'change') this.tell('statechange', { phase, cause, via, verdict, privacy });
    else this.tell('quality', quality);
  };

  private tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  // --- out of sight ---

  private readonly sight = (): void => {
    clearTimeout(this.sightTimer);
    if (this.seen && !document.hidden) this.resume();
    else this.sightTimer = setTimeout(() => this.pause(), OUT_OF_SIGHT_MS);
  };

  private pause(): void {
    this.leave();
    this.paused = true;
    this.current?.stop();
  }

  private resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.current?.start();
  }

  // --- words over the picture ---

  private notice(): TemplateResult | typeof nothing {
    if (this.paused) return html`<p>${text.watch.paused}</p>`;
    const phase = this.current?.phase ?? 'idle';
    if (phase === 'live' || phase === 'idle' || this.patient) return nothing;
    const cause = this.current?.cause ?? null;
    if (phase === 'connecting' && cause === null) return html`${pulse}<p>${text.watch.opening}</p>`;
    if (phase === 'stalled' && cause === null) return html`${pulse}<p>${text.watch.stalled}</p>${this.age()}`;
    const words = this.words(cause ?? 'ended', this.current?.verdict ?? null);
    return html`
      ${phase === 'refused' ? nothing : pulse}
      <p class="sentence">${words.sentence}</p>
      <p class="advice">${words.advice}</p>
      ${this.age()}
      ${phase === 'connecting' ? nothing : html`<button @click=${this.again}>${text.watch.tryNow}</button>`}
    `;
  }

  /** Whatever is behind the words is old: say how old. */
  private age(): TemplateResult | typeof nothing {
    const at = this.current?.lastFrameAt ?? (this.poster ? this.posterAt : null);
    return at ? html`<p class="age">${text.watch.lastPicture(ago(at, Date.now()))}</p>` : nothing;
  }

  private again(): void {
    this.current?.nudge();
    this.current?.start();
  }

  // --- controls ---

  private bar(): TemplateResult {
    const way = this.current?.phase === 'live' ? this.current.quality?.way : null;
    const kind = this.current?.privacy ?? null;
    return html`
      ${this.factsOpen ? factsPanel(this.current, () => this.toggleFacts()) : nothing}
      <div class="bar ${this.away && !this.factsOpen ? 'away' : ''}">
        ${this.current?.audible ? this.muteButton() : nothing}
        ${
          way
            ? html`<button
              class="badge"
              aria-expanded=${this.factsOpen}
              title=${text.watch.facts}
              @click=${() => this.toggleFacts()}
            >
              <span class="dot ${way} ${kind ?? ''}"></span>
              <span>${text.watch.ways[way]}${kind ? ` · ${text.privacy.badge[kind]}` : ''}</span>
            </button>`
            : nothing
        }
        <span class="space"></span>
        ${button(
          this.full ? 'minimize' : 'maximize',
          this.full ? text.watch.leaveFullScreen : text.watch.fullScreen,
          () => this.toggleFullscreen(),
        )}
      </div>
    `;
  }

  private muteButton(): TemplateResult {
    const { muted } = this;
    const label = muted ? text.watch.unmute : text.watch.mute;
    return button(muted ? 'volumeOff' : 'volume', label, () => this.toggleMute());
  }

  toggleMute(): void {
    this.muted = !this.muted;
  }

  toggleFacts(): void {
    this.factsOpen = !this.factsOpen;
    this.wake();
  }

  /** Full screen of the nearest `[data-fullscreen]` around, so that a page's own bar comes along. */
  toggleFullscreen(): void {
    if (document.fullscreenElement) return void document.exitFullscreen();
    const target = this.closest('[data-fullscreen]') ?? this;
    if ('requestFullscreen' in target) return void target.requestFullscreen().catch(() => undefined);
    // iPhones let only the video itself fill the screen.
    (this.current?.video as unknown as { webkitEnterFullscreen?(): void } | null)?.webkitEnterFullscreen?.();
  }

  private readonly onFullscreen = (): void => {
    this.full = document.fullscreenElement !== null;
  };

  /** Shows the controls and lets them go again while there is a picture to see. */
  readonly wake = (): void => {
    clearTimeout(this.controlsTimer);
    if (this.away) this.setAway(false);
    this.controlsTimer = setTimeout(() => {
      if (this.current?.phase === 'live' && !this.factsOpen) this.setAway(true);
    }, CONTROLS_MS);
  };

  private setAway(away: boolean): void {
    this.away = away;
    this.tell('controlschange', { visible: !away });
  }
}

const pulse = html`<span class="pulse" aria-hidden="true"><i></i><i></i><i></i></span>`;

const button = (name: Parameters<typeof icon>[0], label: string, click: () => void): TemplateResult =>
  html`<button aria-label=${label} title=${label} @click=${click}>${icon(name)}</button>`;

if (!customElements.get('belvedere-camera')) customElements.define('belvedere-camera', BelvedereCamera);
