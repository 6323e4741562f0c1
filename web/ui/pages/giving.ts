import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import type { TransferLink } from '../../core/api';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, Page } from '../page';
import { text } from '../text';

const words = text.giving;

/** A card of a camera's settings: the link by which somebody else takes it over. */
class GivingCard extends Page {
  static override properties: PropertyDeclarations = {
    camera: { attribute: false },
    until: { state: true },
    paired: { state: true },
    made: { state: true },
    copied: { state: true },
    fault: { state: true },
  };

  declare camera: string;
  /** When the open link ends, also of one that was made elsewhere. */
  declare until: string | null;
  /** Whether it would stay paired. */
  declare paired: boolean;
  /** The link itself, which the server tells once. */
  declare made: TransferLink | null;
  declare copied: boolean;
  declare fault: string | null;

  constructor() {
    super();
    this.until = this.made = this.fault = null;
    this.copied = false;
    this.paired = true;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('camera')) void this.attempt(() => this.ask());
  }

  override render(): TemplateResult {
    return html`
      <section class="card">
        <h2>${words.title}</h2>
        <p class="note">${words.hint}${this.paired ? nothing : html` ${this.why()}`}</p>
        ${alert(this.fault)} ${this.made ? this.link(this.made) : nothing}
        <div class="row">
          ${this.until ? this.open(this.until) : nothing}
          ${
            this.until
              ? nothing
              : html`<button class="button" @click=${() => void this.attempt(() => this.make())}>
                ${words.action}
              </button>`
          }
        </div>
      </section>
    `;
  }

  /** Why it does not stay paired. */
  private why(): string {
    return this.household.cameras?.get(this.camera)?.protected ? words.obeysYou : words.unpaired;
  }

  private link(made: TransferLink): TemplateResult {
    return html`
      <input class="link" readonly aria-label=${words.label} .value=${made.link} />
      <div class="row">
        <button class="button" @click=${() => void this.copy(made.link)}>
          ${icon(this.copied ? 'check' : 'copy')}<span>${this.copied ? text.copied : text.copy}</span>
        </button>
        <span class="note">${words.secret}</span>
      </div>
    `;
  }

  private open(until: string): TemplateResult {
    return html`
      <button class="button quiet" @click=${() => void this.attempt(() => this.withdraw())}>${words.withdraw}</button>
      <span class="note">${words.until(new Date(until).toLocaleString())}</span>
    `;
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    this.fault = null;
    try {
      await work();
    } catch (error) {
      this.fault = sentenceOf(error);
    }
  }

  private async ask(): Promise<void> {
    this.made = null;
    const found = await this.household.api.transferOf(this.camera);
    this.until = found.expires_at;
    this.paired = found.stays_paired;
  }

  private async make(): Promise<void> {
    this.made = await this.household.api.offerTransfer(this.camera);
    this.until = this.made.expires_at;
    this.paired = this.made.stays_paired;
    this.copied = false;
  }

  private async withdraw(): Promise<void> {
    await this.household.api.withdrawTransfer(this.camera);
    this.until = this.made = null;
  }

  private async copy(link: string): Promise<void> {
    await navigator.clipboard?.writeText(link);
    this.copied = true;
  }
}

customElements.define('belvedere-giving', GivingCard);
