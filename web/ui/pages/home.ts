import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Camera } from '../../core/model';
import { isGuest } from '../../core/sharing';
import { isContested, standing } from '../../core/states';
import { icon } from '../icons';
import { linkButton, Page } from '../page';
import { address } from '../router';
import { standingBadge, standingWords } from '../standing';
import { recall, type Still } from '../stills';
import { text } from '../text';
import { ago } from '../time';
import { circleNote } from './circle-note';

const words = text.home;
/** "5 minutes ago" has to become "6 minutes ago". */
const CLOCK_MS = 30_000;

class HomePage extends Page {
  static override properties: PropertyDeclarations = { now: { state: true }, stills: { state: true } };

  declare now: number;
  declare stills: Map<string, Still>;
  private clock: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.now = Date.now();
    this.stills = new Map();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.clock = setInterval(() => (this.now = Date.now()), CLOCK_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.clock);
  }

  override render(): TemplateResult {
    const { cameras, reachable } = this.household;
    if (!cameras) return reachable ? skeleton() : failed(() => void this.household.reload());
    if (cameras.size === 0) return empty();
    const list = [...cameras.values()].sort((a, b) => a.created_at.localeCompare(b.created_at));
    return html`
      <main class="wide-page" id="content">
        <div class="page-head">
          <h1 tabindex="-1">${words.title}</h1>
          ${linkButton(address.add, text.nav.add, 'plus')}
        </div>
        ${circleNote(this.household, () => this.requestUpdate())}
        <ul class="grid">
          ${repeat(
            list,
            (camera) => camera.id,
            (camera) => this.tile(camera),
          )}
        </ul>
      </main>
    `;
  }

  protected override updated(_: PropertyValues): void {
    for (const id of this.household.cameras?.keys() ?? []) {
      if (!this.stills.has(id)) void this.loadStill(id);
    }
    for (const canvas of this.querySelectorAll<HTMLCanvasElement>('canvas[data-camera]')) {
      draw(canvas, this.stills.get(canvas.dataset['camera'] ?? ''));
    }
  }

  private async loadStill(id: string): Promise<void> {
    const still = await recall(id, this.household.connection.visits.believesServer(id));
    if (still && !this.stills.has(id)) this.stills = new Map(this.stills).set(id, still);
  }

  private still(id: string): Still | undefined {
    const still = this.stills.get(id);
    return still?.believed && !this.household.connection.visits.believesServer(id) ? undefined : still;
  }

  private tile(camera: Camera): TemplateResult {
    const kind = standing(camera, this.household.api.now());
    const state = standingWords(camera, this.now);
    const watchable = kind === 'online' || kind === 'offline';
    const still = this.still(camera.id);
    const guest = isGuest(camera);
    return html`
      <li class="tile ${kind}">
        <a
          class="picture"
          href=${watchable ? address.watch(camera.id) : guest ? address.settings(camera.id) : address.pair(camera.id)}
          @click=${(event: MouseEvent) => void this.open(event, camera, watchable)}
        >
          <span class="unseen">${(watchable ? words.watch : words.open)(camera.name, state)}</span>
          ${still ? html`<canvas data-camera=${camera.id}></canvas>` : this.plain(kind)}
          ${still ? html`<span class="age">${words.pictureFrom(ago(still.at, this.now))}</span>` : nothing}
          ${watchable ? html`<span class="play">${icon('play')}</span>` : nothing}
        </a>
        <div class="caption">
          <div>
            <h2>${camera.name}</h2>
            ${standingBadge(camera, this.now)}
            ${guest ? html`<p class="whose">${text.sharing.sharedBy(camera.access.owner)}</p>` : nothing}
            ${
              !guest && isContested(camera)
                ? html`<a class="warning" href=${address.settings(camera.id)}>${text.settings.contested}</a>`
                : nothing
            }
          </div>
          <a class="round" href=${address.settings(camera.id)} aria-label=${words.settings(camera.name)}>
            ${icon('settings')}
          </a>
        </div>
      </li>
    `;
  }

  private plain(kind: ReturnType<typeof standing>): TemplateResult {
    const name = kind === 'online' || kind === 'confirm' ? 'cctv' : kind === 'offline' ? 'unplug' : 'qrCode';
    return html`<span class="plain">
      ${icon(name)}${kind === 'online' ? html`<span>${words.noPicture}</span>` : nothing}
    </span>`;
  }

  /** The first message leaves inside the click; the page follows. */
  private async open(event: MouseEvent, camera: Camera, watchable: boolean): Promise<void> {
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (!watchable || !plain) return;
    event.preventDefault();
    if (await this.household.click(camera.id)) location.hash = address.watch(camera.id);
  }
}

function draw(canvas: HTMLCanvasElement, still: Still | undefined): void {
  if (!still || canvas.dataset['at'] === String(still.at)) return;
  canvas.dataset['at'] = String(still.at);
  canvas.width = still.picture.width;
  canvas.height = still.picture.height;
  canvas.getContext('2d')?.drawImage(still.picture, 0, 0);
}

const skeleton = (): TemplateResult => html`
  <main class="wide-page" id="content" aria-busy="true">
    <div class="page-head"><h1 tabindex="-1">${words.title}</h1></div>
    <ul class="grid" aria-hidden="true">
      ${[1, 2, 3].map(() => html`<li class="tile ghost"><span class="picture"></span></li>`)}
    </ul>
    <p class="unseen" role="status">${text.loading}</p>
  </main>
`;

const failed = (retry: () => void): TemplateResult => html`
  <main class="narrow centred" id="content">
    <span class="emblem">${icon('unplug')}</span>
    <h1 tabindex="-1">${words.failed}</h1>
    <p class="lead">${text.unreachableAction}</p>
    <button class="button" @click=${retry}>${words.retry}</button>
  </main>
`;

const empty = (): TemplateResult => html`
  <main class="narrow centred" id="content">
    <span class="emblem">${icon('cctv')}</span>
    <h1 tabindex="-1">${words.emptyTitle}</h1>
    <p class="lead">${words.emptyBody}</p>
    ${linkButton(address.add, words.emptyAction, 'plus', 'primary')}
  </main>
`;

customElements.define('belvedere-home', HomePage);
