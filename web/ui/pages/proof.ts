import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { Problem } from '../../core/api';
import { wantedProof, type Proof, type Wanted } from '../../core/factors';
import { passkeysHere, passkeysSupported } from '../../core/passkeys';
import { icon } from '../icons';
import { alert, field, fields, Page, passwordField } from '../page';
import { passkeyFault } from '../passkey-fault';
import { text } from '../text';
import { security } from '../words/security';

const words = security.proof;
const PASSWORD = 'proof-password';
const CODE = 'proof-code';

/** What is about to happen, where it is no change of the sign-in. */
export interface Deed {
  title?: string;
  lead?: string;
  go?: string;
  danger?: boolean;
  /** Nothing but a passkey will do: whoever lets only passkeys in shows that one works. */
  passkeyOnly?: boolean;
}

/** The one way to show once more who one is: asks, does the deed, and stays open while it is refused. */
class ProofDialog extends Page {
  static override properties: PropertyDeclarations = {
    wanted: { state: true },
    fault: { state: true },
    busy: { state: true },
  };

  declare wanted: Wanted | null;
  declare fault: string | null;
  declare busy: boolean;
  private deed: Deed = {};
  private act: (proof: Proof) => Promise<void> = async () => undefined;

  constructor() {
    super();
    this.wanted = this.fault = null;
    this.busy = false;
  }

  override render(): TemplateResult | typeof nothing {
    const { wanted, deed } = this;
    if (!wanted) return nothing;
    const { password, code, passkey } = wanted;
    return html`
      <dialog aria-labelledby="proof-title" @close=${() => (this.wanted = null)}>
        <h2 id="proof-title">${deed.title ?? words.title}</h2>
        <p>${deed.lead ?? words.lead}</p>
        ${password ? nothing : html`<p>${how(wanted)}</p>`}
        <form class="stack" @submit=${(event: SubmitEvent) => void this.submit(event)}>
          <input hidden name="username" autocomplete="username" .value=${this.household.account?.email ?? ''} />
          ${password ? passwordField({ name: PASSWORD, label: words.password, autocomplete: 'current-password', required: true }) : nothing}
          ${code ? this.codeField(code) : nothing}
          ${alert(this.fault)}
          <div class="actions">
            <button type="button" class="button quiet" @click=${() => this.dialog()?.close()}>${text.cancel}</button>
            ${passkey ? this.passkeyButton(!password) : nothing}
            ${password || code ? this.goButton(password || !passkey) : nothing}
          </div>
        </form>
      </dialog>
    `;
  }

  /** Finds out what is wanted, and asks for it. `act` may be tried more than once. */
  async ask(deed: Deed, act: (proof: Proof) => Promise<void>): Promise<void> {
    const factors = await this.household.api.factors();
    const usable = passkeysHere(factors.passkeys_at, location.origin, passkeysSupported()) === 'possible';
    const wanted = wantedProof(factors, usable);
    this.deed = deed;
    this.act = act;
    this.fault = null;
    this.wanted = deed.passkeyOnly ? { password: false, code: null, passkey: wanted.passkey } : wanted;
    await this.updateComplete;
    this.dialog()?.showModal();
  }

  private codeField(code: 'app' | 'recovery'): TemplateResult {
    return field({
      name: CODE,
      label: words.code[code],
      autocomplete: code === 'app' ? 'one-time-code' : 'off',
      ...(code === 'app' ? { hint: words.appHint } : {}),
      verbatim: true,
      required: true,
    });
  }

  private passkeyButton(first: boolean): TemplateResult {
    return html`<button
      type="button"
      class="button ${this.emphasis(first)}"
      ?autofocus=${first && !this.deed.danger}
      ?disabled=${this.busy}
      @click=${() => void this.byPasskey()}
    >
      ${icon('key')}<span>${words.passkey}</span>
    </button>`;
  }

  private goButton(first: boolean): TemplateResult {
    const label = first ? (this.deed.go ?? words.go) : words.byCode;
    return html`<button class="button ${this.emphasis(first)}" ?disabled=${this.busy}>${label}</button>`;
  }

  private emphasis(first: boolean): string {
    if (!first) return '';
    return this.deed.danger ? 'danger solid' : 'primary';
  }

  private async submit(event: SubmitEvent): Promise<void> {
    const { [PASSWORD]: password, [CODE]: code } = fields(event);
    await this.attempt(async () => ({ ...(password ? { password } : {}), ...(code ? { code } : {}) }));
  }

  private async byPasskey(): Promise<void> {
    const typed =
      this.wanted?.passkey === 'beside' ? this.querySelector<HTMLInputElement>(`#${PASSWORD}`) : null;
    if (typed && !typed.reportValidity()) return;
    await this.attempt(async () => {
      const shown = await this.household.proofByPasskey();
      return typed ? { ...shown, password: typed.value } : shown;
    });
  }

  private async attempt(prove: () => Promise<Proof>): Promise<void> {
    this.busy = true;
    this.fault = null;
    try {
      await this.act(await prove());
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

function how({ code, passkey }: Wanted): string {
  if (!passkey) return words.elsewhere;
  return code ? words.byPasskeyOrCode : words.byPasskey;
}

export type { ProofDialog };

customElements.define('belvedere-proof', ProofDialog);
