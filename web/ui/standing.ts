/** A camera's state in words, shape and colour. */

import { html, type TemplateResult } from 'lit';
import type { Camera } from '../core/model';
import { standing } from '../core/states';
import { text } from './text';
import { since } from './time';

export function standingWords(camera: Camera, now: number): string {
  const kind = standing(camera, now);
  if (kind === 'offline' && camera.last_seen_at) {
    return text.standing.offlineSince(since(Date.parse(camera.last_seen_at), now));
  }
  if (kind === 'unpaired' && camera.problem?.code === 'factory_reset') return text.standing.reset;
  return text.standing[kind];
}

/** The shape differs for each kind, so that nobody needs to see its colour. */
export function standingBadge(camera: Camera, now: number): TemplateResult {
  const kind = standing(camera, now);
  return html`<span class="standing ${kind}"><i aria-hidden="true"></i>${standingWords(camera, now)}</span>`;
}
