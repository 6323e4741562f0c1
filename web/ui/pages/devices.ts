import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { createRef, ref } from 'lit/directives/ref.js';
import type { JoinRequest } from '../../core/trust-routes';
import type { Circle } from '../../core/trust/circle';
import type { Key } from '../../core/trust/members';
import { admitRecovery, drawRecovery, welcome, whoAsks } from '../../core/trust/joining';
import { RECOVERY_LABEL, type Member } from '../../core/trust/own-ring';
import { Untrue } from '../../core/trust/untrue';
import { agentWords } from '../agent';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, field, fields, Page } from '../page';
import { ask, question } from '../question';
import { askedForRecovery } from '../recovery-asked';
import { address } from '../router';
import { renewAll } from '../signing';
import { text } from '../text';
import { day } from '../time';
import { devices as words, recovery } from '../words/devices';
import { trust } from '../words/trust';
import './join';
import './proof';
import type { ProofDialog } from './proof';
import { recoverySheet } from './recovery-sheet';

const REMOVE = 'remove-device';

/** The devices of an account that cameras believe: on one of them the list, on any other how to come to belong. */
class DevicesPage extends Page {
  static override properties: PropertyDeclarations = {
    code: { attribute: false },
    members: { state: true },
    asks: { state: true },
    told: { state: true },
    fault: { state: true },
    codeFault: { state: true },
    sheet: { state: true },
    busy: { state: true },
    chosen: { state: true },
  };

  /** Of another device, where its link was opened. */
  declare code: string | null;
  declare members: Member[];
  /** Who has the code that was typed. */
  declare asks: JoinRequest | null;
  declare told: string | null;
  declare fault: string | null;
  declare codeFault: string | null;
  /** A new recovery code, until the person has it: nothing obeys it before. */
  declare sheet: string | null;
  /** It is being admitted. */
  declare busy: boolean;
  /** Whom the person is about to remove. */
  declare chosen: Member | null;
  private typed = '';
  private readonly proof = createRef<ProofDialog>();
  private head = '';

  constructor() {
    super();
    this.code = this.asks = this.told = this.fault = this.codeFault = null;
    this.sheet = this.chosen = null;
    this.members = [];
    this.busy = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.attempt(async () => this.household.trust.circle?.catchUp());
  }

  override render(): TemplateResult | typeof nothing {
    const { circle } = this.household.trust;
    if (!circle) return nothing;
    if (this.sheet) return this.printing(circle, this.sheet);
    return html`
      <main class="column" id="content">
        <a class="up" href=${address.account}>${icon('arrowLeft')}<span>${text.nav.account}</span></a>
        <h1 tabindex="-1">${trust.devices.title}</h1>
        <p class="lead">${trust.devices.hint}</p>
        ${alert(this.fault)} ${this.told ? html`<p class="info" role="status">${icon('check')}<span>${this.told}</span></p>` : nothing}
        ${this.standing(circle)}
        <belvedere-proof .household=${this.household} ${ref(this.proof)}></belvedere-proof>
      </main>
    `;
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has('sheet') || changed.get('sheet') === undefined) return;
    this.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }

  protected override willUpdate(changed: PropertyValues): void {
    const { circle } = this.household.trust;
    if (changed.has('code') && this.code) void this.attempt(() => this.open(this.code ?? ''));
    const head = circle?.ring?.head ?? '';
    if (!circle || head === this.head) return;
    this.head = head;
    void circle.members().then((members) => (this.members = members));
  }

  private get isMember(): boolean {
    return this.household.trust.circle?.standing.kind === 'member';
  }

  private standing(circle: Circle): TemplateResult {
    const { standing } = circle;
    switch (standing.kind) {
      case 'unable':
        return html`<p class="alert">${words.unable[standing.reason]}</p>`;
      case 'unasked':
        return html`<p class="note" role="status">${text.loading}</p>`;
      case 'alone':
        return this.alone();
      case 'member':
        return html`${this.list(circle)} ${this.adding(circle)} ${this.recovery(circle)}`;
      default:
        return html`
          <belvedere-join
            .household=${this.household}
            .belonging=${standing.kind}
            @joined=${(event: CustomEvent<{ byPaper: boolean }>) =>
              (this.told = event.detail.byPaper ? words.doneByPaper : words.done)}
          ></belvedere-join>
          ${this.lost(circle)}
        `;
    }
  }

  /** It is urgent that it goes: what could not be said again now is when this browser looks at the camera. */
  private readonly renew = (leaving: Key): Promise<void> =>
    renewAll(this.household, leaving).catch(() => undefined);

  private alone(): TemplateResult {
    const begin = (): void => void this.attempt(() => this.household.trust.begin());
    return html`<section class="card">
      <p class="note">${words.alone}</p>
      <div class="row"><button class="button" @click=${begin}>${words.begin}</button></div>
    </section>`;
  }

  private list(circle: Circle): TemplateResult {
    const { chosen } = this;
    circle.beforeDismiss = this.renew;
    return html`
      <section class="card">
        <ul class="lines">
          ${this.members.map((member) => this.line(member, member.key === circle.own))}
        </ul>
        ${circle.isAlmostFull ? html`<p class="alert">${words.almostFull}</p>` : nothing}
      </section>
      ${question({
        id: REMOVE,
        title: words.removeQuestion(chosen ? labelOf(chosen) : ''),
        body: this.warning(circle),
        action: words.remove,
        act: () => void this.attempt(() => circle.dismiss(chosen?.key ?? '')),
      })}
    `;
  }

  private line(member: Member, isThis: boolean): TemplateResult {
    const label = labelOf(member);
    const remove = async (): Promise<void> => {
      this.chosen = member;
      await this.updateComplete;
      ask(REMOVE);
    };
    return html`<li>
      ${icon(isPaper(member) ? 'qrCode' : 'monitor')}
      <span>
        <b>${label}</b>${isThis ? html` <span class="tag">${words.this}</span>` : nothing}
        <small>${words.since(day(member.since * 1000), member.key.slice(0, 4))}</small>
      </span>
      ${
        this.members.length > 1
          ? html`<button class="button quiet" aria-label=${words.removeOf(label)} @click=${() => void remove()}>
              ${words.remove}
            </button>`
          : nothing
      }
    </li>`;
  }

  /** What comes of removing the chosen one. */
  private warning(circle: Circle): string {
    if (this.chosen?.key === circle.own) return words.removeThis;
    return this.chosen && isPaper(this.chosen) ? words.removePaper : words.removeBody;
  }

  private adding(circle: Circle): TemplateResult {
    const { asks } = this;
    return html`
      <section class="card">
        <h2>${words.add}</h2>
        ${
          asks
            ? this.asking(circle, asks)
            : html`
          <p class="note">${words.addHint}</p>
          <form class="row" @submit=${(event: SubmitEvent) => this.submit(event)}>
            <div class="grow">
              ${field({ name: 'code', label: words.code, value: this.typed, verbatim: true, required: true, maxlength: 40, fault: this.codeFault })}
            </div>
            <button class="button low">${words.find}</button>
          </form>`
        }
      </section>
    `;
  }

  private asking(circle: Circle, asks: JoinRequest): TemplateResult {
    const letIn = (): void =>
      void this.attempt(async () => {
        await welcome(circle, this.household.api.trust, this.typed, asks);
        this.told = words.welcomed(asks.label);
        this.done();
      });
    return html`
      <p role="status">${words.asks(asks.label)}</p>
      <p class="shown-code"><code>${this.typed.toUpperCase()}</code></p>
      <div class="row">
        <button class="button quiet" @click=${() => this.done()}>${text.cancel}</button>
        <button class="button primary" @click=${letIn}>${words.letIn}</button>
      </div>
    `;
  }

  private printing(circle: Circle, paper: string): TemplateResult {
    const { account } = this.household;
    const end = (): void => void (this.sheet = this.fault = null);
    const keep = async (): Promise<void> => {
      await admitRecovery(circle, paper);
      askedForRecovery(account?.id ?? '');
      end();
    };
    const kept = async (): Promise<void> => {
      this.busy = true;
      await this.attempt(keep);
      this.busy = false;
    };
    const { fault, busy } = this;
    return recoverySheet({ paper, email: account?.email ?? '', fault, busy, kept, dropped: end });
  }

  private recovery(circle: Circle): TemplateResult {
    const make = (): void => void this.attempt(async () => void (this.sheet = drawRecovery(circle)));
    const has = this.members.some(isPaper);
    return html`
      <section class="card">
        <h2>${recovery.title}</h2>
        <p class="note">${recovery.hint}</p>
        <div class="row">
          <button class="button ${has ? '' : 'primary'}" @click=${make}>
            ${has ? recovery.another : recovery.make}
          </button>
        </div>
      </section>
    `;
  }

  private lost(circle: Circle): TemplateResult {
    const deed = { title: words.restartQuestion, lead: words.restartBody, go: words.restart, danger: true };
    const restart = (): void =>
      void this.attempt(async () =>
        this.proof.value?.ask(deed, async (proof) => {
          await this.household.api.trust.endKeyring(proof);
          await circle.beginAnew(agentWords(navigator.userAgent));
        }),
      );
    return html`<details class="more">
      <summary>${words.lost}</summary>
      <p class="note">${words.lostHint}</p>
      <button class="button danger" @click=${restart}>${words.restart}</button>
    </details>`;
  }

  /** The link of another device. */
  private async open(code: string): Promise<void> {
    await this.household.trust.circle?.catchUp();
    if (this.isMember) await this.find(code);
  }

  private submit(event: SubmitEvent): void {
    const code = fields(event)['code'] ?? '';
    void this.attempt(() => this.find(code));
  }

  private done(): void {
    this.asks = null;
    this.typed = '';
  }

  private async find(code: string): Promise<void> {
    this.typed = code;
    this.codeFault = this.told = null;
    try {
      this.asks = await whoAsks(this.household.api.trust, code);
      if (!this.asks) this.codeFault = words.nobody;
    } catch (error) {
      if (!(error instanceof Untrue)) throw error;
      this.codeFault = words.mistyped;
    }
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    this.fault = null;
    try {
      await work();
    } catch (error) {
      this.fault = sentenceOf(error);
    }
  }
}

const isPaper = (member: Member): boolean => member.label === RECOVERY_LABEL;

/** Two of one name differ by their keys. */
const labelOf = ({ label, key }: Member): string => label || `${words.unnamed} ${key.slice(0, 4)}`;

customElements.define('belvedere-devices', DevicesPage);
