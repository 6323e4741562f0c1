/** What few people need of the Wi-Fi question, folded away: a setup code, and from where the code may be used. */

import { html, nothing, type TemplateResult } from 'lit';
import { field } from '../page';
import { text } from '../text';

const words = text.add.more;

export interface MoreAnswer {
  /** As typed: the camera's setup code or label key. */
  secret: string;
  /** The code works only from the network of this browser. */
  here: boolean;
  /** As typed: networks from which the code works; empty for all. */
  networks: string;
}

export const NO_MORE: MoreAnswer = { secret: '', here: false, networks: '' };

export interface MoreQuestion {
  answer: MoreAnswer;
  /** Whether there is a Wi-Fi password that could be encrypted. */
  wifi: boolean;
  secretFault: string | null;
  change: (answer: MoreAnswer) => void;
}

export function moreQuestion({ answer, wifi, secretFault, change }: MoreQuestion): TemplateResult {
  const open = secretFault !== null || answer.secret !== '' || answer.here || answer.networks !== '';
  return html`
    <details class="more" ?open=${open}>
      <summary>${words.title}</summary>
      ${
        wifi
          ? field({
              name: 'secret',
              label: words.secret,
              value: answer.secret,
              verbatim: true,
              maxlength: 64,
              hint: words.secretHint,
              fault: secretFault,
            })
          : nothing
      }
      <label class="check">
        <input
          type="checkbox"
          name="here"
          .checked=${answer.here}
          @change=${(event: Event) => change({ ...answer, here: (event.target as HTMLInputElement).checked })}
        />
        <span>${words.here}<small>${words.hereHint}</small></span>
      </label>
      ${field({
        name: 'networks',
        label: words.networks,
        value: answer.networks,
        verbatim: true,
        maxlength: 400,
        hint: words.networksHint,
      })}
    </details>
  `;
}

export function readMore(values: Record<string, string>): MoreAnswer {
  return {
    secret: (values['secret'] ?? '').trim(),
    here: values['here'] !== undefined,
    networks: (values['networks'] ?? '').trim(),
  };
}

/** What the API takes. */
export function limits({ here, networks }: MoreAnswer): { from_here?: true; allowed_networks?: string[] } {
  const list = networks.split(/[\s,;]+/).filter((network) => network !== '');
  return { ...(here ? { from_here: true } : {}), ...(list.length ? { allowed_networks: list } : {}) };
}
