import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import type { AuditEntry } from '../../core/audit';
import { byDay, deedSentence } from '../deeds';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, Page } from '../page';
import { address } from '../router';
import { text } from '../text';
import { clock } from '../time';

const words = text.activity;

/** The audit log, newest first: of the account, or of one camera. */
class ActivityPage extends Page {
  static override properties: PropertyDeclarations = {
    camera: { attribute: false },
    entries: { state: true },
    more: { state: true },
    busy: { state: true },
    fault: { state: true },
  };

  declare camera: string | null;
  declare entries: AuditEntry[];
  /** Null until the first page is there. */
  declare more: boolean | null;
  declare busy: boolean;
  declare fault: string | null;

  constructor() {
    super();
    this.camera = this.more = this.fault = null;
    this.entries = [];
    this.busy = false;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('camera')) return;
    this.entries = [];
    this.more = null;
    void this.load();
  }

  override render(): TemplateResult {
    const name = this.nameOf(this.camera ?? '');
    const up = this.camera === null ? address.account : address.settings(this.camera);
    return html`
      <main class="column" id="content" aria-busy=${this.busy}>
        <a class="up" href=${up}>${icon('arrowLeft')}<span>${name ?? text.account.title}</span></a>
        <h1 tabindex="-1">${words.title}</h1>
        <p class="lead">${name === null ? words.lead : words.leadOf(name)}</p>
        ${alert(this.fault)}
        ${byDay(this.entries).map(({ day, entries }) => this.day(day, entries))}
        ${this.more === false && this.entries.length === 0 ? html`<p class="note">${words.nothing}</p>` : nothing}
        <div class="row">
          ${
            this.more || this.fault
              ? html`<button class="button" ?disabled=${this.busy} @click=${() => void this.load()}>
                ${this.fault ? text.home.retry : words.older}
              </button>`
              : nothing
          }
          <span class="note" role="status">${this.more === null && this.busy ? text.loading : nothing}</span>
        </div>
      </main>
    `;
  }

  private day(day: string, entries: AuditEntry[]): TemplateResult {
    return html`
      <section class="card">
        <h2>${day}</h2>
        <ul class="deeds">
          ${entries.map((entry) => this.deed(entry))}
        </ul>
      </section>
    `;
  }

  private deed(entry: AuditEntry): TemplateResult {
    const me = this.household.account?.email ?? '';
    return html`
      <li>
        <time datetime=${entry.at}>${clock(Date.parse(entry.at))}</time>
        <span>
          ${deedSentence(entry, me, (camera) => this.nameOf(camera))}
          ${entry.address ? html`<small>${words.from(entry.address)}</small>` : nothing}
        </span>
      </li>
    `;
  }

  private nameOf(camera: string): string | null {
    return this.household.cameras?.get(camera)?.name ?? null;
  }

  private async load(): Promise<void> {
    const { camera } = this;
    const before = this.entries.at(-1)?.number;
    this.busy = true;
    this.fault = null;
    try {
      const page = await this.household.api.audit({ of: camera, ...(before ? { before } : {}) });
      if (this.camera !== camera) return;
      this.entries = [...this.entries, ...page.entries];
      this.more = page.more;
    } catch (error) {
      this.fault = sentenceOf(error);
    } finally {
      this.busy = false;
    }
  }
}

customElements.define('belvedere-activity', ActivityPage);
