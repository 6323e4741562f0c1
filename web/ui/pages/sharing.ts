import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Camera } from '../../core/model';
import { hasEnded, type OpenInvitation, type Sharing } from '../../core/sharing';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, Page } from '../page';
import { text } from '../text';
import { dayAndTime } from '../time';
import './invite';
import './person';
import './terms';

const words = text.sharing;

/** Who shares a camera, for its owner. */
class SharingSection extends Page {
  static override properties: PropertyDeclarations = {
    camera: { attribute: false },
    name: { attribute: false },
    sharing: { state: true },
    fault: { state: true },
    done: { state: true },
  };

  declare camera: string;
  declare name: string;
  declare sharing: Sharing | null;
  declare fault: string | null;
  /** What was done last, in a sentence. */
  declare done: string | null;
  private told: Camera | undefined;

  constructor() {
    super();
    this.camera = this.name = '';
    this.sharing = this.fault = this.done = null;
  }

  /** The server tells of the camera anew whenever somebody accepts, is changed or leaves. */
  protected override willUpdate(changed: PropertyValues): void {
    const camera = this.household.cameras?.get(this.camera);
    if (changed.has('camera')) this.sharing = this.done = null;
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
        ${this.sharing && grants.every((grant) => hasEnded(grant, now)) ? html`<p class="note">${words.alone}</p>` : nothing}
        ${
          grants.length
            ? html`<ul class="lines">
              ${repeat(
                grants,
                ({ id }) => id,
                (grant) => html`<li>
                  ${icon('user')}
                  <belvedere-person class="entry" .household=${this.household} .grant=${grant}></belvedere-person>
                </li>`,
              )}
            </ul>`
            : nothing
        }
        ${invitations.length ? this.open(invitations) : nothing} ${alert(this.fault)}
        <div class="row">
          <belvedere-invite
            .household=${this.household}
            .camera=${this.camera}
            .name=${this.name}
            @made=${() => void this.load()}
          ></belvedere-invite>
          <span role="status">${this.done ?? nothing}</span>
        </div>
      </section>
    `;
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
    const { scopes, grant_expires_at: end, expires_at, created_at, id } = invitation;
    const rights = words.rights(scopes.includes('manage'));
    return html`
      <li>
        ${icon('link')}
        <div class="entry">
        <span class="about">
          <b>${words.terms(rights, end === null ? null : dayAndTime(end))}</b>
          <small>${words.linkUntil(dayAndTime(expires_at))}</small>
        </span>
        <button
          class="button quiet"
          aria-label=${words.withdrawLabel(dayAndTime(created_at))}
          @click=${() => void this.withdraw(id)}
        >
          ${words.withdraw}
        </button>
        </div>
      </li>
    `;
  }

  private readonly onDone = (event: Event): void => {
    this.done = (event as CustomEvent<string>).detail;
    void this.load(event.type === 'ended');
  };

  /** `vanishes`: with a line of the list goes the button that was pressed, and the keyboard needs another place. */
  private async load(vanishes = false): Promise<void> {
    const { camera } = this;
    try {
      const sharing = await this.household.api.sharing(camera);
      if (this.camera !== camera) return;
      this.sharing = sharing;
      this.fault = null;
    } catch (error) {
      this.fault = sentenceOf(error);
    }
    if (vanishes) this.querySelector<HTMLElement>('h2')?.focus();
  }

  private async withdraw(id: string): Promise<void> {
    try {
      await this.household.api.withdraw(id);
      this.done = words.withdrawn;
      await this.load(true);
    } catch (error) {
      this.fault = sentenceOf(error);
    }
  }
}

customElements.define('belvedere-sharing', SharingSection);
