import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import type { Camera } from '../../core/model';
import { mayManage } from '../../core/sharing';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, Page } from '../page';
import { ask, question } from '../question';
import { address } from '../router';
import { standingBadge } from '../standing';
import { text } from '../text';
import { dayAndTime } from '../time';
import './adjust';

const words = text.sharing;

/** A camera's settings for somebody it is shared with: what they may do, and a way out. */
class GuestPage extends Page {
  static override properties: PropertyDeclarations = { camera: { attribute: false }, fault: { state: true } };

  declare camera: string;
  declare fault: string | null;

  constructor() {
    super();
    this.fault = null;
  }

  override render(): TemplateResult | typeof nothing {
    const camera = this.household.cameras?.get(this.camera);
    if (!camera) return nothing;
    const owner = camera.access.owner;
    return html`
      <main class="column" id="content">
        <a class="up" href=${address.home}>${icon('arrowLeft')}<span>${text.nav.cameras}</span></a>
        <h1 tabindex="-1">${camera.name}</h1>
        <p>${standingBadge(camera, this.household.api.now())}</p>
        ${alert(this.fault)}
        <section class="card">
          <h2>${words.sharedBy(owner)}</h2>
          ${rights(camera)}
        </section>
        ${
          mayManage(camera)
            ? html`<belvedere-adjust .household=${this.household} .camera=${camera.id}></belvedere-adjust>`
            : nothing
        }
        <section class="card">
          <h2>${words.leave}</h2>
          <p class="note">${words.leaveHint}</p>
          <div class="row">
            <button class="button danger" @click=${() => ask('leave-question')}>${words.leaveAction}</button>
          </div>
        </section>
        ${question({
          id: 'leave-question',
          title: words.leaveQuestion(camera.name),
          body: words.leaveBody(owner),
          action: words.leave,
          act: () => void this.leave(camera),
        })}
      </main>
    `;
  }

  private async leave(camera: Camera): Promise<void> {
    this.fault = null;
    try {
      await this.household.leaveCamera(camera);
      location.hash = address.home;
    } catch (error) {
      this.fault = sentenceOf(error);
    }
  }
}

function rights({ access }: Camera): TemplateResult {
  const end = access.expires_at;
  const which = access.scopes.includes('manage') ? words.manage : words.live;
  return html`
    <dl class="facts">
      <dt>${words.yours}</dt>
      <dd>${which.name}</dd>
      <dt>${words.lasting}</dt>
      <dd>${words.yoursBy(access.owner, end === null ? null : dayAndTime(end))}</dd>
    </dl>
    <p class="note">${words.seen}</p>
  `;
}

customElements.define('belvedere-guest', GuestPage);
