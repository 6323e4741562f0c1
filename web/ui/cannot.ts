/** Why this browser signs nothing for a camera, and what to do about it. */

import { html, nothing, type TemplateResult } from 'lit';
import type { CannotSignReason } from '../core/trust/cannot-sign';
import { icon } from './icons';
import { address } from './router';
import { text } from './text';

const words = text.privacy;

export const cannotSign = (reason: CannotSignReason | null): TemplateResult | typeof nothing =>
  reason === null
    ? nothing
    : html`<p class="info">
        ${icon('key')}
        <span>
          ${words.cannot[reason]}
          ${reason === 'newcomer' ? html`<a href=${address.devices}>${words.letIn}</a>` : nothing}
        </span>
      </p>`;
