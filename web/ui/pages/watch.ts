import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { standing } from '../../core/states';
import type { Circle } from '../../core/trust/circle';
import type { Viewer } from '../../core/viewer';
import type { Cause } from '../../core/watch-state';
import '../belvedere-camera';
import type { BelvedereCamera } from '../belvedere-camera';
import { icon } from '../icons';
import { Page } from '../page';
import { address } from '../router';
import { standingBadge } from '../standing';
import { capture, keep, recall, type Still } from '../stills';
import { text } from '../text';
import { trust } from '../words/trust';
import { askWho } from './circle-note';

const words = trust.watch;
/** The last still is renewed this often, so that it is never much older than the visit. */
const STILL_MS = 30_000;
const STILL_AFTER_MS = 150;
/** Of the camera's words, which the server passes on. */
const MAX_ANSWER = 200;
/** The very first frame may be old or half painted; a moment later the picture is settled. */
const FIRST_STILL_MS = 1_500;

class WatchPage extends Page {
  static override properties: PropertyDeclarations = {
    camera: { attribute: false },
    chrome: { state: true },
    live: { state: true },
    still: { state: true },
  };

  /** Null while nobody watches: the page then stands ready, unseen. */
  declare camera: string | null;
  declare chrome: boolean;
  declare live: boolean;
  declare still: Still | null;
  private viewer: Viewer | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  private poster: ReturnType<typeof setTimeout> | undefined;
  private first: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.camera = null;
    this.chrome = true;
    this.live = false;
    this.still = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('keydown', this.onKey);
    this.timer = setInterval(() => this.keepStill(), STILL_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('keydown', this.onKey);
    clearInterval(this.timer);
    this.leave();
  }

  override render(): TemplateResult {
    const camera = this.household.cameras?.get(this.camera ?? '');
    const name = camera?.name ?? '';
    const now = this.household.api.now();
    return html`
      <main
        class="watch ${this.camera ? 'raised' : ''} ${this.chrome ? '' : 'bare'}"
        id=${this.camera ? 'content' : nothing}
        ?inert=${!this.camera}
        data-fullscreen
      >
        <belvedere-camera
          controls
          .label=${name}
          .viewer=${this.viewer}
          .poster=${this.still?.picture ?? null}
          .posterAt=${this.still?.at ?? null}
          .words=${(cause: Cause, verdict: string | null) => this.household.cause(cause, verdict)}
          .leaving=${(video: HTMLVideoElement) => this.keepStill(video)}
          @controlschange=${(event: CustomEvent<{ visible: boolean }>) => (this.chrome = event.detail.visible)}
          @statechange=${(event: CustomEvent<{ phase: string }>) => this.onState(event.detail.phase)}
          @firstframe=${() => this.onFirstFrame()}
        ></belvedere-camera>
        ${this.viewer?.phase === 'refused' ? this.wayOn(this.viewer) : nothing}
        <header class="watch-bar">
          <a class="round" href=${address.home} aria-label=${text.watch.toCameras}>${icon('arrowLeft')}</a>
          <div class="who">
            <h1 tabindex="-1">${name}</h1>
            ${
              this.live
                ? html`<span class="standing live"><i aria-hidden="true"></i>${text.watch.live}</span>`
                : camera && standing(camera, now) !== 'online'
                  ? standingBadge(camera, now)
                  : nothing
            }
          </div>
          <a class="round" href=${address.settings(this.camera ?? '')} aria-label=${text.watch.settings}>
            ${icon('settings')}
          </a>
        </header>
      </main>
    `;
  }

  /** What a person can do where there is no picture, and trying again would not help. */
  private wayOn({ camera, cause, detail }: Viewer): TemplateResult | typeof nothing {
    const { circle } = this.household.trust;
    if (circle?.isDisputed(camera))
      return asking(words.disputed, words.take, () => void circle.takeDisputed(camera));
    return circle && cause === 'stranger' ? this.letIn(circle, camera, detail.slice(0, MAX_ANSWER)) : nothing;
  }

  /** `why`: what was said by whoever refused what this browser showed. */
  private letIn(circle: Circle, camera: string, why: string): TemplateResult | typeof nothing {
    const { fates, settling } = this.household.trust;
    if (circle.asksWho) return askWho(this.household, 'watch-ask');
    if (circle.standing.kind !== 'member')
      return html`<p class="watch-ask"><a class="button" href=${address.devices}>${words.letIn}</a></p>`;
    if (circle.credentials(camera) !== 'stranger') return why ? told(words.answered(why)) : nothing;
    if (fates.get(camera) === 'refuted') return told(trust.code.refuted);
    if (settling.has(camera) || !circle.mayTrustServer(camera)) return nothing;
    return asking(words.unproven, words.trustServer, () => void circle.trustServer(camera));
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('camera')) return;
    this.leave();
    this.still = null;
    this.chrome = true;
    if (!this.camera) return;
    this.viewer = this.household.watch(this.camera);
    this.live = this.viewer.phase === 'live';
    // Drawn only where it is needed: a quick connection has its picture sooner than a still is decoded.
    this.poster = setTimeout(() => void this.showStill(), STILL_AFTER_MS);
  }

  private async showStill(): Promise<void> {
    const { camera } = this;
    const still =
      this.live || !camera
        ? null
        : await recall(camera, this.household.connection.visits.believesServer(camera));
    if (!this.live && this.camera === camera) this.still = still;
  }

  private leave(): void {
    clearTimeout(this.poster);
    clearTimeout(this.first);
    this.live = false;
    if (document.fullscreenElement) void document.exitFullscreen();
    if (!this.viewer) return;
    if (this.viewer.video) this.keepStill(this.viewer.video);
    this.household.connection.leave(this.viewer);
    this.viewer = null;
  }

  private onState(phase: string): void {
    this.live = phase === 'live';
    this.requestUpdate();
    if (phase === 'refused' && this.camera && this.viewer?.cause === 'stranger') {
      this.household.trust.look(this.camera);
    }
    if (!this.live && !this.still) void this.showStill();
  }

  private onFirstFrame(): void {
    this.still = null;
    clearTimeout(this.first);
    this.first = setTimeout(() => this.keepStill(), FIRST_STILL_MS);
  }

  private keepStill(video: HTMLVideoElement | null = this.viewer?.video ?? null): void {
    if (!video || this.viewer?.phase !== 'live') return;
    const picture = capture(video);
    if (picture) keep(this.viewer.camera, picture, this.viewer.privacy, Date.now());
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    const player = this.querySelector<BelvedereCamera>('belvedere-camera');
    if (!player || !this.camera || event.ctrlKey || event.metaKey || event.altKey) return;
    player.wake();
    if (event.key === 'm') player.toggleMute();
    else if (event.key === 'f') player.toggleFullscreen();
    else if (event.key === 'i') player.toggleFacts();
    else if (event.key === 'Escape' && player.factsOpen) player.toggleFacts();
    else if (event.key === 'Escape' && !document.fullscreenElement) location.hash = address.home;
  };
}

const told = (sentence: string): TemplateResult => html`<p class="watch-ask"><span>${sentence}</span></p>`;

const asking = (sentence: string, action: string, act: () => void): TemplateResult => html`
  <p class="watch-ask">
    <span>${sentence}</span>
    <button class="button" @click=${act}>${action}</button>
  </p>
`;

customElements.define('belvedere-watch', WatchPage);
