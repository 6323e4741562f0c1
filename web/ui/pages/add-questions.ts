/** The wizard's questions as templates: values in, a submitted form out. */

import { html, nothing, type TemplateResult } from 'lit';
import type { WifiFault } from '../../core/qr-payload';
import { icon, type IconName } from '../icons';
import { alert, field, fields, passwordField } from '../page';
import { text } from '../text';
import { moreQuestion, readMore, type MoreAnswer } from './add-more';

const words = text.add;

export type Model = 'belvedere' | 'rtsp' | 'generic';
const MODELS: [Model, IconName][] = [
  ['belvedere', 'webcam'],
  ['rtsp', 'cable'],
  ['generic', 'cctv'],
];

export interface WifiAnswer {
  ssid: string;
  password: string;
  hidden: boolean;
  /** On the network already: the code carries no Wi-Fi. */
  wired: boolean;
  more: MoreAnswer;
}

/** Where "back" leads: an address, or a step of the wizard. */
export type Back = string | (() => void);

export function modelQuestion(chosen: string, back: Back, done: (model: Model) => void): TemplateResult {
  return html`
    <h1 tabindex="-1">${words.model.question}</h1>
    <form @submit=${(event: SubmitEvent) => done(fields(event)['model'] as Model)}>
      <div class="choices" role="radiogroup" aria-label=${words.model.question}>
        ${MODELS.map(
          ([model, name]) => html`
            <label class="choice">
              <input type="radio" name="model" value=${model} ?checked=${chosen === model} />
              ${icon(name)}
              <span><b>${words.model[model].name}</b><small>${words.model[model].note}</small></span>
            </label>
          `,
        )}
      </div>
      ${buttons(back)}
    </form>
  `;
}

export interface WifiQuestion {
  model: string;
  answer: WifiAnswer;
  wifiFault: WifiFault | null;
  fault: string | null;
  busy: boolean;
  secretFault: string | null;
  back: Back;
  wire: (wired: boolean) => void;
  more: (more: MoreAnswer) => void;
  done: (answer: WifiAnswer) => void;
}

export function wifiQuestion(question: WifiQuestion): TemplateResult {
  const { answer, fault, busy, back, wire } = question;
  return html`
    <h1 tabindex="-1">${words.wifi.question}</h1>
    <form novalidate @submit=${(event: SubmitEvent) => question.done(readWifi(event))}>
      ${answer.wired ? nothing : wifiFields(question)}
      <label class="check">
        <input
          type="checkbox"
          name="wired"
          .checked=${answer.wired}
          @change=${(event: Event) => wire((event.target as HTMLInputElement).checked)}
        />
        <span>${words.wifi.wired}</span>
      </label>
      ${moreQuestion({
        answer: answer.more,
        wifi: !answer.wired && question.model !== 'generic',
        secretFault: question.secretFault,
        change: question.more,
      })}
      ${alert(fault)} ${buttons(back, busy)}
    </form>
  `;
}

function wifiFields({ model, answer, wifiFault: fault }: WifiQuestion): TemplateResult {
  const aboutName = fault === 'ssid_missing' || fault === 'ssid_long';
  const sentence = fault ? words.wifi.faults[fault] : null;
  return html`
    ${field({
      name: 'ssid',
      label: words.wifi.ssid,
      value: answer.ssid,
      verbatim: true,
      hint: words.wifi.band,
      fault: aboutName ? sentence : null,
    })}
    ${passwordField({
      name: 'wifi-password',
      label: words.wifi.password,
      hint: words.wifi.passwordHint,
      fault: aboutName ? null : sentence,
    })}
    ${
      model === 'generic'
        ? html`<p class="note">${words.wifi.longHidden}</p>`
        : html`<label class="check">
          <input type="checkbox" name="hidden" .checked=${answer.hidden} />
          <span>${words.wifi.hidden}<small>${words.wifi.hiddenHint}</small></span>
        </label>`
    }
    <p class="info">${icon('wifi')}<span>${words.wifi.portal}</span></p>
  `;
}

function readWifi(event: SubmitEvent): WifiAnswer {
  const values = fields(event);
  const wired = values['wired'] !== undefined;
  return {
    wired,
    ssid: wired ? '' : (values['ssid'] ?? ''),
    password: wired ? '' : (values['wifi-password'] ?? ''),
    hidden: !wired && values['hidden'] !== undefined,
    more: readMore(values),
  };
}

export function nameQuestion(
  name: string,
  fault: string | null,
  busy: boolean,
  back: Back,
  done: (name: string) => void,
): TemplateResult {
  const suggest = (event: Event, suggestion: string): void => {
    const form = (event.currentTarget as HTMLElement).closest('form');
    const input = form?.querySelector<HTMLInputElement>('input[name=name]');
    if (!input) return;
    input.value = suggestion;
    input.focus();
  };
  return html`
    <h1 tabindex="-1">${words.name.question}</h1>
    <form novalidate @submit=${(event: SubmitEvent) => done((fields(event)['name'] ?? '').trim())}>
      ${field({ name: 'name', label: words.name.label, value: name, maxlength: 100, fault })}
      <div class="chips">
        ${words.name.suggestions.map(
          (suggestion) =>
            html`<button type="button" class="chip" @click=${(event: Event) => suggest(event, suggestion)}>
              ${suggestion}
            </button>`,
        )}
      </div>
      ${buttons(back, busy)}
    </form>
  `;
}

function buttons(back: Back, busy = false): TemplateResult {
  return html`
    <div class="actions">
      ${
        typeof back === 'string'
          ? html`<a class="button quiet" href=${back}>${text.cancel}</a>`
          : html`<button type="button" class="button quiet" @click=${back}>${text.back}</button>`
      }
      <button class="button primary" ?disabled=${busy}>${text.continue}</button>
    </div>
  `;
}
