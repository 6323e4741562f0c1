import { html, type TemplateResult } from 'lit';
import { icon } from '../icons';
import { alert } from '../page';
import { smallQr } from '../small-qr';
import { recovery as words } from '../words/devices';

/** `kept`: the person has it now. `dropped`: nobody wants it. */
interface Sheet {
  readonly paper: string;
  readonly email: string;
  readonly fault: string | null;
  readonly busy: boolean;
  kept(): void;
  dropped(): void;
}

/** A page for the printer: the code as text and as QR. It is no link, for browsers write down every address they open. */
export const recoverySheet = ({ paper, email, fault, busy, kept, dropped }: Sheet): TemplateResult => html`
  <main class="column sheet" id="content">
    <h1 tabindex="-1">${words.sheetTitle}</h1>
    <p class="lead">${words.sheetFor(email, location.host)}</p>
    <p class="note">${words.sheetHow}</p>
    ${smallQr(paper, words.label)}
    <p class="key"><code>${paper}</code></p>
    <p class="note unprinted" role="status">${words.once}</p>
    <div class="unprinted">${alert(fault)}</div>
    <div class="row unprinted">
      <button class="button quiet" @click=${dropped}>${words.drop}</button>
      <button class="button primary" @click=${() => window.print()}>${words.print}</button>
      <button class="button" ?disabled=${busy} @click=${kept}>${icon('check')}<span>${words.kept}</span></button>
    </div>
  </main>
`;
