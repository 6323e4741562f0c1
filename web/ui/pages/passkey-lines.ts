import { html, nothing, type TemplateResult } from 'lit';
import type { Passkey } from '../../core/factors';
import { icon } from '../icons';
import { field } from '../page';
import { text } from '../text';
import { since } from '../time';
import { security as words } from '../words/security';

export interface PasskeyDeeds {
  /** Null: keep the name after all. */
  rename: (id: string | null) => void;
  renamed: (event: SubmitEvent, id: string) => void;
  remove: (id: string) => void;
}

/** `renaming`: id of the one whose name is being changed. */
export function passkeyLines(
  passkeys: Passkey[],
  now: number,
  renaming: string | null,
  deeds: PasskeyDeeds,
): TemplateResult | typeof nothing {
  if (!passkeys.length) return nothing;
  return html`<ul class="lines">
    ${passkeys.map((passkey) => (passkey.id === renaming ? naming(passkey, deeds) : line(passkey, now, deeds)))}
  </ul>`;
}

function line(passkey: Passkey, now: number, deeds: PasskeyDeeds): TemplateResult {
  const { id, name, last_used_at: used } = passkey;
  const facts = [
    words.passkeyAdded(since(Date.parse(passkey.created_at), now)),
    used ? words.passkeyUsed(since(Date.parse(used), now)) : '',
    passkey.verified ? '' : words.passkeyUnverified,
  ];
  return html`
    <li class="wrapping">
      ${icon('key')}
      <span><b>${name}</b><small>${facts.filter(Boolean).join(' · ')}</small></span>
      <span class="ends">
        <button class="button quiet" aria-label=${words.passkeyRenameThis(name)} @click=${() => deeds.rename(id)}>
          ${words.passkeyRename}
        </button>
        <button class="button quiet" aria-label=${words.passkeyRemoveThis(name)} @click=${() => deeds.remove(id)}>
          ${words.passkeyRemove}
        </button>
      </span>
    </li>
  `;
}

function naming({ id, name }: Passkey, deeds: PasskeyDeeds): TemplateResult {
  return html`
    <li>
      <form class="row wide" @submit=${(event: SubmitEvent) => deeds.renamed(event, id)}>
        <div class="grow">
          ${field({ name: 'passkey-rename', label: words.newName, value: name, maxlength: 100, required: true })}
        </div>
        <button type="button" class="button quiet low" @click=${() => deeds.rename(null)}>${text.cancel}</button>
        <button class="button low">${words.save}</button>
      </form>
    </li>
  `;
}
