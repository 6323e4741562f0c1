import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { Problem } from '../../core/api';
import type { SecondFactor } from '../../core/factors';
import { passkeysSupported, usePasskey } from '../../core/passkeys';
import { icon } from '../icons';
import { alert, field, fields, Page } from '../page';
import { passkeyFault } from '../passkey-fault';
import { security } from '../words/security';

const words = security.second;

/** After the right password. `over`: the ticket is no longer good, or the person wants to begin anew. */
class SecondStep extends Page {
  static override properties: PropertyDeclarations = {
    step: { attribute: false },
    fault: { state: true },
    busy: { state: true },
  };

  declare step: SecondFactor;
  declare fault: string | null;
  declare busy: boolean;

  constructor() {
    super();
    this.fault = null;
    this.busy = false;
  }

  override render(): TemplateResult {
    const { methods, passkey } = this.step;
    const byPasskey = passkey !== null && passkeysSupported();
    const app = methods.includes('totp');
    return html`
      <h1 tabindex="-1">${words.title}</h1>
      <p class="lead">${words.lead}</p>
      ${alert(this.fault)}
      ${byPasskey ? this.passkeyButton() : nothing}
      ${
        app || methods.includes('recovery_code')
          ? html`<form class="card" @submit=${(event: SubmitEvent) => void this.submit(event)}>
            ${field({ name: 'code', label: app ? words.app : words.recovery, autocomplete: 'one-time-code', verbatim: true, required: true, maxlength: 40, ...(app ? { hint: words.appHint } : {}) })}
            <button class="button wide ${byPasskey ? '' : 'primary'}" ?disabled=${this.busy}>${words.go}</button>
          </form>`
          : nothing
      }
      <p class="aside">
        <button class="button quiet" @click=${() => this.over(null)}>${words.back}</button>
      </p>
    `;
  }

  protected override firstUpdated(): void {
    this.querySelector<HTMLElement>('h1')?.focus();
  }

  private passkeyButton(): TemplateResult {
    return html`<button class="button primary wide" ?disabled=${this.busy} @click=${() => void this.usePasskey()}>
      ${icon('key')}<span>${words.passkey}</span>
    </button>`;
  }

  private usePasskey(): Promise<void> {
    return this.attempt(async () => ({ passkey: await usePasskey(this.step.passkey ?? {}) }));
  }

  private submit(event: SubmitEvent): Promise<void> {
    const code = fields(event)['code'] ?? '';
    return this.attempt(async () => ({ code }));
  }

  private async attempt(
    show: () => Promise<Parameters<Page['household']['api']['secondStep']>[1]>,
  ): Promise<void> {
    this.busy = true;
    this.fault = null;
    try {
      const shown = await show();
      await this.household.signInBy((api) => api.secondStep(this.step.ticket, shown));
    } catch (error) {
      if (error instanceof Problem && error.code === 'ticket_invalid') this.over(words.over);
      else this.fault = passkeyFault(error);
    } finally {
      this.busy = false;
    }
  }

  private over(why: string | null): void {
    this.dispatchEvent(new CustomEvent('over', { detail: why }));
  }
}

customElements.define('belvedere-second-step', SecondStep);
