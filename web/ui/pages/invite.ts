import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import type { MadeInvitation } from '../../core/sharing';
import type { Ownership } from '../../core/trust/ownership';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, fields, Page } from '../page';
import { closeAround } from '../question';
import { text } from '../text';
import { dayAndTime } from '../time';
import { readTerms } from './terms';

const words = text.sharing;

/** The way to a link for one more person. Tells `made` when there is one. */
class Invite extends Page {
  static override properties: PropertyDeclarations = {
    camera: { attribute: false },
    name: { attribute: false },
    own: { attribute: false },
    off: { attribute: false },
    open: { state: true },
    made: { state: true },
    busy: { state: true },
    fault: { state: true },
    dateFault: { state: true },
    copied: { state: true },
  };

  declare camera: string;
  declare name: string;
  /** Null where the camera knows no owner: the server then draws the link. */
  declare own: Ownership | null;
  /** This browser may not sign, or it is not known yet. */
  declare off: boolean;
  declare open: boolean;
  declare made: MadeInvitation | null;
  declare busy: boolean;
  declare fault: string | null;
  declare dateFault: string | null;
  declare copied: boolean;

  constructor() {
    super();
    this.camera = this.name = '';
    this.made = this.fault = this.dateFault = this.own = null;
    this.open = this.busy = this.copied = this.off = false;
  }

  override render(): TemplateResult {
    return html`
      <button class="button" ?disabled=${this.off} @click=${() => void this.begin()}>
        ${icon('userPlus')}<span>${words.invite}</span>
      </button>
      <dialog aria-labelledby="invite-title" @close=${this.closed}>
        ${this.open ? (this.made ? this.link(this.made) : this.form()) : nothing}
      </dialog>
    `;
  }

  private form(): TemplateResult {
    return html`
      <form @submit=${(event: SubmitEvent) => void this.make(fields(event))}>
        <h2 id="invite-title">${words.inviteTitle(this.name)}</h2>
        <belvedere-terms id="invite" .fault=${this.dateFault}></belvedere-terms>
        ${alert(this.fault)}
        <div class="actions">
          <button type="button" class="button quiet" @click=${closeAround}>${text.cancel}</button>
          <button class="button primary" ?disabled=${this.busy}>${this.busy ? words.making : words.make}</button>
        </div>
      </form>
    `;
  }

  private link({ link, expires_at }: MadeInvitation): TemplateResult {
    return html`
      <h2 id="invite-title" tabindex="-1">${words.linkTitle}</h2>
      <input class="link" readonly aria-label=${words.link} .value=${link} @focus=${selectAll} />
      <div class="row">
        <button class="button ${canShare() ? '' : 'primary'}" @click=${() => void this.copy(link)}>
          ${icon(this.copied ? 'check' : 'copy')}<span>${this.copied ? text.copied : text.copy}</span>
        </button>
        <span class="unseen" role="status">${this.copied ? text.copied : nothing}</span>
        ${
          canShare()
            ? html`<button class="button primary" @click=${() => void this.pass(link)}>
              ${icon('share')}<span>${words.share}</span>
            </button>`
            : nothing
        }
      </div>
      <p class="note">${words.linkHint(dayAndTime(expires_at))}</p>
      ${this.own ? html`<p class="note">${text.privacy.linkSigned}</p>` : nothing}
      <div class="actions"><button class="button" @click=${closeAround}>${words.done}</button></div>
    `;
  }

  /** Filled before it opens, so that the keyboard begins in it. */
  private async begin(): Promise<void> {
    this.open = true;
    await this.updateComplete;
    this.querySelector('dialog')?.showModal();
  }

  /** Told late: it may be open again. The link is forgotten here as soon as nobody looks at it. */
  private readonly closed = (event: Event): void => {
    this.open = (event.target as HTMLDialogElement).open;
    this.copied = false;
    this.made = this.fault = this.dateFault = null;
  };

  private async make(said: Record<string, string>): Promise<void> {
    const { own } = this;
    const { api } = this.household;
    const terms = readTerms(said, [], own ? own.now() : api.now());
    this.fault = null;
    this.dateFault = terms ? null : words.datePast;
    if (!terms) return;
    this.busy = true;
    try {
      const wanted = { scopes: terms.scopes, until: terms.until ?? null };
      this.made = await (own
        ? own.share(wanted, location.origin + location.pathname)
        : api.share(this.camera, wanted));
      this.dispatchEvent(new CustomEvent('made'));
      await this.updateComplete;
      this.querySelector<HTMLElement>('#invite-title')?.focus();
    } catch (error) {
      this.fault = sentenceOf(error);
    } finally {
      this.busy = false;
    }
  }

  private async copy(link: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(link);
      this.copied = true;
    } catch {
      // Not allowed here, or no such thing: selected, it can be copied by hand.
      this.querySelector<HTMLInputElement>('input.link')?.focus();
    }
  }

  private async pass(link: string): Promise<void> {
    try {
      await navigator.share({ text: words.shareText(this.name), url: link });
    } catch {
      // They have thought better of it; the link stays on the screen.
    }
  }
}

const canShare = (): boolean => 'share' in navigator;

const selectAll = (event: Event): void => (event.target as HTMLInputElement).select();

customElements.define('belvedere-invite', Invite);
