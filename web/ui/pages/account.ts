import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { createRef, ref } from 'lit/directives/ref.js';
import { Problem, type Invitation } from '../../core/api';
import type { Proof } from '../../core/factors';
import type { Login, WaysRule } from '../../core/model';
import { agentWords } from '../agent';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, fields, Page, passwordField } from '../page';
import { address } from '../router';
import './proof';
import type { ProofDialog } from './proof';
import './security';
import { text } from '../text';
import { since } from '../time';
import { trust } from '../words/trust';
import './leaving';

const words = text.account;
const MIN_PASSWORD = 8;
const RULES: readonly WaysRule[] = ['auto', 'never_relay', 'always_relay'];

class AccountPage extends Page {
  static override properties: PropertyDeclarations = {
    logins: { state: true },
    invitation: { state: true },
    fault: { state: true },
    passwordFault: { state: true },
    changed: { state: true },
    copied: { state: true },
    forget: { state: true },
  };

  declare logins: Login[] | null;
  declare invitation: Invitation | null;
  declare fault: string | null;
  declare passwordFault: string | null;
  declare changed: boolean;
  declare copied: boolean;
  /** The key of this browser goes with the sign-out. */
  declare forget: boolean;
  private readonly proof = createRef<ProofDialog>();

  constructor() {
    super();
    this.logins = this.invitation = this.fault = this.passwordFault = null;
    this.changed = this.copied = this.forget = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.attempt(() => this.loadLogins());
  }

  override render(): TemplateResult | typeof nothing {
    const { account } = this.household;
    if (!account) return nothing;
    return html`
      <main class="column" id="content">
        <a class="up" href=${address.home}>${icon('arrowLeft')}<span>${text.nav.cameras}</span></a>
        <h1 tabindex="-1">${words.title}</h1>
        <p class="lead">
          ${account.email}${account.administrator ? html` <span class="tag">${words.administrator}</span>` : nothing}
        </p>
        ${alert(this.fault)}
        <div class="row">
          <button class="button" @click=${() => this.attempt(() => this.signOut(false))}>
            ${words.signOut}
          </button>
          <span class="note">${words.signOutHint}</span>
        </div>
        ${this.forgetting()}
        ${account.administrator ? this.invite() : nothing} ${this.ways(account.ways)} ${this.sessions()} ${this.password()}
        <belvedere-security
          .household=${this.household}
          @changed=${() => void this.attempt(() => this.loadLogins())}
        ></belvedere-security> ${devices()} ${activity()}
        <belvedere-leaving .household=${this.household}></belvedere-leaving>
      </main>
    `;
  }

  /** Whoever signs out here keeps the key of this browser, unless the computer is not theirs alone. */
  private forgetting(): TemplateResult | typeof nothing {
    const { circle } = this.household.trust;
    if (!circle?.pair) return nothing;
    const isLast = circle.standing.kind === 'member' && circle.ring?.keys.size === 1;
    return html`<label class="check">
      <input
        type="checkbox"
        name="forget"
        .checked=${this.forget}
        @change=${(event: Event) => (this.forget = (event.target as HTMLInputElement).checked)}
      />
      <span>${trust.forget}<small>${trust.forgetHint} ${isLast ? trust.forgetLast : nothing}</small></span>
    </label>`;
  }

  private ways(chosen: WaysRule): TemplateResult {
    return html`
      <section class="card">
        <h2>${words.ways}</h2>
        <div role="radiogroup" aria-label=${words.ways}>
          ${RULES.map((rule) => {
            const { name, note } = words.waysRules[rule];
            return html`
              <label class="check">
                <input
                  type="radio"
                  name="ways"
                  .checked=${rule === chosen}
                  @change=${() => this.attempt(() => this.household.setWays(rule))}
                />
                <span><b>${name}</b><small>${note}</small></span>
              </label>
            `;
          })}
        </div>
        <p class="note">${words.waysHint}</p>
      </section>
    `;
  }

  private password(): TemplateResult {
    return html`
      <form class="card" @submit=${(event: SubmitEvent) => void this.changePassword(event)}>
        <h2>${words.password}</h2>
        <input hidden name="username" autocomplete="username" .value=${this.household.account?.email ?? ''} />
        ${passwordField({
          name: 'new',
          label: words.new,
          autocomplete: 'new-password',
          hint: text.register.passwordHint,
          required: true,
          minlength: MIN_PASSWORD,
        })}
        ${alert(this.passwordFault)}
        <div class="row">
          <button class="button">${words.change}</button>
          <span role="status">${this.changed ? words.changed : nothing}</span>
        </div>
      </form>
      <belvedere-proof .household=${this.household} ${ref(this.proof)}></belvedere-proof>
    `;
  }

  private sessions(): TemplateResult {
    return html`
      <section class="card">
        <h2>${words.sessions}</h2>
        <ul class="lines">
          ${(this.logins ?? []).map((login) => this.session(login))}
        </ul>
        <div class="row">
          <button class="button" @click=${() => this.attempt(() => this.signOut(true))}>
            ${words.everywhere}
          </button>
        </div>
      </section>
    `;
  }

  private session(login: Login): TemplateResult {
    const when = since(Date.parse(login.created_at), this.household.api.now());
    return html`
      <li>
        ${icon('monitor')}
        <span>
          <b>${login.current ? words.thisOne : agentWords(login.agent)}</b>
          <small>${[words.since(when), login.address].filter(Boolean).join(' · ')}</small>
        </span>
        ${
          login.current
            ? nothing
            : html`<button
              class="button quiet"
              aria-label=${words.endOther(when)}
              @click=${() => this.attempt(() => this.endLogin(login.id))}
            >
              ${words.end}
            </button>`
        }
      </li>
    `;
  }

  private invite(): TemplateResult {
    const { invitation } = this;
    return html`
      <section class="card">
        <h2>${words.invite}</h2>
        <p class="note">${words.inviteHint}</p>
        ${
          invitation
            ? html`
              <input class="link" readonly aria-label=${words.invite} .value=${invitation.link} />
              <div class="row">
                <button class="button" @click=${() => this.copy(invitation.link)}>
                  ${icon(this.copied ? 'check' : 'copy')}<span>${this.copied ? text.copied : text.copy}</span>
                </button>
                <span class="note">${words.inviteUntil(new Date(invitation.expires_at).toLocaleString())}</span>
              </div>
            `
            : html`<div class="row">
              <button class="button" @click=${() => this.attempt(() => this.makeInvitation())}>
                ${words.inviteAction}
              </button>
            </div>`
        }
      </section>
    `;
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    this.fault = null;
    try {
      await work();
    } catch (error) {
      this.fault = sentenceOf(error);
    }
  }

  private async signOut(everywhere: boolean): Promise<void> {
    const { household } = this;
    // Whoever leaves a computer that others use is signed out first of all.
    if (this.forget) await household.trust.forget().catch(() => (household.notice = trust.notForgotten));
    await household.signOut(everywhere);
    location.hash = address.home;
  }

  private async loadLogins(): Promise<void> {
    this.logins = await this.household.api.logins();
  }

  private async endLogin(id: string): Promise<void> {
    await this.household.api.endLogin(id);
    await this.loadLogins();
  }

  private async makeInvitation(): Promise<void> {
    this.invitation = await this.household.api.invite();
    this.copied = false;
  }

  private async copy(link: string): Promise<void> {
    await navigator.clipboard?.writeText(link);
    this.copied = true;
  }

  private async changePassword(event: SubmitEvent): Promise<void> {
    const form = event.currentTarget as HTMLFormElement;
    const { new: next = '' } = fields(event);
    this.passwordFault = null;
    this.changed = false;
    try {
      await this.proof.value?.ask({ go: words.change }, (proof) => this.setPassword(proof, next, form));
    } catch (error) {
      this.passwordFault = sentenceOf(error);
    }
  }

  private async setPassword(proof: Proof, next: string, form: HTMLFormElement): Promise<void> {
    try {
      await this.household.api.changePassword(proof, next);
    } catch (error) {
      if (!(error instanceof Problem && error.code === 'password_unsuitable')) throw error;
      this.passwordFault = sentenceOf(error); // beside its field, behind the dialog
      return;
    }
    form.reset();
    this.changed = true;
    await this.loadLogins();
  }
}

const devices = (): TemplateResult => html`
  <section class="card">
    <h2>${trust.devices.title}</h2>
    <p class="note">${trust.devices.hint}</p>
    <div class="row"><a class="button" href=${address.devices}>${trust.devices.open}</a></div>
  </section>
`;

const activity = (): TemplateResult => html`
  <section class="card">
    <h2>${text.activity.title}</h2>
    <p class="note">${text.activity.hint}</p>
    <div class="row"><a class="button" href=${address.activity}>${text.activity.action}</a></div>
  </section>
`;

customElements.define('belvedere-account', AccountPage);
