import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import type { Camera } from '../../core/model';
import { isCancellable } from '../../core/states';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, field, fields, Page } from '../page';
import { address } from '../router';
import { standingBadge } from '../standing';
import { text } from '../text';
import './giving';

const words = text.settings;
/** As the server has it: nobody's uplink carries more. */
const MAX_DIRECT_VIEWERS = 64;

class SettingsPage extends Page {
  static override properties: PropertyDeclarations = {
    camera: { attribute: false },
    fault: { state: true },
    saved: { state: true },
    savedViewers: { state: true },
    busy: { state: true },
  };

  declare camera: string;
  declare fault: string | null;
  declare saved: boolean;
  declare savedViewers: boolean;
  declare busy: boolean;

  constructor() {
    super();
    this.fault = null;
    this.saved = this.savedViewers = this.busy = false;
  }

  override render(): TemplateResult | typeof nothing {
    const camera = this.household.cameras?.get(this.camera);
    if (!camera) return nothing;
    return html`
      <main class="column" id="content">
        <a class="up" href=${address.home}>${icon('arrowLeft')}<span>${text.nav.cameras}</span></a>
        <h1 tabindex="-1">${camera.name}</h1>
        <p>${standingBadge(camera, this.household.api.now())}</p>
        ${this.problem(camera)} ${alert(this.fault)}
        <form class="card" @submit=${(event: SubmitEvent) => void this.rename(fields(event)['name'] ?? '')}>
          ${field({ name: 'name', label: words.name, value: camera.name, maxlength: 100, required: true })}
          <div class="row">
            <button class="button" ?disabled=${this.busy}>${words.rename}</button>
            <span role="status">${this.saved ? text.saved : nothing}</span>
          </div>
        </form>
        ${this.viewers(camera)}
        <section class="card">
          <h2>${words.facts}</h2>
          <dl class="facts">
            ${this.facts(camera).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}
          </dl>
        </section>
        <section class="card">
          <h2>${text.activity.title}</h2>
          <p class="note">${text.activity.hintOf}</p>
          <div class="row">
            <a class="button" href=${address.activityOf(camera.id)}>${text.activity.action}</a>
          </div>
        </section>
        <section class="card">
          <h2>${words.pair}</h2>
          <p class="note">${words.pairHint}</p>
          <div class="row">
            <a class="button" href=${address.pair(camera.id)}>${icon('qrCode')}<span>${words.pairAction}</span></a>
            ${
              isCancellable(camera.pairing)
                ? html`<button class="button quiet" @click=${() => void this.cancelPairing()}>
                  ${words.cancelPairing}
                </button>`
                : nothing
            }
          </div>
        </section>
        ${
          camera.state === 'active' && camera.confirmed
            ? html`<belvedere-giving .household=${this.household} .camera=${camera.id}></belvedere-giving>`
            : nothing
        }
        <section class="card">
          <h2>${words.remove}</h2>
          <p class="note">${words.removeHint}</p>
          <div class="row">
            <button class="button danger" @click=${() => this.dialog()?.showModal()}>${words.removeAction}</button>
          </div>
        </section>
        ${this.question(camera)}
      </main>
    `;
  }

  private viewers(camera: Camera): TemplateResult {
    return html`
      <form class="card" @submit=${(event: SubmitEvent) => void this.setViewers(fields(event)['viewers'] ?? '')}>
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
        <div class="row">
          <button class="button" ?disabled=${this.busy}>${words.viewersSave}</button>
          <span role="status">${this.savedViewers ? text.saved : nothing}</span>
        </div>
      </form>
    `;
  }

  private problem(camera: Camera): TemplateResult | typeof nothing {
    if (!camera.problem || camera.online) return nothing;
    const { sentence, advice } = this.household.verdict(camera.problem.code, camera.problem.detail);
    return html`<p class="alert"><b>${sentence}</b> ${advice}</p>`;
  }

  private facts(camera: Camera): [string, string][] {
    const when = (time: string | null): string | null => (time ? new Date(time).toLocaleString() : null);
    const facts: [string, string | null][] = [
      [words.fact.model, words.models[camera.model] ?? camera.model],
      [words.fact.address, camera.local_ip],
      [words.fact.hardware, camera.hardware_id],
      [words.fact.added, when(camera.created_at)],
      [words.fact.seen, when(camera.last_seen_at)],
      [words.fact.id, camera.id],
    ];
    return facts.filter((fact): fact is [string, string] => fact[1] !== null && fact[1] !== '');
  }

  private question(camera: Camera): TemplateResult {
    return html`
      <dialog aria-labelledby="remove-question">
        <h2 id="remove-question">${words.removeQuestion(camera.name)}</h2>
        <p>${words.removeBody}</p>
        <div class="actions">
          <button class="button quiet" autofocus @click=${() => this.dialog()?.close()}>${text.cancel}</button>
          <button class="button danger solid" @click=${() => void this.removeCamera()}>${words.removeConfirm}</button>
        </div>
      </dialog>
    `;
  }

  private dialog(): HTMLDialogElement | null {
    return this.querySelector('dialog');
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.fault = null;
    this.saved = this.savedViewers = false;
    try {
      await work();
    } catch (error) {
      this.fault = sentenceOf(error);
    } finally {
      this.busy = false;
    }
  }

  private rename = (name: string): Promise<void> =>
    this.attempt(async () => {
      this.household.put(await this.household.api.rename(this.camera, name.trim()));
      this.saved = true;
    });

  private setViewers = (viewers: string): Promise<void> =>
    this.attempt(async () => {
      this.household.put(await this.household.api.setDirectViewers(this.camera, Number(viewers)));
      this.savedViewers = true;
    });

  private cancelPairing = (): Promise<void> =>
    this.attempt(async () => {
      await this.household.api.cancelPairing(this.camera);
      await this.household.reload();
    });

  private removeCamera = (): Promise<void> =>
    this.attempt(async () => {
      const { camera } = this;
      this.dialog()?.close();
      await this.household.api.remove(camera);
      location.hash = address.home;
      this.household.gone(camera);
    });
}

customElements.define('belvedere-settings', SettingsPage);
