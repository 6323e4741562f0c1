/** The wizard's part about who proves what to whom: before the code is drawn, and after a camera has taken it up. */

import { html, nothing, type TemplateResult } from 'lit';
import type { Camera, Pairing } from '../../core/model';
import type { PairingFate } from '../../core/trust/pairings';
import { Untrue } from '../../core/trust/untrue';
import type { Household } from '../household';
import { icon } from '../icons';
import { address } from '../router';
import { trust } from '../words/trust';

const words = trust.code;

export type Weaker = keyof typeof words.weaker;

/** What a code proves. `x`: its secret, or null and why there is none. `pairing`: the id of the one it is for. */
export interface CodeProof {
  pairing: string;
  x: string | null;
  weaker: Weaker | null;
}

/**
 * Everything that must be at the server before the code may be read. Throws what requests throw, and `Untrue` where the
 * server shows another ring: a code without a secret would be all that it wants.
 */
export async function prepareProof(
  household: Household,
  camera: string,
  pairing: Pairing & { token: string },
  model: string,
): Promise<CodeProof> {
  const { circle } = household.trust;
  const without = (weaker: Weaker): CodeProof => ({ pairing: pairing.id, x: null, weaker });
  if (model === 'generic') return without('generic');
  if (!circle || circle.standing.kind === 'unable') {
    return without(circle?.standing.kind === 'unable' ? circle.standing.reason : 'storage');
  }
  await circle.catchUp();
  if (circle.standing.kind === 'alone') await household.trust.begin();
  if (circle.standing.kind === 'replaced') throw new Untrue(trust.home.replaced);
  const x = await circle.drawSecret(camera, pairing);
  return x === null ? without('newcomer') : { pairing: pairing.id, x, weaker: null };
}

/** Under the code. */
export const proofNote = ({ weaker }: CodeProof): TemplateResult =>
  weaker === null
    ? html`<p class="note">${words.secret} ${words.seen}</p>`
    : html`<p class="note">${words.seen}</p>
        <p class="info">
        <span>
          ${words.weaker[weaker]}
          ${weaker === 'newcomer' ? html`<a href=${address.devices}>${words.letIn}</a>` : nothing}
        </span>
      </p>`;

/** Above the first picture. `believes`: by the server's word alone. */
export const fateNote = (
  fate: PairingFate | null | undefined,
  believes: boolean,
): TemplateResult | typeof nothing =>
  fate === 'proven'
    ? html`<p class="info" role="status">${icon('check')}<span>${words.proven}</span></p>`
    : believes
      ? html`<p class="info" role="status">${icon('lockOpen')}<span>${words.believed}</span></p>`
      : nothing;

/** Older software, a code without a secret, or somebody between: no picture before the person has chosen. */
export const unproven = (
  fate: PairingFate | null,
  remove: () => void,
  goOn: () => void,
): TemplateResult => html`
  <h1 tabindex="-1">${words.missingTitle}</h1>
  <p class="alert" role="alert">${fate ? words.missing : trust.watch.unproven}</p>
  <div class="actions">
    <button class="button" @click=${goOn}>${words.goOn}</button>
    <button class="button primary" @click=${remove}>${words.remove}</button>
  </div>
`;

/** Somebody stands between: nothing goes on from here. */
export const refuted = (camera: Camera, remove: () => void): TemplateResult => html`
  <h1 tabindex="-1">${words.refutedTitle}</h1>
  <p class="alert" role="alert"><b>${camera.name}:</b> ${words.refuted}</p>
  <p class="lead">${words.refutedNext}</p>
  <div class="actions">
    <a class="button quiet" href=${address.activity}>${trust.code.activity}</a>
    <button class="button danger solid" @click=${remove}>${words.remove}</button>
  </div>
`;
