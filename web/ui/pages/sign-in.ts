import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { Problem } from '../../core/api';
import { sentenceOf } from '../household';
import { alert, field, fields, Page, passwordField } from '../page';
import { address } from '../router';
import { text } from '../text';
import { forgotten } from '../words/leaving';

const words = text.signIn;

class SignInPage extends Page {
  static override properties: PropertyDeclarations = {
    lead: { attribute: false },
    aside: { attribute: false },
    fault: { state: true },
    busy: { state: true },
  };

  /** Other words below the heading, and another way out below the form. */
  declare lead: string | null;
  declare aside: TemplateResult | null;

  declare fault: string | null;
  declare busy: boolean;

  constructor() {
    super();
    this.lead = this.aside = this.fault = null;
    this.busy = false;
  }

  override render(): TemplateResult {
    const { setup, thrownOut, notice } = this.household;
    return html`
      <main class="narrow" id="content">
        <img class="mark" src="./icon.svg" width="56" height="56" alt="" />
        <h1 tabindex="-1">${words.title}</h1>
        <p class="lead">${this.lead ?? words.lead}</p>
        ${setup && !setup.administrator_exists ? html`<p class="info">${words.firstStart}</p>` : nothing}
        ${notice && !this.fault ? html`<p class="info" role="status">${notice}</p>` : nothing}
        ${alert(this.fault ?? (thrownOut ? words.ended : null))}
        <form class="card" @submit=${this.submit}>
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
        <p class="aside"><a href=${address.forgot}>${forgotten.link}</a></p>
        ${
          this.aside
            ? this.aside
            : setup?.registration === 'open'
              ? html`<p class="aside"><a href="#/register">${words.toRegister}</a></p>`
              : nothing
        }
      </main>
    `;
  }

  private async submit(event: SubmitEvent): Promise<void> {
    const { email = '', password = '' } = fields(event);
    this.busy = true;
    this.fault = null;
    try {
      await this.household.signIn(email.trim(), password);
    } catch (error) {
      const wrong = error instanceof Problem && error.code === 'credentials_wrong';
      this.fault = wrong ? words.wrong : sentenceOf(error);
    } finally {
      this.busy = false;
    }
  }
}

customElements.define('belvedere-sign-in', SignInPage);
