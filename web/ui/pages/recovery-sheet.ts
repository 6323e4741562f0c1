import { html, type TemplateResult } from 'lit';
import { icon } from '../icons';
import { address } from '../router';
import { smallQr } from '../small-qr';
import { recovery as words } from '../words/devices';

/** A page for the printer: the code as QR, which opens this app with it, and as text. */
export const recoverySheet = (paper: string, email: string, kept: () => void): TemplateResult => html`
  <main class="column sheet" id="content">
    <h1 tabindex="-1">${words.sheetTitle}</h1>
    <p class="lead">${words.sheetFor(email, location.host)}</p>
    <p class="note">${words.sheetHow}</p>
    ${smallQr(`${location.origin}/${address.recover(paper)}`, words.label)}
    <p class="key"><code>${paper}</code></p>
    <p class="note unprinted" role="status">${words.once}</p>
    <div class="row unprinted">
      <button class="button primary" @click=${() => window.print()}>${words.print}</button>
      <button class="button" @click=${kept}>${icon('check')}<span>${words.kept}</span></button>
    </div>
  </main>
`;
