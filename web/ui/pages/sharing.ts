import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Camera } from '../../core/model';
import { hasEnded, type Grant, type OpenInvitation, type Sharing } from '../../core/sharing';
import { CannotSign, type CannotSignReason } from '../../core/trust/cannot-sign';
import type { OrdersStanding, Ownership, Standing } from '../../core/trust/ownership';
import { cannotSign } from '../cannot';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, Page } from '../page';
import { ownership } from '../signing';
import { text } from '../text';
import { dayAndTime } from '../time';
import './invite';
import './person';
import './terms';

const words = text.sharing;

/** What this browser may sign for the camera. `own` null: the camera knows no owner, and nothing is signed. */
interface Signing {
  own: Ownership | null;
  given: ReadonlyMap<string, Standing>;
  orders: OrdersStanding | null;
  /** How many rights the server does not list. */
  unlisted: number;
}

/** Who shares a camera, for its owner. */
class SharingSection extends Page {
  static override properties: PropertyDeclarations = {
    camera: { attribute: false },
    name: { attribute: false },
    sharing: { state: true },
    signing: { state: true },
    cannot: { state: true },
    fault: { state: true },
    done: { state: true },
  };

  declare camera: string;
  declare name: string;
  declare sharing: Sharing | null;
  /** Null while it is not known. */
  declare signing: Signing | null;
  /** Why this browser may sign nothing. */
  declare cannot: CannotSignReason | null;
  declare fault: string | null;
  /** What was done last, in a sentence. */
  declare done: string | null;
  private told: Camera | undefined;

  constructor() {
    super();
    this.camera = this.name = '';
    this.sharing = this.signing = this.cannot = this.fault = this.done = null;
  }

  /** The server tells of the camera anew whenever somebody accepts, is changed or leaves. */
  protected override willUpdate(changed: PropertyValues): void {
    const camera = this.household.cameras?.get(this.camera);
    if (changed.has('camera')) this.sharing = this.signing = this.cannot = this.done = null;
    else if (camera === this.told) return;
    this.told = camera;
    void this.load();
  }

  override render(): TemplateResult {
    const { grants, invitations } = this.sharing ?? { grants: [], invitations: [] };
    const now = this.household.api.now();
    return html`
      <section class="card" @ended=${this.onDone} @changed=${this.onDone}>
        <h2 tabindex="-1">${words.title}</h2>
        ${this.signing?.unlisted ? this.unlisted(this.signing.unlisted) : nothing}
        ${this.sharing && !this.signing?.unlisted && grants.every((grant) => hasEnded(grant, now)) ? html`<p class="note">${words.alone}</p>` : nothing}
        ${cannotSign(this.cannot)}
        ${grants.length ? this.people(grants) : nothing} ${invitations.length ? this.open(invitations) : nothing}
        ${alert(this.fault)}
        <div class="row">
          <belvedere-invite
            .household=${this.household}
            .camera=${this.camera}
            .name=${this.name}
            .own=${this.signing?.own ?? null}
            .off=${!this.signing}
            @made=${() => void this.load()}
          ></belvedere-invite>
          <span role="status">${this.done ? html`${this.done} ${this.obeyed()}` : nothing}</span>
        </div>
      </section>
    `;
  }

  private people(grants: Grant[]): TemplateResult {
    return html`<ul class="lines">
      ${repeat(
        grants,
        ({ id }) => id,
        (grant) => html`<li>
          ${icon('user')}
          <belvedere-person
            class="entry"
            .household=${this.household}
            .grant=${grant}
            .own=${this.signing?.own ?? null}
            .given=${this.signing?.given.get(grant.id)}
            .off=${!this.signing}
          ></belvedere-person>
        </li>`,
      )}
    </ul>`;
  }

  /** What was said to the camera counts when the camera has said so. */
  private obeyed(): string {
    const { obeyed = null } = this.signing?.orders ?? {};
    if (obeyed === null) return '';
    return obeyed ? text.privacy.confirmed : text.privacy.waiting;
  }

  private open(invitations: OpenInvitation[]): TemplateResult {
    return html`
      <h3>${words.open}</h3>
      <ul class="lines">
        ${invitations.map((invitation) => this.invitation(invitation))}
      </ul>
    `;
  }

  private invitation(invitation: OpenInvitation): TemplateResult {
    const { id, scopes, grant_expires_at: end, expires_at, created_at } = invitation;
    const counts = !this.signing?.own || typeof this.signing.given.get(id) !== 'string';
    const rights = words.rights(scopes.includes('manage'));
    return html`
      <li>
        ${icon('link')}
        <div class="entry">
        <span class="about">
          <b>${words.terms(rights, end === null ? null : dayAndTime(end))}</b>
          <small>${words.linkUntil(dayAndTime(expires_at))}</small>
          ${counts ? nothing : html`<small class="fault">${text.privacy.noLink}</small>`}
        </span>
        <button
          class="button quiet"
          aria-label=${words.withdrawLabel(dayAndTime(created_at))}
          ?disabled=${!this.signing}
          @click=${() => void this.withdraw(invitation)}
        >
          ${words.withdraw}
        </button>
        </div>
      </li>
    `;
  }

  private readonly onDone = (event: Event): void => {
    this.tell((event as CustomEvent<string>).detail);
    void this.load(event.type === 'ended');
  };

  /** What the camera has confirmed before is no answer to this. */
  private tell(done: string): void {
    this.done = done;
    if (this.signing) this.signing = { ...this.signing, orders: null };
  }

  /** `vanishes`: with a line of the list goes the button that was pressed, and the keyboard needs another place. */
  private async load(vanishes = false): Promise<void> {
    const { camera } = this;
    try {
      const sharing = await this.household.api.sharing(camera);
      if (this.camera !== camera) return;
      this.sharing = sharing;
      this.fault = null;
      await this.loadSigning(camera, sharing);
    } catch (error) {
      this.fault = sentenceOf(error);
    }
    if (vanishes) this.querySelector<HTMLElement>('h2')?.focus();
  }

  /** Nothing may be signed before it is known what was. */
  private async loadSigning(camera: string, sharing: Sharing): Promise<void> {
    try {
      const own = await ownership(this.household, camera);
      const [given, orders, unlisted] = own
        ? await Promise.all([own.given(sharing), own.standing(), own.unlisted(sharing)])
        : [new Map(), null, 0];
      if (this.camera !== camera) return;
      this.signing = { own, given, orders, unlisted };
      this.cannot = null;
    } catch (error) {
      this.signing = null;
      if (!(error instanceof CannotSign)) throw error;
      this.cannot = error.reason;
    }
  }

  private unlisted(count: number): TemplateResult {
    return html`<p class="info">
      <span>${text.privacy.unlisted(count)}</span>
      <button class="button" @click=${() => void this.endUnlisted()}>${text.privacy.endUnlisted}</button>
    </p>`;
  }

  private endUnlisted(): Promise<void> {
    return this.attempt(text.privacy.unlistedEnded, async () => this.signing?.own?.endUnlisted());
  }

  private withdraw(invitation: OpenInvitation): Promise<void> {
    const { own } = this.signing ?? {};
    return this.attempt(own ? text.privacy.withdrawn : words.withdrawn, () =>
      own ? own.withdraw(invitation) : this.household.api.withdraw(invitation.id),
    );
  }

  private async attempt(sentence: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.tell(sentence);
      await this.load(true);
    } catch (error) {
      this.fault = sentenceOf(error);
    }
  }
}

customElements.define('belvedere-sharing', SharingSection);
