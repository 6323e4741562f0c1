import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import type { Via } from '../../core/messages';
import type { PastWatcher, Watcher, Watchers } from '../../core/sharing';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, Page } from '../page';
import { text } from '../text';
import { lasted, since } from '../time';

const words = text.sharing;
/** Soon enough to see somebody come and go, and little to ask for. */
const LOOK_MS = 5_000;
/** The rest stands under Activity. */
const MAX_LATELY = 5;

/** Who watches a camera at this moment, and who did lately, for its owner. */
class WatchersSection extends Page {
  static override properties: PropertyDeclarations = {
    camera: { attribute: false },
    watchers: { state: true },
    fault: { state: true },
  };

  declare camera: string;
  declare watchers: Watchers | null;
  declare fault: string | null;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.camera = '';
    this.watchers = this.fault = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.timer = setInterval(() => document.hidden || void this.load(), LOOK_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('camera')) return;
    this.watchers = null;
    void this.load();
  }

  override render(): TemplateResult {
    const { now, earlier } = this.watchers ?? { now: [], earlier: [] };
    return html`
      <section class="card">
        <h2>${words.watchers}</h2>
        ${alert(this.fault)}
        ${this.watchers && now.length === 0 ? html`<p class="note">${words.nobody}</p>` : nothing}
        ${now.length ? html`<ul class="lines" aria-label=${words.now}>${now.map((one) => this.present(one))}</ul>` : nothing}
        ${
          earlier.length
            ? html`
              <h3>${words.lately}</h3>
              <ul class="lines" aria-label=${words.lately}>${earlier.slice(0, MAX_LATELY).map((one) => this.past(one))}</ul>
            `
            : nothing
        }
      </section>
    `;
  }

  private present({ email, since: began, way }: Watcher): TemplateResult {
    return line('eye', this.name(email), words.watchingSince(this.when(began)), way);
  }

  private past({ email, began_at, ended_at, way }: PastWatcher): TemplateResult {
    const long = lasted(Date.parse(ended_at) - Date.parse(began_at));
    return line('user', this.name(email), words.watched(this.when(began_at), long), way);
  }

  private name(email: string): string {
    return email === this.household.account?.email ? words.you : email;
  }

  private when(time: string): string {
    return since(Date.parse(time), this.household.api.now());
  }

  private async load(): Promise<void> {
    const { camera } = this;
    try {
      const watchers = await this.household.api.watchers(camera);
      if (this.camera !== camera) return;
      this.watchers = watchers;
      this.fault = null;
    } catch (error) {
      this.fault = sentenceOf(error);
    }
  }
}

const line = (name: 'eye' | 'user', who: string, when: string, way: Via): TemplateResult => html`
  <li>
    ${icon(name)}
    <span>
      <b>${who}</b>
      <small>${when} · ${text.watch.ways[way]}</small>
    </span>
  </li>
`;

customElements.define('belvedere-watchers', WatchersSection);
