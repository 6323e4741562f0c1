/** The numbers behind the picture, for those who open them. */

import { html, nothing, type TemplateResult } from 'lit';
import type { Quality } from '../core/stats';
import type { Viewer } from '../core/viewer';
import type { Privacy } from '../core/attempt';
import { icon } from './icons';
import { text } from './text';

const { detours, fact, waysLong, ways } = text.watch;

export function factsPanel(viewer: Viewer | null, close: () => void): TemplateResult {
  const way = viewer?.quality?.way ?? 'direct';
  const why = viewer?.detour;
  const kind = viewer?.privacy ?? null;
  return html`
    <section class="facts" aria-label=${text.watch.facts}>
      <header>
        ${ways[way]}
        <button aria-label=${text.watch.closeFacts} @click=${close}>${icon('x')}</button>
      </header>
      <p>${waysLong[way]}${why ? ` ${detours[why]}` : ''}</p>
      ${kind ? privacyLine(kind) : nothing}
      <dl>
        ${factList(viewer?.quality ?? null, viewer?.firstFrameMs ?? null, kind).map(
          ([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`,
        )}
      </dl>
    </section>
  `;
}

/** Only the lock's shape differs beside the words: nobody has to tell its colour. */
const privacyLine = (kind: Privacy): TemplateResult => html`
  <p class="privacy ${kind}">
    ${icon(kind === 'signed' || kind === 'sealed' ? 'lock' : 'lockOpen')}<span>${text.privacy.long[kind]}</span>
  </p>
`;

/** Names and values as people read them; what is not known says so. */
export function factList(
  quality: Quality | null,
  firstFrameMs: number | null,
  kind: Privacy | null = null,
): [string, string][] {
  const carried = quality?.encryption ? `DTLS-SRTP, ${cipher(quality.encryption)}` : 'DTLS-SRTP';
  const rounded = (value: number | null | undefined, unit: string, digits = 0): string =>
    value === null || value === undefined ? fact.unknown : `${value.toFixed(digits)} ${unit}`;
  return [
    [fact.firstFrame, rounded(firstFrameMs, 'ms')],
    [fact.roundTrip, rounded(quality?.roundTrip, 'ms', (quality?.roundTrip ?? 10) < 10 ? 1 : 0)],
    [fact.loss, rounded(quality?.loss, '%', 1)],
    [fact.bitrate, rounded(quality?.bitrate === null ? null : (quality?.bitrate ?? 0) / 1e6, 'Mbit/s', 1)],
    [fact.resolution, resolution(quality)],
    [fact.encryption, kind === 'sealed' ? text.privacy.sealedBy(carried) : carried],
  ];
}

function resolution(quality: Quality | null): string {
  if (!quality?.width) return fact.unknown;
  const size = `${quality.width} × ${quality.height}`;
  const rate = quality.framesPerSecond === null ? '' : `, ${Math.round(quality.framesPerSecond)}/s`;
  return size + rate + (quality.codec ? `, ${quality.codec}` : '');
}

/** `SRTP_AEAD_AES_128_GCM` (or without its first parts) → `AES-128-GCM`. */
const cipher = (name: string): string => name.replace(/^(SRTP_)?(AEAD_)?/, '').replaceAll('_', '-');
