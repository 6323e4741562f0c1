import { html, type TemplateResult } from 'lit';
import { icon } from '../icons';
import { text } from '../text';
import { security as words } from '../words/security';

/** New recovery codes, shown this once. */
export const recoveryCodes = (codes: string[], kept: () => void): TemplateResult => html`
  <div class="kept" role="status">
    <h3>${words.codesTitle}</h3>
    <p class="note">${words.codesLead}</p>
    <ul class="codes">
      ${codes.map((code) => html`<li><code>${code}</code></li>`)}
    </ul>
    <div class="row">
      <button class="button" @click=${() => void navigator.clipboard?.writeText(codes.join('\n'))}>
        ${icon('copy')}<span>${text.copy}</span>
      </button>
      <button class="button primary" @click=${kept}>${words.codesKept}</button>
    </div>
  </div>
`;
