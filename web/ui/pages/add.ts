import { html, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import type { Paired, WifiFields } from '../../core/api';
import type { Camera, Pairing } from '../../core/model';
import { wifiFault, type WifiFault } from '../../core/qr-payload';
import { readSecret, type CameraSecret, type SecretFault } from '../../core/setup-code';
import { standing } from '../../core/states';
import { sentenceOf } from '../household';
import { Page } from '../page';
import { address } from '../router';
import { text } from '../text';
import { limits, NO_MORE } from './add-more';
import { modelQuestion, nameQuestion, wifiQuestion, type WifiAnswer } from './add-questions';
import './pairing';

const words = text.add;
const NO_WIFI: WifiAnswer = { ssid: '', password: '', hidden: false, wired: false, more: NO_MORE };

type Step = 'model' | 'wifi' | 'name' | 'code';

/** The wizard: four steps for a new camera, Wi-Fi and code alone for one that is paired again. */
class AddPage extends Page {
  static override properties: PropertyDeclarations = {
    camera: { attribute: false },
    step: { state: true },
    wifi: { state: true },
    wifiFault: { state: true },
    secretFault: { state: true },
    fault: { state: true },
    busy: { state: true },
    pairing: { state: true },
  };

  /** Id of the camera to pair again; null for a new one. */
  declare camera: string | null;
  declare step: Step;
  /** The password lives in this page only, and no longer than the code needs it. */
  declare wifi: WifiAnswer;
  declare wifiFault: WifiFault | null;
  declare secretFault: SecretFault | null;
  declare fault: string | null;
  declare busy: boolean;
  declare pairing: Pairing | null;
  private model = 'belvedere';
  private name = '';
  private target: string | null = null;
  /** For which camera alone the password is encrypted. */
  private secret: CameraSecret | null = null;

  constructor() {
    super();
    this.camera = this.wifiFault = this.secretFault = this.fault = this.pairing = null;
    this.step = 'model';
    this.wifi = NO_WIFI;
    this.busy = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const camera = this.camera ? this.household.cameras?.get(this.camera) : undefined;
    if (camera) this.begin(camera);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.wifi = NO_WIFI;
    this.secret = this.pairing = null;
  }

  override render(): TemplateResult {
    const steps: Step[] = this.camera ? ['wifi', 'code'] : ['model', 'wifi', 'name', 'code'];
    const at = steps.indexOf(this.step);
    const dot = (index: number): string => (index < at ? 'done' : index === at ? 'now' : '');
    return html`
      <main class="wizard at-${this.step}" id="content">
        <p class="where">
          <span>${this.camera ? words.pairTitle(this.name) : words.title}</span>
          <span class="unseen">${words.step(at + 1, steps.length)}</span>
          <span class="dots" aria-hidden="true">${steps.map((_, index) => html`<i class=${dot(index)}></i>`)}</span>
        </p>
        ${this.question()}
      </main>
    `;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.get('step') === undefined) return;
    this.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }

  /** Pairing again starts at the Wi-Fi; a camera that is on its way already is only followed. */
  private begin(camera: Camera): void {
    this.model = camera.model;
    this.name = camera.name;
    this.wifi = { ...NO_WIFI, ssid: camera.pairing?.ssid ?? '', hidden: camera.pairing?.hidden ?? false };
    this.step = 'wifi';
    this.target = camera.id;
    const kind = standing(camera, this.household.api.now());
    if (kind === 'confirm' || kind === 'pairing') this.step = 'code';
  }

  private question(): TemplateResult {
    const { step, fault, busy } = this;
    if (step === 'model') {
      return modelQuestion(this.model, address.home, (model) => {
        this.model = model;
        this.step = 'wifi';
      });
    }
    if (step === 'wifi') return this.wifiStep();
    if (step === 'name') {
      const back = (): void => void (this.step = 'wifi');
      return nameQuestion(this.name, fault, busy, back, (name) => void this.takeName(name));
    }
    return html`<belvedere-pairing
      .household=${this.household}
      .camera=${this.target}
      .pairing=${this.pairing}
      .model=${this.model}
      .wifi=${this.wifi}
      .secret=${this.secret}
      .trouble=${this.fault}
      @newcode=${() => this.newCode()}
      @over=${() => this.forgetPassword()}
      @startover=${() => this.startOver()}
    ></belvedere-pairing>`;
  }

  private wifiStep(): TemplateResult {
    const { camera } = this;
    return wifiQuestion({
      model: this.model,
      answer: this.wifi,
      wifiFault: this.wifiFault,
      fault: this.fault,
      busy: this.busy,
      back: camera ? address.settings(camera) : () => void (this.step = 'model'),
      secretFault: this.secretFault && words.more.faults[this.secretFault],
      more: (more) => (this.wifi = { ...this.wifi, more }),
      wire: (wired) => (this.wifi = { ...this.wifi, wired }),
      done: (answer) => void this.takeWifi(answer),
    });
  }

  private async takeWifi(answer: WifiAnswer): Promise<void> {
    this.wifi = answer;
    this.wifiFault = answer.wired ? null : wifiFault(answer.ssid, answer.password);
    const secret = this.takeSecret(answer);
    this.secretFault = typeof secret === 'string' ? secret : null;
    if (this.wifiFault || typeof secret === 'string') return;
    this.secret = secret;
    if (this.target) await this.pair(() => this.household.api.pairAgain(this.target ?? '', this.network()));
    else this.step = 'name';
  }

  /** What stands on the camera, where the person typed it; nothing to encrypt, no use for it. */
  private takeSecret({ wired, password, more }: WifiAnswer): CameraSecret | SecretFault | null {
    return wired || password === '' || more.secret === '' ? null : readSecret(more.secret);
  }

  private async takeName(name: string): Promise<void> {
    this.name = name;
    this.fault = name ? null : words.name.missing;
    if (!name) return;
    const fields = { name, model: this.model, ...this.network() };
    await this.pair(() => this.household.api.addCamera(fields));
  }

  /** What the server may know of the Wi-Fi: all but the password. */
  private network(): WifiFields {
    return { ssid: this.wifi.ssid, hidden: this.wifi.hidden, ...limits(this.wifi.more) };
  }

  private async pair(ask: () => Promise<Paired>): Promise<void> {
    this.busy = true;
    this.fault = null;
    try {
      const { camera, pairing } = await ask();
      this.target = camera.id;
      this.pairing = pairing;
      this.household.put(camera);
      this.step = 'code';
    } catch (error) {
      this.fault = sentenceOf(error);
    } finally {
      this.busy = false;
    }
  }

  /** The same Wi-Fi again, unless its password is gone: then it is asked for. */
  private newCode(): void {
    const known = this.wifi.wired || this.wifi.password !== '' || this.pairing !== null;
    if (known) void this.pair(() => this.household.api.pairAgain(this.target ?? '', this.network()));
    else this.step = 'wifi';
  }

  private forgetPassword(): void {
    this.wifi = { ...this.wifi, password: '', more: { ...this.wifi.more, secret: '' } };
    this.secret = this.pairing = null;
  }

  /** With another camera: the one of this page is gone, or nobody's. */
  private startOver(): void {
    if (this.camera) location.hash = address.add;
    this.forgetPassword();
    this.target = null;
    this.name = '';
    this.step = 'model';
  }
}

customElements.define('belvedere-add', AddPage);
