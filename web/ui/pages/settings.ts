import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import type { Camera } from '../../core/model';
import { isCancellable, isContested } from '../../core/states';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, Page } from '../page';
import { ask, question } from '../question';
import { address } from '../router';
import { standingBadge } from '../standing';
import { text } from '../text';
import { trust } from '../words/trust';
import './adjust';
import './giving';
import './privacy';
import './sharing';
import './watchers';

const words = text.settings;

class SettingsPage extends Page {
  static override properties: PropertyDeclarations = {
    camera: { attribute: false },
    fault: { state: true },
  };

  declare camera: string;
  declare fault: string | null;

  constructor() {
    super();
    this.fault = null;
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
        <belvedere-adjust .household=${this.household} .camera=${camera.id}></belvedere-adjust>
        ${
          camera.confirmed
            ? html`<belvedere-sharing .household=${this.household} .camera=${camera.id} .name=${camera.name}>
              </belvedere-sharing>
              <belvedere-privacy .household=${this.household} .camera=${camera.id}></belvedere-privacy>
              <belvedere-watchers .household=${this.household} .camera=${camera.id}></belvedere-watchers>`
            : nothing
        }
        ${this.believed(camera)}
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
            <button class="button danger" @click=${() => ask('remove-question')}>${words.removeAction}</button>
          </div>
        </section>
        ${question({
          id: 'remove-question',
          title: words.removeQuestion(camera.name),
          body: words.removeBody,
          action: words.removeConfirm,
          act: () => void this.removeCamera(),
        })}
      </main>
    `;
  }

  private problem(camera: Camera): TemplateResult | typeof nothing {
    const contested = isContested(camera);
    if (!camera.problem || (camera.online && !contested)) return nothing;
    const { sentence, advice } = this.household.verdict(camera.problem.code, camera.problem.detail);
    return html`<div class="alert">
      <b>${sentence}</b> ${advice} ${contested ? this.contest(camera) : nothing}
    </div>`;
  }

  /** What a person has said here once can be taken back. */
  private believed({ id }: Camera): TemplateResult | typeof nothing {
    const { circle } = this.household.trust;
    if (!circle?.believesServer(id)) return nothing;
    return html`<section class="card">
      <p class="note">${trust.believed.note}</p>
      <div class="row">
        <button class="button" @click=${() => void circle.doubtServer(id)}>${trust.believed.end}</button>
      </div>
    </section>`;
  }

  private contest(camera: Camera): TemplateResult {
    return html`<div class="row">
      <a class="button" href=${address.pair(camera.id)}>${icon('qrCode')}<span>${words.pair}</span></a>
      <button class="button quiet" @click=${() => void this.dismiss()}>${words.dismiss}</button>
    </div>`;
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

  private async attempt(work: () => Promise<void>): Promise<void> {
    this.fault = null;
    try {
      await work();
    } catch (error) {
      this.fault = sentenceOf(error);
    }
  }

  private dismiss = (): Promise<void> => this.attempt(() => this.household.api.dismissAlert(this.camera));

  private cancelPairing = (): Promise<void> =>
    this.attempt(async () => {
      await this.household.api.cancelPairing(this.camera);
      await this.household.reload();
    });

  private removeCamera = (): Promise<void> =>
    this.attempt(async () => {
      const { camera } = this;
      await this.household.api.remove(camera);
      location.hash = address.home;
      this.household.gone(camera);
    });
}

customElements.define('belvedere-settings', SettingsPage);
