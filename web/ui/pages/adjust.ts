import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import type { Camera } from '../../core/model';
import { sentenceOf } from '../household';
import { alert, field, fields, Page } from '../page';
import { text } from '../text';

const words = text.settings;
/** As the server has it: nobody's uplink carries more. */
const MAX_DIRECT_VIEWERS = 64;

/** What its owner, and whoever may manage it, changes of a camera. */
class Adjust extends Page {
  static override properties: PropertyDeclarations = {
    camera: { attribute: false },
    fault: { state: true },
    saved: { state: true },
    busy: { state: true },
  };

  declare camera: string;
  declare fault: string | null;
  declare saved: 'name' | 'viewers' | null;
  declare busy: boolean;

  constructor() {
    super();
    this.fault = this.saved = null;
    this.busy = false;
  }

  override render(): TemplateResult | typeof nothing {
    const camera = this.household.cameras?.get(this.camera);
    return camera ? html`${alert(this.fault)} ${this.name(camera)} ${this.viewers(camera)}` : nothing;
  }

  private name(camera: Camera): TemplateResult {
    const rename = (event: SubmitEvent): Promise<void> => {
      const name = (fields(event)['name'] ?? '').trim();
      return this.save('name', () => this.household.api.rename(this.camera, name));
    };
    return html`
      <form class="card" @submit=${rename}>
        ${field({ name: 'name', label: words.name, value: camera.name, maxlength: 100, required: true })}
        ${this.button('name', words.rename)}
      </form>
    `;
  }

  private viewers(camera: Camera): TemplateResult {
    const set = (event: SubmitEvent): Promise<void> => {
      const viewers = Number(fields(event)['viewers']);
      return this.save('viewers', () => this.household.api.setDirectViewers(this.camera, viewers));
    };
    return html`
      <form class="card" @submit=${set}>
        <h2>${words.viewers}</h2>
        ${field({
          name: 'viewers',
          label: words.viewersLabel,
          type: 'number',
          value: String(camera.direct_viewers),
          hint: words.viewersHint,
          min: 0,
          max: MAX_DIRECT_VIEWERS,
          required: true,
        })}
        ${this.button('viewers', words.viewersSave)}
      </form>
    `;
  }

  private button(what: 'name' | 'viewers', words: string): TemplateResult {
    return html`
      <div class="row">
        <button class="button" ?disabled=${this.busy}>${words}</button>
        <span role="status">${this.saved === what ? text.saved : nothing}</span>
      </div>
    `;
  }

  private async save(what: 'name' | 'viewers', work: () => Promise<Camera>): Promise<void> {
    this.busy = true;
    this.fault = this.saved = null;
    try {
      this.household.put(await work());
      this.saved = what;
    } catch (error) {
      this.fault = sentenceOf(error);
    } finally {
      this.busy = false;
    }
  }
}

customElements.define('belvedere-adjust', Adjust);
