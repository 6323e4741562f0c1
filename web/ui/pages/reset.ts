import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { Problem } from '../../core/api';
import { sentenceOf } from '../household';
import { alert, fields, Page, passwordField } from '../page';
import { address } from '../router';
import { text } from '../text';
import { forgotten, reset as words } from '../words/leaving';

/** The server's own bound, told before the click. */
const MIN_PASSWORD = 8;
const DEAD = ['reset_invalid', 'invalid_body'];

/** A link that sets a new password, opened by whoever could read the mail; signed in here or not. */
class ResetPage extends Page {
  static override properties: PropertyDeclarations = {
    secret: { attribute: false },
    dead: { state: true },
    fault: { state: true },
    busy: { state: true },
  };

  declare secret: string;
  /** The link can no longer be used. */
  declare dead: boolean;
  declare fault: string | null;
  declare busy: boolean;

  constructor() {
    super();
    this.fault = null;
    this.busy = this.dead = false;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('secret')) void this.check(this.secret);
  }

  override render(): TemplateResult {
    return html`
      <main class="narrow" id="content">
        <img class="mark" src="./icon.svg" width="56" height="56" alt="" />
        <h1 tabindex="-1">${this.dead ? words.deadTitle : words.title}</h1>
        ${this.dead ? html`<p class="lead" role="alert">${words.dead}</p>` : this.form()}
        <p class="aside">
          ${this.household.account ? toCameras : this.dead ? toForgot : toSignIn}
        </p>
      </main>
    `;
  }

  private form(): TemplateResult | typeof nothing {
    return html`
      <p class="lead">${words.lead}</p>
      ${alert(this.fault)}
      <form class="card" @submit=${this.submit}>
        ${passwordField({
          name: 'password',
          label: words.password,
          autocomplete: 'new-password',
          hint: text.register.passwordHint,
          required: true,
          minlength: MIN_PASSWORD,
        })}
        <button class="button primary wide" ?disabled=${this.busy}>${this.busy ? words.busy : words.submit}</button>
      </form>
    `;
  }

  /** Before the form is filled in. Without an answer the form stays: it says so itself. */
  private async check(secret: string): Promise<void> {
    this.dead = false;
    try {
      await this.household.api.checkReset(secret);
    } catch (error) {
      if (this.secret === secret) this.dead = isDead(error);
    }
  }

  private async submit(event: SubmitEvent): Promise<void> {
    const { password = '' } = fields(event);
    this.busy = true;
    this.fault = null;
    try {
      await this.household.useReset(this.secret, password);
      location.replace(address.signin);
    } catch (error) {
      this.dead = isDead(error);
      this.fault = sentenceOf(error);
    } finally {
      this.busy = false;
    }
  }
}

const toCameras = html`<a href=${address.home}>${text.missing.home}</a>`;
const toForgot = html`<a href=${address.forgot}>${words.again}</a>`;
const toSignIn = html`<a href=${address.signin}>${forgotten.back}</a>`;

const isDead = (error: unknown): boolean => error instanceof Problem && DEAD.includes(error.code);

customElements.define('belvedere-reset', ResetPage);
