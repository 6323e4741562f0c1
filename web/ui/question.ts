/** A question before something that cannot be undone: asks once, and says what will happen. */

import { html, type TemplateResult } from 'lit';
import { text } from './text';

export interface Question {
  /** Of its heading: unlike any other on the page. */
  id: string;
  title: string;
  body: string;
  action: string;
  act: () => void;
}

/** A closed dialog; the keyboard begins at the harmless answer. */
export const question = ({ id, title, body, action, act }: Question): TemplateResult => html`
  <dialog class="question" aria-labelledby=${id}>
    <h2 id=${id}>${title}</h2>
    <p>${body}</p>
    <div class="actions">
      <button type="button" class="button quiet" autofocus @click=${closeAround}>${text.cancel}</button>
      <button
        type="button"
        class="button danger solid"
        @click=${(event: Event) => {
          closeAround(event);
          act();
        }}
      >
        ${action}
      </button>
    </div>
  </dialog>
`;

export const closeAround = (event: Event): void => (event.target as Element).closest('dialog')?.close();

/** `id`: of its heading. */
export const ask = (id: string): void => document.getElementById(id)?.closest('dialog')?.showModal();
