/** What all pages share: light DOM (one style sheet, and password managers see the fields), one household. */

import { html, LitElement, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { createRef, ref } from 'lit/directives/ref.js';
import type { Household } from './household';
import { icon, type IconName } from './icons';
import { text } from './text';

export class Page extends LitElement {
  static override properties: PropertyDeclarations = { household: { attribute: false } };

  declare household: Household;

  override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.household.addEventListener('change', this.onChange);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.household.removeEventListener('change', this.onChange);
  }

  private readonly onChange = (): void => this.requestUpdate();
}

/** One labelled field. `hint` and `fault` belong to it for screen readers too. */
export interface FieldOptions {
  name: string;
  /** Where several of this name stand on one page. */
  id?: string;
  label: string;
  type?: 'text' | 'email' | 'number' | 'date';
  value?: string;
  autocomplete?: string;
  hint?: string;
  fault?: string | null;
  maxlength?: number;
  min?: number;
  max?: number;
  required?: boolean;
  /** Wi-Fi names: no help from the keyboard, please. */
  verbatim?: boolean;
  input?: (value: string) => void;
}

export function field(options: FieldOptions): TemplateResult {
  const { name, id = name, label, hint, fault } = options;
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      <input
        id=${id}
        name=${name}
        type=${options.type ?? 'text'}
        .value=${options.value ?? ''}
        autocomplete=${options.autocomplete ?? 'off'}
        autocapitalize=${options.verbatim ? 'none' : nothing}
        spellcheck=${options.verbatim ? 'false' : nothing}
        maxlength=${options.maxlength ?? nothing}
        min=${options.min ?? nothing}
        max=${options.max ?? nothing}
        ?required=${options.required}
        aria-describedby=${hint || fault ? `${id}-note` : nothing}
        aria-invalid=${fault ? 'true' : nothing}
        @input=${(event: Event) => options.input?.((event.target as HTMLInputElement).value)}
      />
      ${note(id, hint, fault)}
    </div>
  `;
}

/** A password with a button that shows it. The text is never rendered as an attribute. */
export function passwordField(options: FieldOptions & { minlength?: number }): TemplateResult {
  const { name, label, hint, fault } = options;
  const input = createRef<HTMLInputElement>();
  const toggle = (event: Event): void => {
    const button = event.currentTarget as HTMLButtonElement;
    const shown = input.value?.type === 'text';
    if (input.value) input.value.type = shown ? 'password' : 'text';
    button.setAttribute('aria-label', shown ? text.show : text.hide);
    button.setAttribute('aria-pressed', String(!shown));
  };
  return html`
    <div class="field">
      <label for=${name}>${label}</label>
      <div class="with-button">
        <input
          ${ref(input)}
          id=${name}
          name=${name}
          type="password"
          autocomplete=${options.autocomplete ?? 'off'}
          autocapitalize="none"
          spellcheck="false"
          minlength=${options.minlength ?? nothing}
          maxlength=${options.maxlength ?? nothing}
          ?required=${options.required}
          aria-describedby=${hint || fault ? `${name}-note` : nothing}
          aria-invalid=${fault ? 'true' : nothing}
          @input=${(event: Event) => options.input?.((event.target as HTMLInputElement).value)}
        />
        <button type="button" class="peek" aria-label=${text.show} aria-pressed="false" @click=${toggle}>
          ${icon('eye')}
        </button>
      </div>
      ${note(name, hint, fault)}
    </div>
  `;
}

const note = (name: string, hint?: string, fault?: string | null): TemplateResult | typeof nothing =>
  hint || fault
    ? html`<p class="note ${fault ? 'fault' : ''}" id="${name}-note">${fault || hint}</p>`
    : nothing;

/** A sentence about what went wrong, announced at once. */
export const alert = (sentence: string | null): TemplateResult | typeof nothing =>
  sentence ? html`<p class="alert" role="alert">${sentence}</p>` : nothing;

export const linkButton = (href: string, words: string, name: IconName, kind = ''): TemplateResult =>
  html`<a class="button ${kind}" href=${href}>${icon(name)}<span>${words}</span></a>`;

/** The fields of a submitted form as text. */
export function fields(event: SubmitEvent): Record<string, string> {
  event.preventDefault();
  const form = event.currentTarget as HTMLFormElement;
  const entries = [...new FormData(form)].map(([name, value]) => [name, String(value)]);
  return Object.fromEntries(entries) as Record<string, string>;
}
