import { html, LitElement, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { chosenScopes, endOf, type Lasting, type Scope, type Terms } from '../../core/sharing';
import { field } from '../page';
import { text } from '../text';
import { dayAndTime } from '../time';

const words = text.sharing;
const LASTINGS: readonly Exclude<Lasting, 'same'>[] = ['forever', 'day', 'week', 'date'];

/** What somebody may do and until when: fields for the form around it. `end` undefined: there is none to keep. */
class TermsFields extends LitElement {
  static override properties: PropertyDeclarations = {
    scopes: { attribute: false },
    end: { attribute: false },
    fault: { attribute: false },
    lasting: { state: true },
  };

  declare scopes: readonly Scope[];
  declare end: string | undefined;
  declare fault: string | null;
  declare lasting: Lasting;

  constructor() {
    super();
    this.scopes = [];
    this.end = undefined;
    this.fault = null;
    this.lasting = 'forever';
  }

  override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override firstUpdated(): void {
    if (this.end) this.lasting = 'same';
  }

  override render(): TemplateResult {
    const manages = this.scopes.includes('manage');
    return html`
      <fieldset>
        <legend>${words.may}</legend>
        ${right('live', words.live, !manages)} ${right('manage', words.manage, manages)}
      </fieldset>
      <div class="field">
        <label for=${this.idOf('lasting')}>${words.lasting}</label>
        <select
          id=${this.idOf('lasting')}
          name="lasting"
          .value=${this.lasting}
          @change=${(event: Event) => (this.lasting = (event.target as HTMLSelectElement).value as Lasting)}
        >
          ${this.end ? html`<option value="same" selected>${words.sameUntil(dayAndTime(this.end))}</option>` : nothing}
          ${LASTINGS.map((name) => html`<option value=${name}>${words.lastings[name]}</option>`)}
        </select>
      </div>
      ${
        this.lasting === 'date'
          ? field({
              name: 'date',
              id: this.idOf('date'),
              label: words.date,
              type: 'date',
              required: true,
              fault: this.fault,
            })
          : nothing
      }
    `;
  }

  /** Several such forms may stand on one page. */
  private idOf(name: string): string {
    return `${this.id}-${name}`;
  }
}

const right = (
  value: string,
  { name, note }: { name: string; note: string },
  checked: boolean,
): TemplateResult => html`
  <label class="check">
    <input type="radio" name="right" value=${value} .checked=${checked} />
    <span><b>${name}</b><small>${note}</small></span>
  </label>
`;

/** What a submitted form says. `until` undefined: as it is; null: no such day. */
export function readTerms(
  { right, lasting, date = '' }: Record<string, string>,
  before: readonly Scope[],
  now: number,
): (Partial<Terms> & { scopes: Scope[] }) | null {
  const scopes = chosenScopes(before, right === 'manage');
  if (lasting === 'same') return { scopes };
  const until = endOf(lasting as Exclude<Lasting, 'same'>, date, now);
  return until === undefined ? null : { scopes, until };
}

customElements.define('belvedere-terms', TermsFields);
