import { html, type TemplateResult } from 'lit';
import type { NewTotp } from '../../core/factors';
import { field } from '../page';
import { smallQr } from '../small-qr';
import { text } from '../text';
import { security as words } from '../words/security';

/** The key for an app, as a code for its camera and as text; drawn here, so that it reaches no image on the way. */
export function totpSetUp(
  totp: NewTotp,
  confirm: (event: SubmitEvent) => void,
  cancel: () => void,
): TemplateResult {
  const grouped = totp.secret.match(/.{1,4}/g)?.join(' ') ?? totp.secret;
  return html`
    <h3>${words.app}</h3>
    <p class="note">${words.appScan}</p>
    ${smallQr(totp.uri, words.appQr)}
    <p class="key"><span>${words.appKey}</span> <code>${grouped}</code></p>
    <form class="row" @submit=${confirm}>
      <div class="grow">
        ${field({ name: 'totp-code', label: words.appCode, autocomplete: 'one-time-code', verbatim: true, required: true, maxlength: 7 })}
      </div>
      <button type="button" class="button quiet low" @click=${cancel}>${text.cancel}</button>
      <button class="button primary low">${words.appConfirm}</button>
    </form>
  `;
}
