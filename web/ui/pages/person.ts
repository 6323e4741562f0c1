import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { hasEnded, type Grant } from '../../core/sharing';
import { sentenceOf } from '../household';
import { alert, fields, Page } from '../page';
import { ask, closeAround, question } from '../question';
import { text } from '../text';
import { dayAndTime } from '../time';
import { readTerms } from './terms';

const words = text.sharing;

/** Somebody who shares a camera. Tells `changed` and `ended` when it has become so, with a sentence as detail. */
class Person extends Page {
  static override properties: PropertyDeclarations = {
    grant: { attribute: false },
    changing: { state: true },
    busy: { state: true },
    fault: { state: true },
    dateFault: { state: true },
  };

  declare grant: Grant;
  declare changing: boolean;
  declare busy: boolean;
  declare fault: string | null;
  declare dateFault: string | null;

  constructor() {
    super();
    this.changing = this.busy = false;
    this.fault = this.dateFault = null;
  }

  override render(): TemplateResult {
    const { email } = this.grant;
    return html`
      <span class="about">
        <b>${email}</b>
        <small>${this.standing()}</small>
      </span>
      <span>
        <button class="button quiet" aria-label=${words.changeLabel(email)} @click=${() => void this.begin()}>
          ${words.change}
        </button>
        <button class="button quiet" aria-label=${words.removeLabel(email)} @click=${() => ask(`${this.grant.id}-remove`)}>
          ${words.remove}
        </button>
      </span>
      ${this.changing ? nothing : alert(this.fault)} ${this.form()}
      ${question({
        id: `${this.grant.id}-remove`,
        title: words.removeQuestion(email),
        body: words.removeBody,
        action: words.remove,
        act: () => void this.end(),
      })}
    `;
  }

  private standing(): string {
    const { scopes, expires_at: end } = this.grant;
    if (this.hasEnded()) return words.ended(dayAndTime(end ?? ''));
    return words.terms(words.rights(scopes.includes('manage')), end === null ? null : dayAndTime(end));
  }

  private hasEnded(): boolean {
    return hasEnded(this.grant, this.household.api.now());
  }

  private form(): TemplateResult {
    const { id, email, scopes } = this.grant;
    const end = this.hasEnded() ? undefined : (this.grant.expires_at ?? undefined);
    return html`
      <dialog class="change" aria-labelledby="${id}-title" @close=${this.closed}>
        ${
          this.changing
            ? html`<form @submit=${(event: SubmitEvent) => void this.change(fields(event))}>
              <h2 id="${id}-title">${words.changeTitle(email)}</h2>
              <belvedere-terms id=${id} .scopes=${scopes} .end=${end} .fault=${this.dateFault}>
              </belvedere-terms>
              ${alert(this.fault)}
              <div class="actions">
                <button type="button" class="button quiet" @click=${closeAround}>${text.cancel}</button>
                <button class="button primary" ?disabled=${this.busy}>${words.save}</button>
              </div>
            </form>`
            : nothing
        }
      </dialog>
    `;
  }

  /** Filled before it opens, so that the keyboard begins in it. */
  private async begin(): Promise<void> {
    this.fault = this.dateFault = null;
    this.changing = true;
    await this.updateComplete;
    this.querySelector<HTMLDialogElement>('dialog.change')?.showModal();
  }

  /** Told late: it may be open again. */
  private readonly closed = (event: Event): void => {
    this.changing = (event.target as HTMLDialogElement).open;
  };

  private async change(said: Record<string, string>): Promise<void> {
    const { api } = this.household;
    const terms = readTerms(said, this.grant.scopes, api.now());
    this.dateFault = terms ? null : words.datePast;
    if (!terms) return;
    const { scopes, until } = terms;
    await this.attempt('changed', words.changed(this.grant.email), () =>
      api.changeGrant(this.grant.id, { scopes, ...(until === undefined ? {} : { expires_at: until }) }),
    );
  }

  private readonly end = (): Promise<void> =>
    this.attempt('ended', words.removed(this.grant.email), () => this.household.api.endGrant(this.grant.id));

  private async attempt(what: string, sentence: string, work: () => Promise<unknown>): Promise<void> {
    this.busy = true;
    this.fault = null;
    try {
      await work();
      this.querySelector<HTMLDialogElement>('dialog.change')?.close();
      this.dispatchEvent(new CustomEvent(what, { detail: sentence, bubbles: true }));
    } catch (error) {
      this.fault = sentenceOf(error);
    } finally {
      this.busy = false;
    }
  }
}

customElements.define('belvedere-person', Person);
