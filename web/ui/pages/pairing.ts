import { html, nothing, type PropertyDeclarations, type PropertyValues, svg, type TemplateResult } from 'lit';
import type { Camera, Pairing } from '../../core/model';
import { qrModules, qrPath } from '../../core/qr-code';
import { compactPayload, longPayload, type OnboardingCode } from '../../core/qr-payload';
import { PAIRING_STEPS, pairingProgress, stuckAt } from '../../core/states';
import '../belvedere-camera';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, Page } from '../page';
import { address } from '../router';
import { text } from '../text';
import { countdown } from '../time';

const words = text.add.code;

/**
 * The wizard's last step: the code, what has become of it, the first picture, and whose camera it is.
 * Events: `used` (the code has done its work), `newcode` (another is wanted).
 */
class PairingStepElement extends Page {
  static override properties: PropertyDeclarations = {
    camera: { attribute: false },
    pairing: { attribute: false },
    model: { attribute: false },
    wifi: { attribute: false },
    now: { state: true },
    fault: { state: true },
    refused: { state: true },
    copied: { state: true },
  };

  declare camera: string;
  /** With its token while the code is to be shown; null when it was used or made elsewhere. */
  declare pairing: Pairing | null;
  declare model: string;
  declare wifi: { ssid: string; password: string; hidden: boolean };
  declare now: number;
  declare fault: string | null;
  declare refused: boolean;
  declare copied: boolean;
  private clock: ReturnType<typeof setInterval> | undefined;
  /** When the code was shown or the last step came, server's clock. */
  private heardAt = 0;
  private step = '';
  private known: Camera | null = null;
  private drawn = { payload: '', path: '', size: 0 };

  constructor() {
    super();
    this.now = 0;
    this.fault = null;
    this.refused = this.copied = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.tick();
    this.heardAt = this.now;
    this.clock = setInterval(() => this.tick(), 1000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.clock);
  }

  override render(): TemplateResult | typeof nothing {
    const camera = this.known;
    if (this.refused) return this.refusal();
    if (!camera) return nothing;
    if (camera.confirmed && !camera.pairing) return nothing;
    const step = camera.pairing?.step ?? (camera.online ? 'online' : 'waiting');
    if (camera.online && (step === 'online' || step === 'first_frame')) return this.firstPicture(camera);
    return this.showing(camera, step);
  }

  /** Beside a code there is room on a wide screen. */
  protected override updated(): void {
    this.classList.toggle('with-code', this.querySelector('.qr') !== null);
  }

  protected override willUpdate(changed: PropertyValues): void {
    this.known = this.household.cameras?.get(this.camera) ?? this.known;
    const step = this.known?.pairing?.step;
    if ((changed.has('pairing') && this.pairing) || (step ?? '') !== this.step) {
      this.heardAt = this.household.api.now();
      this.step = step ?? '';
    }
    if (this.pairing && step && step !== 'waiting' && step !== 'seen') this.tell('used');
  }

  private tick(): void {
    this.now = this.household.api.now();
  }

  private tell(name: 'used' | 'newcode'): void {
    queueMicrotask(() => this.dispatchEvent(new Event(name)));
  }

  // --- the code ---

  private showing(camera: Camera, step: string): TemplateResult {
    const pairing = this.pairing ?? camera.pairing;
    const expires = Date.parse(pairing?.expires_at ?? '') || 0;
    const open = step === 'waiting' || step === 'seen';
    const over = step === 'expired' || step === 'failed' || (open && this.now >= expires);
    const stuck = over ? null : stuckAt(step, this.now - this.heardAt);
    return html`
      <h1 tabindex="-1">${this.model === 'rtsp' ? words.questionPaste : words.question}</h1>
      ${over ? this.expired(camera) : this.code(step, expires)}
      <p class="unseen" role="status">${words.steps[step as keyof typeof words.steps] ?? nothing}</p>
      <ol class="progress">
        ${PAIRING_STEPS.map((name, index) => progress(index, pairingProgress(step), words.steps[name], over))}
      </ol>
      ${this.problem(camera)}
      ${stuck ? checklist(words.silent[stuck]) : nothing}
      <div class="actions"><a class="button quiet" href=${address.home}>${text.nav.cameras}</a></div>
    `;
  }

  private code(step: string, expires: number): TemplateResult {
    const used = step !== 'waiting' && step !== 'seen';
    if (used || !this.pairing?.token) return html`<p class="lead">${words.used}</p>`;
    const payload = this.payload(this.pairing, this.pairing.token);
    const { minutes, seconds } = countdown(expires, this.now);
    const left = html`<p class="countdown">${words.left(minutes, seconds)}</p>`;
    if (this.model === 'rtsp') return html`${this.paste(payload, null)}${left}`;
    const { path, size } = this.draw(payload);
    if (!size) return html`${this.paste(payload, words.tooLong)}${left}`;
    return html`
      <p class="lead">${words.lead}</p>
      <div class="qr">
        <svg viewBox="0 0 ${size} ${size}" role="img" aria-label=${words.label} shape-rendering="crispEdges">
          <rect width=${size} height=${size} fill="#fff" />
          ${svg`<path d=${path} fill="#000" />`}
        </svg>
      </div>
      ${left}
    `;
  }

  private payload(pairing: Pairing, token: string): string {
    const code: OnboardingCode = { ...this.wifi, serverUrl: pairing.server_url, token, pin: pairing.pin };
    return this.model === 'generic'
      ? longPayload(code, this.household.account?.id ?? '')
      : compactPayload(code);
  }

  private draw(payload: string): { path: string; size: number } {
    if (this.drawn.payload !== payload) {
      const modules = qrModules(payload);
      this.drawn = { payload, ...(modules ? qrPath(modules) : { path: '', size: 0 }) };
    }
    return this.drawn;
  }

  private paste(payload: string, why: string | null): TemplateResult {
    const copy = async (): Promise<void> => {
      await navigator.clipboard?.writeText(payload);
      this.copied = true;
    };
    return html`
      <p class="lead">${why ?? words.paste}</p>
      <div class="paste card">
        <code>${words.command}</code>
        <textarea readonly rows="4" aria-label=${words.label} .value=${payload}></textarea>
        <button class="button" @click=${copy}>
          ${icon(this.copied ? 'check' : 'copy')}<span>${this.copied ? text.copied : words.copyText}</span>
        </button>
        <p class="note">${words.pasteHint}</p>
      </div>
    `;
  }

  private expired(camera: Camera): TemplateResult {
    return html`
      <p class="lead">${camera.problem ? nothing : words.expired}</p>
      <button class="button primary" @click=${() => this.tell('newcode')}>
        ${icon('qrCode')}<span>${words.newCode}</span>
      </button>
    `;
  }

  private problem(camera: Camera): TemplateResult | typeof nothing {
    if (!camera.problem) return nothing;
    const { sentence, advice } = this.household.verdict(camera.problem.code, camera.problem.detail);
    return html`<p class="alert" role="alert"><b>${sentence}</b> ${advice}</p>`;
  }

  // --- the first picture ---

  private firstPicture(camera: Camera): TemplateResult {
    const shown = camera.pairing?.id ?? null;
    const seen = camera.pairing?.step === 'first_frame' || camera.first_frame;
    return html`
      <h1 tabindex="-1">${text.add.confirm.question}</h1>
      <p class="lead" role="status">${seen ? text.add.confirm.lead : text.add.confirm.coming}</p>
      <div class="first-picture">
        <belvedere-camera
          .label=${camera.name}
          .camera=${camera.id}
          .connectTo=${this.household.connection}
        ></belvedere-camera>
      </div>
      ${alert(this.fault)}
      <div class="actions">
        <button class="button quiet" @click=${() => void this.confirm(false, shown)}>${text.add.confirm.no}</button>
        <button class="button primary" @click=${() => void this.confirm(true, shown)}>
          ${icon('check')}<span>${text.add.confirm.yes}</span>
        </button>
      </div>
    `;
  }

  private async confirm(mine: boolean, shown: string | null): Promise<void> {
    this.fault = null;
    try {
      this.household.put(await this.household.api.confirm(this.camera, mine, shown));
      if (mine) location.hash = address.home;
      else this.refused = true;
    } catch (error) {
      this.fault = sentenceOf(error);
    }
  }

  private refusal(): TemplateResult {
    return html`
      <h1 tabindex="-1">${text.add.confirm.question}</h1>
      <p class="lead" role="status">${text.add.confirm.refused}</p>
      <div class="actions">
        <a class="button quiet" href=${address.home}>${text.nav.cameras}</a>
        <a class="button primary" href=${address.add}>${text.add.confirm.again}</a>
      </div>
    `;
  }
}

function progress(index: number, at: number, label: string, over: boolean): TemplateResult {
  const state = index < at ? 'done' : index === at && !over ? 'now' : '';
  return html`<li class=${state} aria-current=${state === 'now' ? 'step' : nothing}>
    <i aria-hidden="true">${state === 'done' ? icon('check') : nothing}</i>${label}
  </li>`;
}

const checklist = (items: readonly string[]): TemplateResult => html`
  <section class="card checklist" role="status">
    <h2>${words.silent.title}</h2>
    <ul>
      ${items.map((item) => html`<li>${item}</li>`)}
    </ul>
  </section>
`;

customElements.define('belvedere-pairing', PairingStepElement);
