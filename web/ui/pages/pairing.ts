import { html, nothing, type PropertyDeclarations, type PropertyValues, svg, type TemplateResult } from 'lit';
import { codeFate, type CodeFate } from '../../core/code-fate';
import type { Camera, Pairing } from '../../core/model';
import { qrModules, qrPath } from '../../core/qr-code';
import { compactPayload, longPayload, type OnboardingCode } from '../../core/qr-payload';
import type { Sealed } from '../../core/sealed-wifi';
import type { CameraSecret } from '../../core/setup-code';
import { PAIRING_STEPS, pairingProgress, stuckAt } from '../../core/states';
import '../belvedere-camera';
import type { BelvedereCamera } from '../belvedere-camera';
import { sentenceOf } from '../household';
import { icon, type IconName } from '../icons';
import { alert, Page } from '../page';
import { address } from '../router';
import { capture, keep } from '../stills';
import { text } from '../text';
import { countdown } from '../time';
import { trust } from '../words/trust';
import { askWho } from './circle-note';
import { fateNote, prepareProof, proofNote, refuted, unproven, type CodeProof } from './pairing-proof';

const words = text.add.code;

/**
 * The wizard's last step: the code, what has become of it, the first picture, and whose camera it is.
 * Events: `over` (the code has no more use, nor its password), `newcode` (another is wanted), `startover` (another
 * camera is wanted).
 */
class PairingStepElement extends Page {
  static override properties: PropertyDeclarations = {
    camera: { attribute: false },
    pairing: { attribute: false },
    model: { attribute: false },
    wifi: { attribute: false },
    secret: { attribute: false },
    trouble: { attribute: false },
    sealed: { state: true },
    proof: { state: true },
    now: { state: true },
    fault: { state: true },
    refused: { state: true },
    copied: { state: true },
  };

  declare camera: string;
  /** With its token while the code is to be shown; null when it is over or was made elsewhere. */
  declare pairing: Pairing | null;
  declare model: string;
  declare wifi: { ssid: string; password: string; hidden: boolean };
  /** For which camera alone the password is encrypted; null: for none. */
  declare secret: CameraSecret | null;
  /** The encrypted password of the pairing with this id. */
  declare sealed: (Sealed & { id: string }) | null;
  /** What the code of `pairing` proves; null until the server has what it needs. */
  declare proof: CodeProof | null;
  /** Why another code could not be made. */
  declare trouble: string | null;
  declare now: number;
  declare fault: string | null;
  declare refused: boolean;
  declare copied: boolean;
  private clock: ReturnType<typeof setInterval> | undefined;
  /** When the code was shown or the last step came, server's clock. */
  private heardAt = 0;
  private step = '';
  private known: Camera | undefined;
  /** The person has said yes, and another page follows. */
  private leaving = false;
  private drawn = { payload: '', path: '', size: 0 };

  constructor() {
    super();
    this.now = 0;
    this.fault = null;
    this.secret = this.sealed = this.proof = null;
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
    const { household, known: camera } = this;
    if (this.refused) return this.refusal();
    if (!household.cameras) return nothing;
    const fate = codeFate(this.shown, camera, this.now);
    if (fate !== 'good' && fate !== 'used') return this.over(fate, camera);
    if (!camera) return nothing;
    if (camera.confirmed && !camera.pairing) return this.leaving ? nothing : done();
    if (household.trust.fates.get(camera.id) === 'refuted') {
      return html`${refuted(camera, () => void this.confirm(false, camera.pairing?.id ?? null))}${alert(this.fault)}`;
    }
    const step = camera.pairing?.step ?? (camera.online ? 'online' : 'activated');
    if (camera.online && (step === 'online' || step === 'first_frame')) return this.firstPicture(camera);
    return this.showing(camera, step, fate);
  }

  /** Beside a code there is room on a wide screen. */
  protected override updated(): void {
    this.classList.toggle('with-code', this.querySelector('.qr') !== null);
  }

  protected override willUpdate(changed: PropertyValues): void {
    const { cameras } = this.household;
    if (cameras) this.known = cameras.get(this.camera);
    const step = this.known?.pairing?.step;
    if ((changed.has('pairing') && this.pairing) || (step ?? '') !== this.step) {
      this.heardAt = this.household.api.now();
      this.step = step ?? '';
    }
    if (changed.has('pairing') && this.pairing?.token) void this.prepare(this.pairing, this.pairing.token);
    const useless = cameras && ['used', 'removed'].includes(codeFate(this.shown, this.known, this.now));
    if (this.pairing && useless) this.tell('over');
  }

  private tick(): void {
    this.now = this.household.api.now();
  }

  /** Id of the pairing whose code this page has on its screen. */
  private get shown(): string | null {
    return this.pairing?.id ?? null;
  }

  private tell(name: 'over' | 'newcode' | 'startover'): void {
    queueMicrotask(() => this.dispatchEvent(new Event(name)));
  }

  // --- the code ---

  private showing(camera: Camera, step: string, fate: 'good' | 'used'): TemplateResult {
    const expires = Date.parse(this.pairing?.expires_at ?? '') || 0;
    const stuck = stuckAt(step, this.now - this.heardAt);
    const question = this.model === 'rtsp' ? words.questionPaste : words.question;
    return html`
      <h1 tabindex="-1">${fate === 'good' ? question : words.following}</h1>
      ${fate === 'good' ? this.code(expires) : html`<p class="lead">${words.used}</p>`}
      <p class="unseen" role="status">${words.steps[step as keyof typeof words.steps] ?? nothing}</p>
      <ol class="progress">
        ${PAIRING_STEPS.map((name, index) => progress(index, pairingProgress(step), words.steps[name]))}
      </ol>
      ${this.problem(camera)}
      ${stuck ? checklist(this.secret && stuck === 'code' ? [words.silent.secret, ...words.silent.code] : words.silent[stuck]) : nothing}
      <div class="actions"><a class="button quiet" href=${address.home}>${text.nav.cameras}</a></div>
    `;
  }

  private code(expires: number): TemplateResult | typeof nothing {
    if (!this.pairing?.token) return nothing;
    const { proof } = this;
    if (proof?.pairing !== this.pairing.id || (this.secret && this.sealed?.id !== this.pairing.id)) {
      return this.fault
        ? this.again(this.pairing, this.pairing.token)
        : html`<p class="lead" role="status">${words.busy}</p>`;
    }
    const payload = this.payload(this.pairing, this.pairing.token);
    const { minutes, seconds } = countdown(expires, this.now);
    const networks = this.pairing.allowed_networks;
    const left = html`<p class="countdown">${words.left(minutes, seconds)}</p>
      ${networks.length ? html`<p class="note">${words.onlyFrom(networks.join(', '))}</p>` : nothing} ${proofNote(proof)}`;
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
    const code: OnboardingCode = {
      ...this.wifi,
      ...(this.sealed?.id === pairing.id ? this.sealed : {}),
      serverUrl: pairing.server_url,
      token,
      pin: pairing.pin,
      proof: this.proof?.x ?? null,
    };
    return this.model === 'generic'
      ? longPayload(code, this.household.account?.id ?? '')
      : compactPayload(code);
  }

  /** The owner's proof is at the server, and the password encrypted, before anybody can read the code. */
  private async prepare(pairing: Pairing, token: string): Promise<void> {
    this.fault = null;
    try {
      this.proof = await prepareProof(this.household, this.camera, { ...pairing, token }, this.model);
      if (this.secret) await this.seal(pairing, token, this.secret);
    } catch (error) {
      this.fault = sentenceOf(error);
    }
  }

  private again(pairing: Pairing, token: string): TemplateResult {
    const retry = (): void => void this.prepare(pairing, token);
    return html`${alert(this.fault)}<button class="button" @click=${retry}>${trust.code.retry}</button>`;
  }

  /** Takes a second on a phone, on purpose; what it needs is loaded only now. */
  private async seal(pairing: Pairing, token: string, secret: CameraSecret): Promise<void> {
    try {
      const { seal } = await import('../../core/sealed-wifi');
      const code = { ...this.wifi, serverUrl: pairing.server_url, token };
      this.sealed = { ...(await seal(code, secret)), id: pairing.id };
    } catch {
      this.fault = words.unsealed;
    }
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
        <p class="note">${this.wifi.password ? words.pasteHint : words.pasteHintOpen}</p>
      </div>
    `;
  }

  /** The code is worth nothing any more: not a trace of it, what happened, and the way on. */
  private over(fate: Exclude<CodeFate, 'good' | 'used'>, camera: Camera | undefined): TemplateResult {
    return html`
      <h1 tabindex="-1">${camera ? words.over : words.overRemoved}</h1>
      <p class="lead" role="alert">${words.fates[fate]}</p>
      ${camera ? this.problem(camera) : nothing} ${alert(this.trouble)}
      <div class="actions">
        <a class="button quiet" href=${address.home}>${text.nav.cameras}</a>
        ${camera ? action('qrCode', words.newCode, () => this.tell('newcode')) : this.another()}
      </div>
    `;
  }

  private another(): TemplateResult {
    return action('plus', text.nav.add, () => this.tell('startover'));
  }

  private problem(camera: Camera): TemplateResult | typeof nothing {
    if (!camera.problem) return nothing;
    const { sentence, advice } = this.household.verdict(camera.problem.code, camera.problem.detail);
    return html`<p class="alert" role="alert"><b>${sentence}</b> ${advice}</p>`;
  }

  // --- the first picture ---

  private firstPicture(camera: Camera): TemplateResult {
    const { circle, fates, settling } = this.household.trust;
    if (settling.has(camera.id)) return html`<h1 tabindex="-1">${trust.code.checking}</h1>`;
    const shown = camera.pairing?.id ?? null;
    const fate = fates.get(camera.id);
    if ((fate === null || fate === 'missing') && circle?.mayTrustServer(camera.id)) {
      const goOn = (): void => void circle.trustServer(camera.id);
      return html`${unproven(fate, () => void this.confirm(false, shown), goOn)}${alert(this.fault)}`;
    }
    const seen = camera.pairing?.step === 'first_frame' || camera.first_frame;
    return html`
      <h1 tabindex="-1">${text.add.confirm.question}</h1>
      <p class="lead" role="status">${seen ? text.add.confirm.lead : text.add.confirm.coming}</p>
      ${fateNote(fate, this.household.connection.visits.believesServer(camera.id))}
      ${circle?.asksWho ? askWho(this.household, 'info') : nothing}
      <div class="first-picture">
        <belvedere-camera
          .label=${camera.name}
          .camera=${camera.id}
          .connectTo=${this.household.connection}
          .leaving=${this.keepStill}
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
    this.leaving = mine; // the event of it may come before the answer
    try {
      const camera = await this.household.api.confirm(this.camera, mine, shown);
      this.refused = !mine;
      this.household.put(camera);
      if (mine) location.hash = address.home;
    } catch (error) {
      this.leaving = false;
      this.fault = sentenceOf(error);
    }
  }

  /** What the person has just looked at is on the list already; a stranger's picture is not kept. */
  private readonly keepStill: BelvedereCamera['leaving'] = (video, privacy) => {
    const picture = this.leaving ? capture(video) : null;
    if (picture) keep(this.camera, picture, privacy, Date.now());
  };

  private refusal(): TemplateResult {
    return html`
      <h1 tabindex="-1">${text.add.confirm.question}</h1>
      <p class="lead" role="status">${text.add.confirm.refused}</p>
      <div class="actions">
        <a class="button quiet" href=${address.home}>${text.nav.cameras}</a>
        ${this.another()}
      </div>
    `;
  }
}

function progress(index: number, at: number, label: string): TemplateResult {
  const state = index < at ? 'done' : index === at ? 'now' : '';
  return html`<li class=${state} aria-current=${state === 'now' ? 'step' : nothing}>
    <i aria-hidden="true">${state === 'done' ? icon('check') : nothing}</i>${label}
  </li>`;
}

/** Somebody has confirmed the camera on another page. */
const done = (): TemplateResult => html`
  <h1 tabindex="-1">${words.steps.activated}</h1>
  <p class="lead" role="status">${words.done}</p>
  <div class="actions"><a class="button primary" href=${address.home}>${text.nav.cameras}</a></div>
`;

const action = (name: IconName, label: string, act: () => void): TemplateResult =>
  html`<button class="button primary" @click=${act}>${icon(name)}<span>${label}</span></button>`;

const checklist = (items: readonly string[]): TemplateResult => html`
  <section class="card checklist" role="status">
    <h2>${words.silent.title}</h2>
    <ul>
      ${items.map((item) => html`<li>${item}</li>`)}
    </ul>
  </section>
`;

customElements.define('belvedere-pairing', PairingStepElement);
