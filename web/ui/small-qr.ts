/** A QR code for a phone in the hand. */

import { html, nothing, svg, type TemplateResult } from 'lit';
import { qrModules, qrPath } from '../core/qr-code';

/** Nothing where the text is so long that no lens would read it. */
export function smallQr(text: string, label: string): TemplateResult | typeof nothing {
  const modules = qrModules(text);
  if (!modules) return nothing;
  const { path, size } = qrPath(modules);
  return html`
    <div class="qr small">
      <svg viewBox="0 0 ${size} ${size}" role="img" aria-label=${label} shape-rendering="crispEdges">
        <rect width=${size} height=${size} fill="#fff" />
        ${svg`<path d=${path} fill="#000" />`}
      </svg>
    </div>
  `;
}
