import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { Problem } from '../../core/api';
import type { Camera } from '../../core/model';
import type { Offer } from '../../core/sharing';
import { CannotSign } from '../../core/trust/cannot-sign';
import { acceptSigned, completeSigned, lookAt } from '../../core/trust/guest';
import { Ended, secretOf, type Invited } from '../../core/trust/receiving';
import { Untrue } from '../../core/trust/untrue';
import { sentenceOf } from '../household';
import { icon } from '../icons';
import { alert, Page } from '../page';
import { address } from '../router';
import { asWhom } from '../signing';
import { text } from '../text';
import { dayAndTime, timeOf } from '../time';
import './register';
import './sign-in';

const words = text.accept;
/** The server's codes for a link that leads nowhere any more. */
const DEAD: readonly string[] = ['invitation_invalid', 'invalid_body', 'not_found'];

/** Somebody shares a camera with whoever opens this link: who, what, until when; then yes or no. */
class AcceptPage extends Page {
  static override properties: PropertyDeclarations = {
    secret: { attribute: false },
    signed: { attribute: false },
    offer: { state: true },
    invited: { state: true },
    shown: { state: true },
    dead: { state: true },
    untrue: { state: true },
    step: { state: true },
    completing: { state: true },
    fault: { state: true },
    busy: { state: true },
  };

  declare secret: string;
  /** The secret is a seed, and what the server says is to be checked. */
  declare signed: boolean;
  /** Null until the server has said what it is about. */
  declare offer: Offer | null;
  /** What was checked of it; null where nobody has signed. */
  declare invited: Invited | null;
  /** What the server is shown in place of the seed. */
  declare shown: string;
  declare dead: boolean;
  /** What the server says is not what was signed, or it is over. */
  declare untrue: Untrue | null;
  /** The link was used, perhaps by this account, which may still have to sign. */
  declare completing: boolean;
  declare step: 'look' | 'register' | 'sign-in';
  declare fault: string | null;
  declare busy: boolean;

  constructor() {
    super();
    this.offer = this.invited = this.fault = this.untrue = null;
    this.shown = '';
    this.step = 'look';
    this.dead = this.busy = this.signed = this.completing = false;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('secret')) void this.check();
  }

  /** Each step is a page: it is announced by its heading. */
  protected override updated(changed: PropertyValues): void {
    const stepped = changed.has('step') && changed.get('step') !== undefined;
    if (stepped || changed.has('dead') || changed.has('untrue')) {
      void this.updateComplete.then(() =>
        this.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true }),
      );
    }
  }

  override render(): TemplateResult {
    const { account } = this.household;
    if (this.untrue) return this.wrong(this.untrue);
    if (this.dead) return over(words.invalidTitle, words.invalid);
    if (!this.offer) return this.waiting();
    const { camera_name: name, owner } = this.offer;
    if (account?.email === owner) return over(words.ownTitle, words.own(name));
    if (!account && this.step === 'register') return this.registering(name);
    if (!account && this.step === 'sign-in') return this.signingIn(name);
    return html`
      <main class="narrow" id="content">
        <span class="emblem">${icon('cctv')}</span>
        <h1 tabindex="-1">${words.title(name)}</h1>
        <p class="lead">${words.lead(owner)}</p>
        ${rights(this.offer, this.invited)} ${alert(this.fault)} ${account ? this.answer(account.email) : this.ways()}
      </main>
    `;
  }

  private wrong(why: Untrue): TemplateResult {
    if (!(why instanceof Ended)) return over(words.untrueTitle, words.untrue(why.message));
    const [end, now] = [why.until, Date.now() / 1000].map((at) => dayAndTime(timeOf(at) ?? ''));
    return over(words.endedTitle, words.ended(end ?? '', now ?? ''));
  }

  private waiting(): TemplateResult {
    return html`
      <main class="narrow centred" id="content" aria-busy=${!this.fault}>
        <h1 tabindex="-1">${this.heading()}</h1>
        ${alert(this.fault)} ${this.fault && this.completing ? html`<p class="lead">${words.unfinishedHint}</p>` : nothing}
        ${
          this.fault
            ? html`<button class="button" @click=${() => void this.check()}>${text.home.retry}</button>`
            : nothing
        }
      </main>
    `;
  }

  private heading(): string {
    if (this.completing) return this.fault ? words.unfinished : words.finishing;
    return this.fault ? words.failed : words.checking;
  }

  private answer(email: string): TemplateResult {
    return html`
      <button class="button primary wide" ?disabled=${this.busy} @click=${() => void this.accept()}>
        ${this.busy ? words.busy : words.accept}
      </button>
      <button class="button wide" @click=${() => location.replace(address.home)}>${words.notNow}</button>
      <p class="aside">
        ${words.as(email)}
        <button class="link-like" @click=${() => void this.signOut()}>${words.other}</button>
      </p>
    `;
  }

  private ways(): TemplateResult {
    return html`
      <button class="button primary wide" @click=${() => (this.step = 'register')}>${words.register}</button>
      <button class="button wide" @click=${() => (this.step = 'sign-in')}>${words.signIn}</button>
    `;
  }

  private registering(name: string): TemplateResult {
    return html`<belvedere-register
      .household=${this.household}
      .secret=${this.shown}
      .lead=${words.registerLead(name)}
      .aside=${this.back()}
    ></belvedere-register>`;
  }

  private signingIn(name: string): TemplateResult {
    return html`<belvedere-sign-in
      .household=${this.household}
      .lead=${words.signInLead(name)}
      .aside=${this.back()}
    ></belvedere-sign-in>`;
  }

  private back(): TemplateResult {
    return html`<p class="aside">
      <button class="link-like" @click=${() => (this.step = 'look')}>${words.back}</button>
    </p>`;
  }

  private async check(): Promise<void> {
    const { secret } = this;
    this.dead = this.completing = false;
    this.fault = this.offer = this.invited = this.untrue = null;
    try {
      await this.look(secret);
    } catch (error) {
      if (this.secret === secret) await this.failLooking(error);
    }
  }

  private async look(secret: string): Promise<void> {
    const { api } = this.household;
    if (this.signed && !globalThis.crypto?.subtle) throw new CannotSign('insecure');
    const shown = this.signed ? await secretOf(secret) : secret;
    const { offer, invited } = this.signed
      ? await lookAt(secret, api)
      : { offer: await api.offer(secret), invited: null };
    if (this.secret !== secret) return;
    this.shown = shown;
    this.invited = invited;
    this.offer = offer;
  }

  /** A link that was used may have made this very account, which then has still to sign. */
  private async failLooking(error: unknown): Promise<void> {
    if (!isDead(error) || !this.signed || !this.household.account) return this.fail(error);
    this.completing = true;
    await this.attempt(async () => {
      if (!(await this.complete())) this.fail(error);
    });
  }

  /** With the yes the secret has done its work: it leaves the address bar and the history. */
  private async accept(): Promise<void> {
    const { household, invited, secret, begin } = this;
    await this.attempt(async () => {
      const camera = invited
        ? await acceptSigned(secret, invited, asWhom(household), household.api, begin)
        : await this.acceptUnsigned();
      this.enter(camera);
    });
  }

  /** Whoever says yes to that has said whom to believe. */
  private async acceptUnsigned(): Promise<Camera> {
    const { household, secret } = this;
    const camera = await household.accept(secret);
    await household.trust.circle?.trustServer(camera.id);
    return camera;
  }

  private readonly begin = (): Promise<void> => this.household.trust.begin();

  private async complete(): Promise<boolean> {
    const { household, secret, begin } = this;
    const camera = await completeSigned(secret, asWhom(household), household.api, begin);
    if (camera) this.enter(camera);
    return camera !== null;
  }

  private enter(camera: Camera): void {
    this.household.put(camera);
    location.replace(address.watch(camera.id));
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.fault = null;
    try {
      await work();
    } catch (error) {
      this.fail(error);
    } finally {
      this.busy = false;
    }
  }

  private fail(error: unknown): void {
    if (error instanceof Problem && error.code === 'already_shared') location.replace(address.home);
    else if (error instanceof Untrue) this.untrue = error;
    else if (isDead(error)) this.dead = true;
    else this.fault = sentenceOf(error);
  }

  private async signOut(): Promise<void> {
    this.fault = null;
    try {
      await this.household.signOut();
    } catch (error) {
      this.fault = sentenceOf(error);
    }
  }
}

const isDead = (error: unknown): boolean => error instanceof Problem && DEAD.includes(error.code);

/** What was signed is what counts. */
function rights(offer: Offer, invited: Invited | null): TemplateResult {
  const { live, manage, lasting, yours, yoursBy, seen } = text.sharing;
  const { scopes } = invited?.grant ?? offer;
  const end = invited ? timeOf(invited.grant.exp) : offer.grant_expires_at;
  const which = scopes.includes('manage') ? manage : live;
  return html`
    <section class="card">
      <dl class="facts">
        <dt>${yours}</dt>
        <dd>${which.name}<small>${which.note}</small></dd>
        <dt>${lasting}</dt>
        <dd>${yoursBy(offer.owner, end === null ? null : dayAndTime(end))}</dd>
      </dl>
      <p class="note">${seen}</p>
      <p class="kind ${invited ? 'protected' : 'unproven'}">
        ${icon(invited ? 'lock' : 'lockOpen')}<span>${invited ? words.checked : words.unsigned}</span>
      </p>
    </section>
  `;
}

const over = (title: string, why: string): TemplateResult => html`
  <main class="narrow" id="content">
    <img class="mark" src="./icon.svg" width="56" height="56" alt="" />
    <h1 tabindex="-1">${title}</h1>
    <p class="lead" role="alert">${why}</p>
    <button class="button primary wide" @click=${() => location.replace(address.home)}>${text.missing.home}</button>
  </main>
`;

customElements.define('belvedere-accept', AcceptPage);
