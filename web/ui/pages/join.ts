import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { Unreachable } from '../../core/api';
import { askToJoin, isWelcomed, restore, type Asking } from '../../core/trust/joining';
import type { Belonging } from '../../core/trust/own-ring';
import { agentWords } from '../agent';
import { sentenceOf } from '../household';
import { alert, field, fields, Page } from '../page';
import { address } from '../router';
import { smallQr } from '../small-qr';
import { devices as words, recovery } from '../words/devices';

/** Between looks at whether somebody has let it in. */
const LOOK_MS = 2_000;

/** How this browser comes to belong: by a code that it shows to one that does, or by paper. Event: `joined` (`detail.byPaper`). */
class JoinSection extends Page {
  static override properties: PropertyDeclarations = {
    belonging: { attribute: false },
    asking: { state: true },
    ended: { state: true },
    fault: { state: true },
  };

  declare belonging: Belonging;
  declare asking: Asking | null;
  declare ended: boolean;
  declare fault: string | null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.asking = this.fault = null;
    this.ended = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
    if (this.asking) void this.household.api.trust.withdrawJoin(this.asking.id).catch(() => undefined);
    this.asking = null;
  }

  override render(): TemplateResult {
    return html`
      <section class="card">
        <h2>${this.belonging === 'removed' ? words.removed : this.belonging === 'replaced' ? words.replaced : words.newcomer}</h2>
        <p class="note">${this.belonging === 'replaced' ? words.replacedHint : words.newcomerHint}</p>
        ${alert(this.fault)} ${this.ended ? alert(words.ended) : nothing}
        ${
          this.asking
            ? this.showing(this.asking)
            : html`<div class="row">
              <button class="button primary" @click=${() => void this.show()}>${words.show}</button>
            </div>`
        }
      </section>
      ${this.byPaper()}
    `;
  }

  private showing({ code }: Asking): TemplateResult {
    return html`
      <p>${words.shown}</p>
      <p class="shown-code"><code>${code}</code></p>
      ${smallQr(`${location.origin}/${address.welcome(code)}`, words.qr)}
      <p class="note" role="status">${words.waiting}</p>
    `;
  }

  private byPaper(): TemplateResult {
    return html`
      <details class="more">
        <summary>${recovery.have}</summary>
        <form class="row" @submit=${(event: SubmitEvent) => void this.usePaper(event)}>
          <div class="grow">
            ${field({ name: 'paper', label: recovery.text, verbatim: true, required: true, maxlength: 400 })}
          </div>
          <button class="button low">${recovery.use}</button>
        </form>
      </details>
    `;
  }

  private async show(): Promise<void> {
    const { circle } = this.household.trust;
    if (!circle) return;
    this.ended = false;
    await this.attempt(async () => {
      this.asking = await askToJoin(circle, this.household.api.trust, agentWords(navigator.userAgent));
      this.look();
    });
  }

  private look(): void {
    this.timer = setTimeout(() => void this.attempt(() => this.lookOnce()), LOOK_MS);
  }

  private async lookOnce(): Promise<void> {
    const { trust: keeper, api } = this.household;
    const { asking } = this;
    if (!asking || !keeper.circle) return;
    if (api.now() >= Date.parse(asking.expires_at)) {
      this.asking = null;
      this.ended = true;
      return;
    }
    const welcomed = await isWelcomed(keeper.circle, api.trust, asking).catch(unlessUnreachable);
    if (welcomed) this.joined();
    else if (this.isConnected) this.look();
  }

  private async usePaper(event: SubmitEvent): Promise<void> {
    const { trust: keeper, api } = this.household;
    const { paper = '' } = fields(event);
    await this.attempt(async () => {
      if (!keeper.circle) return;
      // Whoever types it breaks its lines as the paper does.
      const typed = paper.replace(/\s/g, '');
      const now = Math.floor(api.now() / 1000);
      await restore(keeper.circle, api.trust, typed, { label: agentWords(navigator.userAgent), now });
      this.joined(true);
    });
  }

  private joined(byPaper = false): void {
    this.asking = null;
    this.household.trust.joined(this.household.cameras?.values() ?? []);
    this.dispatchEvent(new CustomEvent('joined', { detail: { byPaper } }));
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    this.fault = null;
    try {
      await work();
    } catch (error) {
      this.asking = null;
      this.fault = sentenceOf(error);
    }
  }
}

/** A server that does not answer for a while has refused nobody. */
function unlessUnreachable(error: unknown): false {
  if (error instanceof Unreachable) return false;
  throw error;
}

customElements.define('belvedere-join', JoinSection);
