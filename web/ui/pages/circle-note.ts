/** What the list of cameras says first: that this browser has to be let in, or that paper would be good to have. */

import { html, nothing, type TemplateResult } from 'lit';
import { RECOVERY_LABEL } from '../../core/trust/own-ring';
import type { Household } from '../household';
import { askedForRecovery, wasAskedForRecovery } from '../recovery-asked';
import { address } from '../router';
import { trust } from '../words/trust';

const words = trust.home;

/** `later`: the person does not want to be asked again. */
export function circleNote(household: Household, later: () => void): TemplateResult | typeof nothing {
  const { circle } = household.trust;
  if (!circle) return nothing;
  const { standing } = circle;
  if (standing.kind === 'member') return paperNote(household, later);
  if (circle.asksWho && household.cameras?.size) return askWho(household, 'info home-note');
  if (standing.kind === 'alone' || standing.kind === 'unasked' || !household.trust.isShutOut) return nothing;
  if (standing.kind === 'unable')
    return html`<p class="info home-note"><span>${words[standing.reason]}</span></p>`;
  return html`<p class="info home-note">
    <span>${words[standing.kind]}</span>
    <a class="button primary" href=${address.devices}>
      ${standing.kind === 'replaced' ? words.look : words.letIn}
    </a>
  </p>`;
}

/** Whether this account is that of whoever sits here. `place`: class of the sentence. */
export const askWho = ({ account, trust: { circle } }: Household, place: string): TemplateResult => html`
  <p class=${place} role="alert">
    <span>${words.who(account?.email ?? '')}</span>
    <button class="button" @click=${() => void circle?.believeAccount()}>${words.isMe}</button>
  </p>
`;

/** Once, when there is something to lose. */
function paperNote(
  { account, trust: { circle, labels } }: Household,
  later: () => void,
): TemplateResult | typeof nothing {
  const id = account?.id ?? '';
  if (!circle?.cameras.size || !labels || labels.has(RECOVERY_LABEL) || wasAskedForRecovery(id))
    return nothing;
  const dismiss = (): void => {
    askedForRecovery(id);
    later();
  };
  return html`<p class="info home-note">
    <span>${words.paper}</span>
    <button class="button quiet" @click=${dismiss}>${words.later}</button>
    <a class="button" href=${address.devices}>${words.print}</a>
  </p>`;
}
