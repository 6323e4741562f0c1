import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { createRef, ref } from 'lit/directives/ref.js';
import { mayBePasskeyOnly, type Factors, type NewTotp, type Proof } from '../../core/factors';
import { createPasskey, passkeysHere, passkeysSupported, type WebAuthnJson } from '../../core/passkeys';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, field, fields, Page } from '../page';
import { security as words } from '../words/security';
import { agentWords } from '../agent';
import { recoveryCodes } from './codes';
import { passkeyLines } from './passkey-lines';
import './proof';
import type { Deed, ProofDialog } from './proof';
import { totpSetUp } from './totp';

/** The section "Sign-in security". `changed`: other sessions may have ended. */
class SecuritySection extends Page {
  static override properties: PropertyDeclarations = {
    factors: { state: true },
    totp: { state: true },
    codes: { state: true },
    renaming: { state: true },
    fault: { state: true },
  };

  declare factors: Factors | null;
  /** The app that is being set up. */
  declare totp: NewTotp | null;
  /** New recovery codes, until their owner has kept them. */
  declare codes: string[];
  /** Id of the passkey that gets another name. */
  declare renaming: string | null;
  declare fault: string | null;
  private readonly proof = createRef<ProofDialog>();

  constructor() {
    super();
    this.factors = this.totp = this.renaming = this.fault = null;
    this.codes = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.attempt(() => this.load());
  }

  override render(): TemplateResult {
    const { factors } = this;
    return html`
      <section class="card">
        <h2>${words.title}</h2>
        ${alert(this.fault)}
        ${factors ? html`<p class="note">${standing(factors)}</p>` : nothing}
        ${this.codes.length ? recoveryCodes(this.codes, () => (this.codes = [])) : nothing}
        ${factors ? html`${this.app(factors)} ${this.passkeys(factors)} ${this.rest(factors)}` : nothing}
        <belvedere-proof .household=${this.household} ${ref(this.proof)}></belvedere-proof>
      </section>
    `;
  }

  private app(factors: Factors): TemplateResult {
    const { totp } = this;
    if (totp) {
      return totpSetUp(
        totp,
        (event) => this.confirm(event),
        () => (this.totp = null),
      );
    }
    const begin = (): void =>
      this.prove(async (proof) => {
        this.totp = await this.household.api.beginTotp(proof);
      });
    const end = (): void => this.prove((proof) => this.household.api.endTotp(proof));
    return html`
      <h3>${words.app}</h3>
      <div class="row">
        <span class="note">${factors.totp ? words.appOn : words.appOff}</span>
        <button class="button" @click=${factors.totp ? end : begin}>
          ${factors.totp ? words.appEnd : words.appSetUp}
        </button>
      </div>
    `;
  }

  private passkeys(factors: Factors): TemplateResult {
    const here = passkeysHere(factors.passkeys_at, location.origin, passkeysSupported());
    return html`
      <h3>${words.passkeys}</h3>
      <p class="note">${words.passkeysHint}</p>
      ${passkeyLines(factors.passkeys, this.household.api.now(), this.renaming, {
        rename: (id) => (this.renaming = id),
        renamed: (event, id) => this.rename(event, id),
        remove: (id) => this.prove((proof) => this.household.api.removePasskey(id, proof)),
      })}
      ${
        here === 'possible'
          ? this.adding()
          : html`<p class="info">
            <span>
              ${words.here[here]} ${here === 'elsewhere' ? html`<a href=${factors.passkeys_at ?? ''}>${factors.passkeys_at}</a>` : nothing}
            </span>
          </p>`
      }
    `;
  }

  private adding(): TemplateResult {
    return html`
      <form class="row" @submit=${(event: SubmitEvent) => this.add(event)}>
        <div class="grow">
          ${field({ name: 'passkey-name', label: words.passkeyName, value: agentWords(navigator.userAgent), maxlength: 100, required: true })}
        </div>
        <button class="button low">${icon('key')}<span>${words.passkeyAdd}</span></button>
      </form>
    `;
  }

  private rest(factors: Factors): TemplateResult | typeof nothing {
    if (!factors.totp && !factors.passkeys.length) return nothing;
    const renew = (): void =>
      this.prove(async (proof) => {
        this.codes = await this.household.api.renewCodes(proof);
      });
    return html`
      <h3>${words.codes}</h3>
      <div class="row">
        <span class="note">${words.codesLeft(factors.recovery_codes_left)}</span>
        <button class="button" @click=${renew}>${words.codesRenew}</button>
      </div>
      ${factors.passkeys.length ? this.only(factors) : nothing}
    `;
  }

  private only(factors: Factors): TemplateResult {
    const on = factors.passkey_only;
    const change = (): void =>
      this.prove(
        async (proof) => {
          await this.household.api.setPasskeyOnly(!on, proof);
        },
        { passkeyOnly: !on },
      );
    const possible = on || mayBePasskeyOnly(factors);
    return html`
      <h3>${words.only}</h3>
      <div class="row">
        <span class="note">${possible ? words.onlyHint : words.onlyNeeds}</span>
        <button class="button" ?disabled=${!possible} @click=${change}>${on ? words.onlyOff : words.onlyOn}</button>
      </div>
    `;
  }

  /** Asks who it is, does it, and looks at everything anew. */
  private prove(act: (proof: Proof) => Promise<void>, deed: Deed = {}): void {
    const proven = async (proof: Proof): Promise<void> => {
      await act(proof);
      await this.changed();
    };
    void this.attempt(async () => this.proof.value?.ask(deed, proven));
  }

  private add(event: SubmitEvent): void {
    const name = fields(event)['passkey-name']?.trim() ?? '';
    const { api } = this.household;
    let options: WebAuthnJson | null = null; // a browser that refused once may be asked again, without another code
    this.prove(async (proof) => {
      options ??= await api.passkeyToAdd(proof);
      const credential = await createPasskey(options);
      options = null;
      this.keep(await api.addPasskey(name, credential));
    });
  }

  private confirm(event: SubmitEvent): void {
    const code = fields(event)['totp-code'] ?? '';
    void this.attempt(async () => {
      this.keep(await this.household.api.confirmTotp(code));
      this.totp = null;
      await this.changed();
    });
  }

  private rename(event: SubmitEvent, id: string): void {
    const name = fields(event)['passkey-rename']?.trim() ?? '';
    void this.attempt(async () => {
      await this.household.api.renamePasskey(id, name);
      this.renaming = null;
      await this.load();
    });
  }

  private keep(codes: string[]): void {
    if (codes.length) this.codes = codes;
  }

  private async changed(): Promise<void> {
    await this.load();
    this.dispatchEvent(new Event('changed'));
  }

  private async load(): Promise<void> {
    this.factors = await this.household.api.factors();
    if (!this.factors.recovery_codes_left) this.codes = [];
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    this.fault = null;
    try {
      await work();
    } catch (error) {
      this.fault = sentenceOf(error);
    }
  }
}

function standing(factors: Factors): string {
  if (factors.passkey_only) return words.passkeysOnly;
  return factors.totp || factors.passkeys.length ? words.guarded : words.open;
}

customElements.define('belvedere-security', SecuritySection);
