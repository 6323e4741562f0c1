/** The shell: who is there, which page, and the one line at the top when the server does not answer. */

import {
  html,
  LitElement,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import type { Account, Camera } from '../core/model';
import { isGuest } from '../core/sharing';
import { Household } from './household';
import { icon } from './icons';
import './pages/account';
import './pages/add';
import './pages/forgot';
import './pages/home';
import './pages/invited';
import './pages/register';
import './pages/reset';
import './pages/sign-in';
import './pages/watch';
import { address, parseRoute, type Route } from './router';
import { text } from './text';

/** A picture on a good network is there by then. */
const CALM_MS = 250;

/** Pages that few visits open are loaded when they are. By the elements that they define. */
const LATER = {
  'belvedere-accept': () => import('./pages/accept'),
  'belvedere-activity': () => import('./pages/activity'),
  'belvedere-devices': () => import('./pages/devices'),
  'belvedere-guest': () => import('./pages/guest'),
  'belvedere-settings': () => import('./pages/settings'),
  'belvedere-transfer': () => import('./pages/transfer'),
};

class App extends LitElement {
  static override properties: PropertyDeclarations = {
    route: { state: true },
    called: { state: true },
    stranded: { state: true },
  };

  declare route: Route;
  /** The camera somebody clicked, until the address follows. */
  declare called: string | null;
  /** A page that is loaded when it is opened did not come. */
  declare stranded: boolean;
  readonly household = new Household();
  /** Who was signed in when the page was last drawn. */
  private known: Account | null | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly loading = new Set<string>();

  constructor() {
    super();
    this.route = readRoute();
    this.called = null;
    this.stranded = false;
    this.household.addEventListener('change', () => this.requestUpdate());
    this.household.addEventListener('call', (event) => (this.called = (event as CustomEvent<string>).detail));
    window.addEventListener('hashchange', () => {
      this.route = readRoute();
      this.called = null;
      this.stranded = false;
    });
  }

  override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.household.open();
  }

  override render(): TemplateResult {
    const { account, reachable } = this.household;
    return html`
      <a class="skip" href="#content" @click=${skip}>${text.skip}</a>
      ${reachable ? nothing : banner(this.route.page === 'watch')}
      ${account === undefined ? opening() : account === null ? this.outside() : this.inside()}
    `;
  }

  protected override willUpdate(): void {
    const { account } = this.household;
    const entered = this.known === null && account;
    this.known = account;
    const invited = this.route.page === 'register' && this.route.secret && !entered;
    const strays = ['signin', 'forgot', 'register'].includes(this.route.page);
    const spent = this.route.page === 'accept' && this.route.secret === this.household.spent;
    if (account && ((strays && !invited) || spent)) {
      this.route = { page: 'home' };
      history.replaceState(null, '', address.home);
    }
  }

  /** A new page is announced by its heading, and the keyboard goes on from there. */
  protected override updated(changed: PropertyValues): void {
    if (changed.has('route') && changed.get('route') !== undefined) {
      clearTimeout(this.timer);
      // Focus and scroll force a layout, and a picture that is about to come goes first.
      this.timer = setTimeout(announce, this.route.page === 'watch' ? CALM_MS : 0);
    } else if (!changed.has('route')) setTitle();
  }

  private outside(): TemplateResult {
    const { household, route } = this;
    if (route.page === 'register') {
      return html`<belvedere-register .household=${household} .secret=${route.secret}></belvedere-register>`;
    }
    if (route.page === 'accept') return this.accept(route);
    if (route.page === 'reset') return this.reset(route.secret);
    if (route.page === 'forgot') return html`<belvedere-forgot .household=${household}></belvedere-forgot>`;
    return html`<belvedere-sign-in .household=${household}></belvedere-sign-in>`;
  }

  /** The watch page is always there, unseen: a click only has to raise it. */
  private inside(): TemplateResult {
    const { household, route } = this;
    const watched = route.page === 'watch' && this.knows(route.camera) ? route.camera : this.called;
    return html`
      ${route.page === 'watch' && watched ? nothing : html`${header(route.page)}${this.page()}`}
      <belvedere-watch .household=${household} .camera=${watched}></belvedere-watch>
    `;
  }

  private knows(camera: string): boolean {
    const { cameras } = this.household;
    return cameras === null || cameras.has(camera);
  }

  private page(): TemplateResult {
    const { household, route } = this;
    switch (route.page) {
      case 'home':
        return html`<belvedere-home .household=${household}></belvedere-home>`;
      case 'add':
        return html`<belvedere-add .household=${household} .camera=${null}></belvedere-add>`;
      case 'register':
        return html`<belvedere-invited .household=${household}></belvedere-invited>`;
      case 'accept':
        return this.accept(route);
      case 'reset':
        return this.reset(route.secret);
      case 'account':
        return html`<belvedere-account .household=${household}></belvedere-account>`;
      case 'devices':
        return this.devices(null);
      case 'welcome':
        return this.devices(route.secret);
      case 'activity':
        return this.activity(route.camera);
      case 'transfer':
        return this.later(
          'belvedere-transfer',
          html`<belvedere-transfer .household=${household} .secret=${route.secret}></belvedere-transfer>`,
        );
      case 'settings':
      case 'pair':
        return this.cameraPage(route.page, route.camera);
      case 'watch':
        return this.missing(route.camera);
      default:
        return missing();
    }
  }

  private devices(code: string | null): TemplateResult {
    return this.later(
      'belvedere-devices',
      html`<belvedere-devices .household=${this.household} .code=${code}></belvedere-devices>`,
    );
  }

  /** The page, once it is loaded. */
  private later(tag: keyof typeof LATER, page: TemplateResult): TemplateResult {
    if (customElements.get(tag)) return page;
    if (this.stranded) return stranded();
    if (!this.loading.has(tag)) void this.load(tag);
    return opening();
  }

  private async load(tag: keyof typeof LATER): Promise<void> {
    this.loading.add(tag);
    try {
      await LATER[tag]();
      this.requestUpdate();
      await this.updateComplete;
      announce();
    } catch {
      this.loading.delete(tag);
      this.stranded = true;
    }
  }

  private reset(secret: string): TemplateResult {
    return html`<belvedere-reset .household=${this.household} .secret=${secret}></belvedere-reset>`;
  }

  private accept({ secret, signed }: Route & { page: 'accept' }): TemplateResult {
    return this.later(
      'belvedere-accept',
      html`<belvedere-accept .household=${this.household} .secret=${secret} .signed=${signed}></belvedere-accept>`,
    );
  }

  private activity(camera: string | null): TemplateResult {
    const { household } = this;
    if (camera !== null && !this.knows(camera)) return this.missing(camera);
    return this.later(
      'belvedere-activity',
      html`<belvedere-activity .household=${household} .camera=${camera}></belvedere-activity>`,
    );
  }

  private missing(camera: string): TemplateResult {
    const lapsed = this.household.lapsed.get(camera);
    return lapsed ? over(lapsed) : missing();
  }

  private cameraPage(page: 'settings' | 'pair', camera: string): TemplateResult {
    const { household } = this;
    if (!this.knows(camera)) return this.missing(camera);
    const known = household.cameras?.get(camera);
    if (!known) return opening();
    if (isGuest(known)) {
      const guest = html`<belvedere-guest .household=${household} .camera=${camera}></belvedere-guest>`;
      return this.later('belvedere-guest', guest);
    }
    const settings = html`<belvedere-settings .household=${household} .camera=${camera}></belvedere-settings>`;
    return page === 'settings'
      ? this.later('belvedere-settings', settings)
      : html`<belvedere-add .household=${household} .camera=${camera}></belvedere-add>`;
  }
}

/** A code that lets somebody in does not stay in the address bar. Browsers write down where they were all the same: it is good for minutes. */
function readRoute(): Route {
  const route = parseRoute(location.hash);
  if (route.page === 'welcome') history.replaceState(null, '', address.devices);
  return route;
}

function announce(): void {
  setTitle();
  document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function setTitle(): void {
  const heading = document.querySelector('h1')?.textContent?.trim();
  const title = heading ? `${heading} · ${text.product}` : text.product;
  if (document.title !== title) document.title = title;
}

function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('#content h1')?.focus();
}

const banner = (watching: boolean): TemplateResult =>
  html`<p class="banner ${watching ? 'over-picture' : ''}" role="status">
    ${watching ? text.unreachableWatching : text.unreachable}
  </p>`;

const header = (page: Route['page']): TemplateResult => html`
  <header class="top">
    <a class="brand" href=${address.home} aria-current=${page === 'home' ? 'page' : nothing}>
      <img src="./icon.svg" width="28" height="28" alt="" />${text.product}
    </a>
    <nav>
      <a
        class="round"
        href=${address.account}
        aria-label=${text.nav.account}
        aria-current=${page === 'account' ? 'page' : nothing}
        >${icon('user')}</a
      >
    </nav>
  </header>
`;

const opening = (): TemplateResult => html`
  <main class="narrow centred" id="content" aria-busy="true">
    <img class="mark" src="./icon.svg" width="56" height="56" alt="" />
    <p class="unseen" role="status">${text.loading}</p>
  </main>
`;

const stranded = (): TemplateResult => html`
  <main class="narrow centred" id="content"><p class="alert" role="alert">${text.unreachableAction}</p></main>
`;

const missing = (): TemplateResult => html`
  <main class="narrow centred" id="content">
    <h1 tabindex="-1">${text.missing.title}</h1>
    <p class="lead">${text.missing.body}</p>
    <a class="button" href=${address.home}>${text.missing.home}</a>
  </main>
`;

/** What was shared, and is no longer: said at once, also to those who look at its picture. */
const over = ({ name, access }: Camera): TemplateResult => html`
  <main class="narrow centred" id="content">
    <h1 tabindex="-1">${text.sharing.lapsedTitle(name)}</h1>
    <p class="lead" role="alert">${text.sharing.lapsed(access.owner)}</p>
    <a class="button" href=${address.home}>${text.missing.home}</a>
  </main>
`;

customElements.define('belvedere-app', App);
