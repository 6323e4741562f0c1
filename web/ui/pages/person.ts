import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { hasEnded, type Grant } from '../../core/sharing';
import type { Ownership, Standing } from '../../core/trust/ownership';
import { sentenceOf } from '../household';
import { alert, fields, Page } from '../page';
import { ask, closeAround, question } from '../question';
import { text } from '../text';
import { dayAndTime, timeOf } from '../time';
import { readTerms } from './terms';

const words = text.sharing;

/** Somebody who shares a camera. Tells `changed` and `ended` when it has become so, with a sentence as detail. */
class Person extends Page {
  static override properties: PropertyDeclarations = {
    grant: { attribute: false },
    own: { attribute: false },
    given: { attribute: false },
    off: { attribute: false },
    changing: { state: true },
    busy: { state: true },
    fault: { state: true },
    dateFault: { state: true },
  };

  declare grant: Grant;
  /** Null where the camera knows no owner. */
  declare own: Ownership | null;
  /** What was signed for this person. */
  declare given: Standing | undefined;
  /** This browser may not sign, or it is not known yet. */
  declare off: boolean;
  declare changing: boolean;
  declare busy: boolean;
  declare fault: string | null;
  declare dateFault: string | null;

  constructor() {
    super();
    this.changing = this.busy = this.off = false;
    this.fault = this.dateFault = this.own = null;
    this.given = undefined;
  }

  override render(): TemplateResult {
    const { email } = this.grant;
    const trouble = this.trouble();
    return html`
      <span class="about">
        <b>${email}</b>
        <small>${this.standing()}</small>
        ${trouble ? html`<small class="fault">${trouble}</small>` : nothing}
      </span>
      <span>
        <button
          class="button quiet"
          aria-label=${words.changeLabel(email)}
          ?disabled=${this.off || trouble !== null}
          @click=${() => void this.begin()}
        >
          ${words.change}
        </button>
        <button
          class="button quiet"
          aria-label=${words.removeLabel(email)}
          ?disabled=${this.off}
          @click=${() => ask(`${this.grant.id}-remove`)}
        >
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

  /** Why the camera does not let them watch, though the server would. */
  private trouble(): string | null {
    const { own, given } = this;
    // While it is saved, the old right is over and the new one is not there.
    if (!own || given === undefined || this.busy) return null;
    if (typeof given === 'string') return text.privacy[given];
    return given.to === null ? text.privacy.unaccepted : null;
  }

  /** What was signed is what counts. */
  private standing(): string {
    const { given } = this;
    const signed = typeof given === 'object' ? given : null;
    const scopes = signed?.scopes ?? this.grant.scopes;
    const end = signed ? timeOf(signed.until) : this.grant.expires_at;
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
    const { household, own, grant } = this;
    const terms = readTerms(said, grant.scopes, own ? own.now() : household.api.now());
    this.dateFault = terms ? null : words.datePast;
    if (!terms) return;
    const { scopes, until } = terms;
    const change = { scopes, ...(until === undefined ? {} : { expires_at: until }) };
    const sentence = (own ? text.privacy.saved : words.changed)(grant.email);
    await this.attempt('changed', sentence, () =>
      own ? own.change(grant, terms) : household.api.changeGrant(grant.id, change),
    );
  }

  private readonly end = (): Promise<void> => {
    const { household, own, grant, given } = this;
    const revoked = given === 'past' ? text.privacy.revokedAsKnown : text.privacy.revoked;
    const sentence = (own ? revoked : words.removed)(grant.email);
    return this.attempt('ended', sentence, () => (own ? own.end(grant) : household.api.endGrant(grant.id)));
  };

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
