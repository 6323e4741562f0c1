import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { Problem, type TransferOffer } from '../../core/api';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, Page } from '../page';
import { address } from '../router';
import { text } from '../text';

const words = text.transfer;

/** A transfer link opened by somebody who is signed in: what it gives, and one button. */
class TransferPage extends Page {
  static override properties: PropertyDeclarations = {
    secret: { attribute: false },
    offer: { state: true },
    dead: { state: true },
    fault: { state: true },
    busy: { state: true },
  };

  declare secret: string;
  declare offer: TransferOffer | null;
  /** The link can no longer be used. */
  declare dead: boolean;
  declare fault: string | null;
  declare busy: boolean;

  constructor() {
    super();
    this.offer = this.fault = null;
    this.dead = this.busy = false;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('secret')) void this.attempt(() => this.ask());
  }

  override render(): TemplateResult {
    return html`
      <main class="narrow" id="content">
        <span class="emblem">${icon('cctv')}</span>
        <h1 tabindex="-1">${this.dead ? words.deadTitle : words.title}</h1>
        ${this.dead ? html`<p class="lead" role="alert">${words.dead}</p>` : this.question()} ${alert(this.fault)}
        <a class="button quiet wide" href=${address.home}>${this.dead ? text.missing.home : words.no}</a>
      </main>
    `;
  }

  private question(): TemplateResult | typeof nothing {
    const { offer } = this;
    if (!offer) return nothing;
    const own = offer.giver === this.household.account?.email;
    return html`
      <p class="lead">${own ? words.own(offer.name) : words.lead(offer.name, offer.giver)}</p>
      ${
        own
          ? nothing
          : html`
            <p class="info">${icon('qrCode')}<span>${offer.stays_paired ? words.after : words.unpaired}</span></p>
            <button class="button primary wide" ?disabled=${this.busy} @click=${() => void this.attempt(() => this.accept())}>
              ${words.yes}
            </button>
          `
      }
    `;
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.fault = null;
    try {
      await work();
    } catch (error) {
      this.dead = error instanceof Problem && ['transfer_invalid', 'invalid_body'].includes(error.code);
      this.fault = this.dead ? null : sentenceOf(error);
    } finally {
      this.busy = false;
    }
  }

  private async ask(): Promise<void> {
    this.dead = false;
    this.offer = await this.household.api.transferOffer(this.secret);
  }

  /** The address goes with its secret; the camera's first question follows. */
  private async accept(): Promise<void> {
    const camera = await this.household.api.acceptTransfer(this.secret);
    this.household.put(camera);
    const asked = camera.online && camera.state === 'active';
    location.replace(asked ? address.pair(camera.id) : address.home);
  }
}

customElements.define('belvedere-transfer', TransferPage);
