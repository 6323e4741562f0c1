import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import type { Camera } from '../../core/model';
import { CannotSign, type CannotSignReason } from '../../core/trust/cannot-sign';
import type { OrdersStanding, Ownership } from '../../core/trust/ownership';
import { cannotSign } from '../cannot';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, Page } from '../page';
import { privacyKind } from '../privacy-kind';
import { ownership } from '../signing';
import { text } from '../text';

const words = text.privacy;

/** A card of a camera's settings: who could look in, and whether its owner allows players that know only the standard. */
class PrivacyCard extends Page {
  static override properties: PropertyDeclarations = {
    camera: { attribute: false },
    own: { state: true },
    standing: { state: true },
    cannot: { state: true },
    fault: { state: true },
    busy: { state: true },
    done: { state: true },
  };

  declare camera: string;
  /** Null where the camera knows no owner; undefined where that is not known, or this browser is none of his. */
  declare own: Ownership | null | undefined;
  declare standing: OrdersStanding | null;
  /** Why this browser may sign nothing. */
  declare cannot: CannotSignReason | null;
  declare fault: string | null;
  declare busy: boolean;
  /** What was done last, in a sentence. */
  declare done: string | null;
  private told: Camera | undefined;

  constructor() {
    super();
    this.camera = '';
    this.own = undefined;
    this.standing = this.cannot = this.fault = this.done = null;
    this.busy = false;
  }

  /** The camera is told anew when it has confirmed something. */
  protected override willUpdate(changed: PropertyValues): void {
    const camera = this.household.cameras?.get(this.camera);
    if (changed.has('camera')) this.done = null;
    else if (camera === this.told) return;
    this.told = camera;
    void this.load();
  }

  override render(): TemplateResult | typeof nothing {
    if (this.own === undefined && !this.cannot && !this.fault) return nothing;
    return html`
      <section class="card">
        <h2>${words.title}</h2>
        ${this.own === undefined ? nothing : this.kind()}
        ${cannotSign(this.cannot)} ${alert(this.fault)} ${this.own && this.standing ? this.choice(this.own, this.standing) : nothing}
      </section>
    `;
  }

  private kind(): TemplateResult {
    const which = privacyKind(this.own ? this.standing : null);
    const { name, note } = words[which];
    return html`
      <p class="kind ${which}">
        ${icon(which === 'protected' ? 'lock' : 'lockOpen')}
        <span><b>${name}</b><small>${note}</small></span>
      </p>
    `;
  }

  private choice(own: Ownership, { standard, obeyed }: OrdersStanding): TemplateResult {
    const set = (event: Event): void => void this.allow(own, event.target as HTMLInputElement);
    return html`
      <div>
        <label class="check">
          <input type="checkbox" name="standard" .checked=${standard} ?disabled=${this.busy} @change=${set} />
          <span><b>${words.standard}</b><small>${words.standardNote}</small></span>
        </label>
        <p class="note" role="status">${this.done} ${obeyed === null || this.busy ? nothing : obeyed ? words.confirmed : words.waiting}</p>
      </div>
    `;
  }

  private async load(): Promise<void> {
    const { camera } = this;
    try {
      const own = await ownership(this.household, camera);
      const standing = (await own?.standing()) ?? null;
      if (this.camera !== camera) return;
      this.own = own;
      this.standing = standing;
      this.cannot = this.fault = null;
    } catch (error) {
      this.own = undefined;
      if (error instanceof CannotSign) this.cannot = error.reason;
      else this.fault = sentenceOf(error);
    }
  }

  private async allow(own: Ownership, box: HTMLInputElement): Promise<void> {
    this.busy = true;
    this.fault = null;
    this.done = null;
    try {
      await own.allowStandard(box.checked);
      await this.load();
      this.done = box.checked ? words.allowed : words.forbidden;
    } catch (error) {
      box.checked = !box.checked;
      this.fault = sentenceOf(error);
    } finally {
      this.busy = false;
    }
  }
}

customElements.define('belvedere-privacy', PrivacyCard);
