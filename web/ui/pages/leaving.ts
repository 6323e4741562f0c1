import { html, type PropertyDeclarations, type TemplateResult } from 'lit';
import { createRef, ref } from 'lit/directives/ref.js';
import { isGuest } from '../../core/sharing';
import { sentenceOf } from '../household';
import { alert, Page } from '../page';
import { address } from '../router';
import { leaving as words } from '../words/leaving';
import './proof';
import type { ProofDialog } from './proof';

/** On the account page: take everything along, or end it. */
class Leaving extends Page {
  static override properties: PropertyDeclarations = { fault: { state: true } };

  declare fault: string | null;
  private readonly proof = createRef<ProofDialog>();

  constructor() {
    super();
    this.fault = null;
  }

  override render(): TemplateResult {
    return html`
      <section class="card">
        <h2>${words.title}</h2>
        <p class="note">${words.hint}</p>
        ${alert(this.fault)}
        <div class="row">
          <a class="button" href="/api/me/export" download="belvedere-export.json">${words.export}</a>
          <button class="button danger" @click=${() => void this.ask()}>${words.action}</button>
        </div>
      </section>
      <belvedere-proof .household=${this.household} ${ref(this.proof)}></belvedere-proof>
    `;
  }

  private async ask(): Promise<void> {
    const own = [...(this.household.cameras?.values() ?? [])].filter((camera) => !isGuest(camera));
    const deed = { title: words.question, lead: words.body(own.length), go: words.confirm, danger: true };
    this.fault = null;
    try {
      await this.proof.value?.ask(deed, async (proof) => {
        await this.household.deleteAccount(proof);
        location.hash = address.home;
      });
    } catch (error) {
      this.fault = sentenceOf(error);
    }
  }
}

customElements.define('belvedere-leaving', Leaving);
