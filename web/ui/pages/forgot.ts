import { html, type PropertyDeclarations, type TemplateResult } from 'lit';
import { sentenceOf } from '../household';
import { alert, field, fields, Page } from '../page';
import { address } from '../router';
import { text } from '../text';
import { forgotten as words } from '../words/leaving';

/** Has a link sent that sets a new password; or says who makes one, where the server sends no mail. */
class ForgotPage extends Page {
  static override properties: PropertyDeclarations = {
    sent: { state: true },
    fault: { state: true },
    busy: { state: true },
  };

  declare sent: boolean;
  declare fault: string | null;
  declare busy: boolean;

  constructor() {
    super();
    this.sent = this.busy = false;
    this.fault = null;
  }

  override render(): TemplateResult {
    const byMail = this.household.setup?.password_reset !== 'administrator';
    return html`
      <main class="narrow" id="content">
        <img class="mark" src="./icon.svg" width="56" height="56" alt="" />
        <h1 tabindex="-1">${this.sent ? words.sentTitle : words.title}</h1>
        ${this.sent ? sent() : byMail ? this.form() : byCommand()}
        <p class="aside"><a href=${address.signin}>${words.back}</a></p>
      </main>
    `;
  }

  private form(): TemplateResult {
    return html`
      <p class="lead">${words.lead}</p>
      ${alert(this.fault)}
      <form class="card" @submit=${this.submit}>
        ${field({ name: 'email', label: text.signIn.email, type: 'email', autocomplete: 'username', required: true })}
        <button class="button primary wide" ?disabled=${this.busy}>${this.busy ? words.busy : words.submit}</button>
      </form>
    `;
  }

  private async submit(event: SubmitEvent): Promise<void> {
    const { email = '' } = fields(event);
    this.busy = true;
    this.fault = null;
    try {
      await this.household.api.askReset(email.trim());
      this.sent = true;
    } catch (error) {
      this.fault = sentenceOf(error);
    } finally {
      this.busy = false;
    }
  }
}

const sent = (): TemplateResult => html`
  <p class="lead" role="status">${words.sent}</p>
  <p class="note">${words.nothing}</p>
`;

const byCommand = (): TemplateResult => html`
  <p class="lead">${words.byCommand}</p>
  <pre class="card">${words.command}</pre>
`;

customElements.define('belvedere-forgot', ForgotPage);
