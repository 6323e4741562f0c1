import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { Problem } from '../../core/api';
import type { Setup } from '../../core/model';
import { sentenceOf } from '../household';
import { alert, field, fields, Page, passwordField } from '../page';
import { address } from '../router';
import { text } from '../text';

const words = text.register;
/** The server's own bound, told before the click. */
const MIN_PASSWORD = 8;

class RegisterPage extends Page {
  static override properties: PropertyDeclarations = {
    secret: { attribute: false },
    lead: { attribute: false },
    aside: { attribute: false },
    dead: { state: true },
    fault: { state: true },
    busy: { state: true },
  };

  declare secret: string | null;
  /** Of a camera's invitation, which was looked at before: other words below the heading, another way out below the form. */
  declare lead: string | null;
  declare aside: TemplateResult | null;
  /** The link's invitation can no longer be used. */
  declare dead: boolean;
  declare fault: string | null;
  declare busy: boolean;

  constructor() {
    super();
    this.secret = this.lead = this.aside = this.fault = null;
    this.busy = this.dead = false;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('secret')) void this.check(this.secret);
  }

  override render(): TemplateResult {
    const { setup } = this.household;
    if (this.dead) return dead();
    const closed = !this.secret && setup?.registration === 'closed';
    return html`
      <main class="narrow" id="content">
        <img class="mark" src="./icon.svg" width="56" height="56" alt="" />
        <h1 tabindex="-1">${closed ? words.closedTitle : words.title}</h1>
        <p class="lead">${this.lead ?? leadOf(closed, setup)}</p>
        ${
          closed && setup && !setup.administrator_exists
            ? html`<p class="info">${text.signIn.firstStart}</p>`
            : nothing
        }
        ${closed ? nothing : this.form()}
        ${this.aside ?? html`<p class="aside"><a href=${address.signin}>${words.toSignIn}</a></p>`}
      </main>
    `;
  }

  /** Before the form is filled in. Without an answer the form stays: it says so itself. */
  private async check(secret: string | null): Promise<void> {
    this.dead = false;
    if (!secret || this.lead) return;
    try {
      await this.household.api.checkInvitation(secret);
    } catch (error) {
      const invalid = error instanceof Problem && ['invitation_invalid', 'invalid_body'].includes(error.code);
      if (this.secret === secret) this.dead = invalid;
    }
  }

  private form(): TemplateResult {
    return html`
      ${alert(this.fault)}
      <form class="card" @submit=${this.submit}>
        ${field({ name: 'email', label: words.email, type: 'email', autocomplete: 'username', required: true })}
        ${passwordField({
          name: 'password',
          label: words.password,
          autocomplete: 'new-password',
          hint: words.passwordHint,
          required: true,
          minlength: MIN_PASSWORD,
        })}
        <button class="button primary wide" ?disabled=${this.busy}>
          ${this.busy ? words.busy : words.submit}
        </button>
      </form>
    `;
  }

  private async submit(event: SubmitEvent): Promise<void> {
    const { email = '', password = '' } = fields(event);
    this.busy = true;
    this.fault = null;
    try {
      await this.household.register(email.trim(), password, this.secret);
      // With a camera's invitation, its page goes on.
      if (!this.lead) location.replace(address.home);
    } catch (error) {
      this.fault = registerFault(error);
    } finally {
      this.busy = false;
    }
  }
}

function leadOf(closed: boolean, setup: Setup | null): string {
  if (closed) return words.closed;
  return setup?.administrator_exists === false ? words.leadAdministrator : words.lead;
}

const dead = (): TemplateResult => html`
  <main class="narrow" id="content">
    <img class="mark" src="./icon.svg" width="56" height="56" alt="" />
    <h1 tabindex="-1">${words.invalidTitle}</h1>
    <p class="lead" role="alert">${words.invalid}</p>
    <p class="aside"><a href=${address.signin}>${words.toSignIn}</a></p>
  </main>
`;

function registerFault(error: unknown): string {
  const code = error instanceof Problem ? error.code : '';
  if (code === 'email_taken') return words.taken;
  if (code === 'invitation_invalid') return words.invalid;
  if (code === 'registration_closed') return words.closed;
  return sentenceOf(error);
}

customElements.define('belvedere-register', RegisterPage);
