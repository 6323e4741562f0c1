import { html, type PropertyDeclarations, type TemplateResult } from 'lit';
import { Problem } from '../../core/api';
import type { Proof } from '../../core/factors';
import { isGuest } from '../../core/sharing';
import { alert, fields, Page, passwordField } from '../page';
import { passkeyFault } from '../passkey-fault';
import { address } from '../router';
import { text } from '../text';
import { leaving as words } from '../words/leaving';

const QUESTION = 'delete-account';

/** On the account page: take everything along, or end it. */
class Leaving extends Page {
  static override properties: PropertyDeclarations = { fault: { state: true }, busy: { state: true } };

  declare fault: string | null;
  declare busy: boolean;

  constructor() {
    super();
    this.fault = null;
    this.busy = false;
  }

  override render(): TemplateResult {
    return html`
      <section class="card">
        <h2>${words.title}</h2>
        <p class="note">${words.hint}</p>
        <div class="row">
          <a class="button" href="/api/me/export" download="belvedere-export.json">${words.export}</a>
          <button class="button danger" @click=${this.open}>${words.action}</button>
        </div>
      </section>
      ${this.question()}
    `;
  }

  private question(): TemplateResult {
    const own = [...(this.household.cameras?.values() ?? [])].filter((camera) => !isGuest(camera));
    return html`
      <dialog class="question" aria-labelledby=${QUESTION}>
        <form @submit=${(event: SubmitEvent) => void this.submit(event)}>
          <h2 id=${QUESTION}>${words.question}</h2>
          <p>${words.body(own.length)}</p>
          ${this.household.account?.passkey_only ? html`<p>${words.byPasskey}</p>` : this.password()}
          ${alert(this.fault)}
          <div class="actions">
            <button type="button" class="button quiet" @click=${this.close}>${text.cancel}</button>
            <button class="button danger solid" ?disabled=${this.busy}>${words.confirm}</button>
          </div>
        </form>
      </dialog>
    `;
  }

  private password(): TemplateResult {
    return html`
      <input hidden name="username" autocomplete="username" .value=${this.household.account?.email ?? ''} />
      ${passwordField({
        name: 'goodbye',
        label: words.password,
        autocomplete: 'current-password',
        required: true,
      })}
    `;
  }

  private readonly open = (): void => this.querySelector('dialog')?.showModal();

  private readonly close = (): void => {
    this.fault = null;
    this.querySelector('form')?.reset();
    this.querySelector('dialog')?.close();
  };

  private async submit(event: SubmitEvent): Promise<void> {
    const { goodbye } = fields(event);
    this.busy = true;
    this.fault = null;
    try {
      await this.household.deleteAccount(await this.proof(goodbye));
      location.hash = address.home;
    } catch (error) {
      const wrong = error instanceof Problem && error.code === 'credentials_wrong';
      this.fault = wrong ? words.wrong : passkeyFault(error);
    } finally {
      this.busy = false;
    }
  }

  private async proof(password: string | undefined): Promise<Proof> {
    return password === undefined ? this.household.proofByPasskey() : { password };
  }
}

customElements.define('belvedere-leaving', Leaving);
