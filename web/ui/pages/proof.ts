import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { Problem } from '../../core/api';
import type { Proof } from '../../core/factors';
import { icon } from '../icons';
import { alert, field, fields, Page, passwordField } from '../page';
import { passkeyFault } from '../passkey-fault';
import { text } from '../text';
import { security } from '../words/security';

const words = security.proof;

/** What a deed wants of its owner. `passkey`: there is one, and this browser can use it. */
export interface Wanted {
  password: boolean;
  code: boolean;
  passkey: boolean;
}

/** Asks who one is, does what was asked for, and stays open while it is refused. */
class ProofDialog extends Page {
  static override properties: PropertyDeclarations = {
    wanted: { state: true },
    fault: { state: true },
    busy: { state: true },
  };

  declare wanted: Wanted | null;
  declare fault: string | null;
  declare busy: boolean;
  private deed: (proof: Proof) => Promise<void> = async () => undefined;

  constructor() {
    super();
    this.wanted = this.fault = null;
    this.busy = false;
  }

  override render(): TemplateResult | typeof nothing {
    if (!this.wanted) return nothing;
    const { password, code, passkey } = this.wanted;
    return html`
      <dialog aria-labelledby="proof-title" @close=${() => (this.wanted = null)}>
        <h2 id="proof-title">${words.title}</h2>
        <p>${password ? words.lead : words.leadPasskey}</p>
        <form class="stack" @submit=${(event: SubmitEvent) => void this.submit(event)}>
          <input hidden name="username" autocomplete="username" .value=${this.household.account?.email ?? ''} />
          ${password ? passwordField({ name: 'proof-password', label: words.password, autocomplete: 'current-password', required: true }) : nothing}
          ${password && code ? field({ name: 'proof-code', label: words.code, autocomplete: 'one-time-code', verbatim: true, required: true }) : nothing}
          ${alert(this.fault)}
          <div class="actions">
            <button type="button" class="button quiet" @click=${() => this.dialog()?.close()}>${text.cancel}</button>
            ${passkey ? this.passkeyButton(!password) : nothing}
            ${password ? html`<button class="button primary" ?disabled=${this.busy}>${words.go}</button>` : nothing}
          </div>
        </form>
      </dialog>
    `;
  }

  /** `deed` may be tried more than once. */
  async ask(wanted: Wanted, deed: (proof: Proof) => Promise<void>): Promise<void> {
    this.deed = deed;
    this.fault = null;
    this.wanted = wanted;
    await this.updateComplete;
    this.dialog()?.showModal();
  }

  private passkeyButton(primary: boolean): TemplateResult {
    return html`<button
      type="button"
      class="button ${primary ? 'primary' : ''}"
      ?disabled=${this.busy}
      @click=${() => void this.attempt(() => this.household.proofByPasskey())}
    >
      ${icon('key')}<span>${words.passkey}</span>
    </button>`;
  }

  private async submit(event: SubmitEvent): Promise<void> {
    const given = fields(event);
    const code = given['proof-code'];
    await this.attempt(async () => ({ password: given['proof-password'] ?? '', ...(code ? { code } : {}) }));
  }

  private async attempt(prove: () => Promise<Proof>): Promise<void> {
    this.busy = true;
    this.fault = null;
    try {
      await this.deed(await prove());
      this.dialog()?.close();
    } catch (error) {
      const wrong = error instanceof Problem && error.code === 'credentials_wrong';
      this.fault = wrong ? words.wrong : passkeyFault(error);
    } finally {
      this.busy = false;
    }
  }

  private dialog(): HTMLDialogElement | null {
    return this.querySelector('dialog');
  }
}

export type { ProofDialog };

customElements.define('belvedere-proof', ProofDialog);
