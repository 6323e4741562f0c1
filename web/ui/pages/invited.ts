import { html, type PropertyDeclarations, type TemplateResult } from 'lit';
import { sentenceOf } from '../household';
import { alert, Page } from '../page';
import { address } from '../router';
import { text } from '../text';

const words = text.register;

/** An invitation opened by somebody who is signed in: it waits until they have signed out. */
class InvitedPage extends Page {
  static override properties: PropertyDeclarations = { fault: { state: true } };

  declare fault: string | null;

  constructor() {
    super();
    this.fault = null;
  }

  override render(): TemplateResult {
    return html`
      <main class="narrow" id="content">
        <h1 tabindex="-1">${words.signedInTitle}</h1>
        <p class="lead">${words.signedIn(this.household.account?.email ?? '')}</p>
        ${alert(this.fault)}
        <a class="button primary wide" href=${address.home}>${text.missing.home}</a>
        <button class="button wide" @click=${() => void this.signOut()}>${words.signOut}</button>
      </main>
    `;
  }

  private async signOut(): Promise<void> {
    this.fault = null;
    try {
      await this.household.signOut();
    } catch (error) {
      this.fault = sentenceOf(error);
    }
  }
}

customElements.define('belvedere-invited', InvitedPage);
