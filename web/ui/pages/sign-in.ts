import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { Problem } from '../../core/api';
import type { SecondFactor } from '../../core/factors';
import { passkeysHere, passkeysSupported, usePasskey } from '../../core/passkeys';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, field, fields, Page, passwordField } from '../page';
import { passkeyFault } from '../passkey-fault';
import { address } from '../router';
import { text } from '../text';
import { forgotten } from '../words/leaving';
import { security } from '../words/security';
import './second-step';

const words = text.signIn;
const { alone } = security;

class SignInPage extends Page {
  static override properties: PropertyDeclarations = {
    lead: { attribute: false },
    aside: { attribute: false },
    fault: { state: true },
    busy: { state: true },
    step: { state: true },
    recovering: { state: true },
  };

  /** Other words below the heading, and another way out below the form. */
  declare lead: string | null;
  declare aside: TemplateResult | null;

  declare fault: string | null;
  declare busy: boolean;
  /** The password was right, and more is wanted. */
  declare step: SecondFactor | null;
  /** By a recovery code in place of a lost passkey. */
  declare recovering: boolean;

  constructor() {
    super();
    this.lead = this.aside = this.fault = this.step = null;
    this.busy = this.recovering = false;
  }

  override render(): TemplateResult {
    return html`
      <main class="narrow" id="content">
        <img class="mark" src="./icon.svg" width="56" height="56" alt="" />
        ${this.step ? this.secondStep(this.step) : this.recovering ? this.recovery() : this.password()}
      </main>
    `;
  }

  private password(): TemplateResult {
    const { setup, thrownOut, notice } = this.household;
    const at = setup?.passkeys_at ?? null;
    const byPasskey = passkeysHere(at, location.origin, passkeysSupported()) === 'possible';
    return html`
      <h1 tabindex="-1">${words.title}</h1>
      <p class="lead">${this.lead ?? words.lead}</p>
      ${setup && !setup.administrator_exists ? html`<p class="info">${words.firstStart}</p>` : nothing}
      ${notice && !this.fault ? html`<p class="info" role="status">${notice}</p>` : nothing}
      ${alert(this.fault ?? (thrownOut ? words.ended : null))}
      <form class="card" @submit=${(event: SubmitEvent) => void this.submit(event)}>
        ${field({ name: 'email', label: words.email, type: 'email', autocomplete: 'username', required: true })}
        ${passwordField({
          name: 'password',
          label: words.password,
          autocomplete: 'current-password',
          required: true,
        })}
        <button class="button primary wide" ?disabled=${this.busy}>
          ${this.busy ? words.busy : words.submit}
        </button>
      </form>
      ${byPasskey ? this.passkey() : nothing}
      <p class="aside"><a href=${address.forgot}>${forgotten.link}</a></p>
      ${at ? html`<p class="aside">${this.turn(alone.lost, true)}</p>` : nothing}
      ${
        this.aside
          ? this.aside
          : setup?.registration === 'open'
            ? html`<p class="aside"><a href="#/register">${words.toRegister}</a></p>`
            : nothing
      }
    `;
  }

  private passkey(): TemplateResult {
    return html`<button class="button wide" ?disabled=${this.busy} @click=${() => void this.signInByPasskey()}>
      ${icon('key')}<span>${alone.passkey}</span>
    </button>`;
  }

  private secondStep(step: SecondFactor): TemplateResult {
    const over = (event: CustomEvent<string | null>): void => {
      this.step = null;
      this.fault = event.detail;
    };
    return html`<belvedere-second-step .household=${this.household} .step=${step} @over=${over}></belvedere-second-step>`;
  }

  private recovery(): TemplateResult {
    return html`
      <h1 tabindex="-1">${alone.title}</h1>
      <p class="lead">${alone.lead}</p>
      ${alert(this.fault)}
      <form class="card" @submit=${(event: SubmitEvent) => void this.recover(event)}>
        ${field({ name: 'email', label: words.email, type: 'email', autocomplete: 'username', required: true })}
        ${field({ name: 'code', label: alone.code, verbatim: true, required: true, maxlength: 40 })}
        <button class="button primary wide" ?disabled=${this.busy}>${words.submit}</button>
      </form>
      <p class="aside">${this.turn(alone.back, false)}</p>
    `;
  }

  private turn(label: string, recovering: boolean): TemplateResult {
    const act = (): void => {
      this.recovering = recovering;
      this.fault = null;
    };
    return html`<button class="button quiet" @click=${act}>${label}</button>`;
  }

  private submit(event: SubmitEvent): Promise<void> {
    const { email = '', password = '' } = fields(event);
    return this.attempt(words.wrong, () => this.household.signIn(email.trim(), password));
  }

  private recover(event: SubmitEvent): Promise<void> {
    const { email = '', code = '' } = fields(event);
    return this.attempt(alone.wrong, () => this.household.signInBy((api) => api.recover(email.trim(), code)));
  }

  private signInByPasskey(): Promise<void> {
    return this.attempt(words.wrong, () =>
      this.household.signInBy(async (api) =>
        api.signInByPasskey(await usePasskey(await api.passkeyToSignIn())),
      ),
    );
  }

  private async attempt(wrong: string, way: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.fault = null;
    try {
      await way();
    } catch (error) {
      this.step = error instanceof Problem ? error.secondFactor : null;
      if (!this.step) this.fault = faultOf(error, wrong);
    } finally {
      this.busy = false;
    }
  }
}

function faultOf(error: unknown, wrong: string): string {
  if (error instanceof Problem && error.code === 'credentials_wrong') return wrong;
  return error instanceof DOMException ? passkeyFault(error) : sentenceOf(error);
}

customElements.define('belvedere-sign-in', SignInPage);
