/** How `<belvedere-camera>` looks. It stands on its own: a foreign page has none of our variables. */

import { css } from 'lit';

export const cameraStyles = css`
  :host {
    display: block;
    position: relative;
    isolation: isolate;
    overflow: hidden;
    background: #0a0b0c;
    color: #f4f5f5;
    aspect-ratio: 16 / 9;
    font:
      15px/1.45 system-ui,
      -apple-system,
      'Segoe UI',
      Roboto,
      sans-serif;
    -webkit-tap-highlight-color: transparent;
  }
  :host([hidden]) {
    display: none;
  }
  .stage,
  .stage video,
  canvas {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    object-fit: var(--belvedere-fit, contain);
  }
  .stage video {
    z-index: 0;
  }
  .stage video.shown {
    z-index: 1;
  }
  .stage.stale video.shown {
    filter: grayscale(0.8) brightness(0.45);
  }
  canvas {
    filter: grayscale(0.6) brightness(0.4);
  }
  canvas[hidden] {
    display: none;
  }
  .icon,
  .icon svg {
    display: block;
    width: 22px;
    height: 22px;
  }
  .icon svg {
    stroke-width: 1.75;
  }

  .notice {
    position: absolute;
    z-index: 2;
    inset: 0;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    gap: 10px;
    padding: 24px;
    text-align: center;
    pointer-events: none;
  }
  .notice p {
    margin: 0;
    max-width: 34em;
    text-wrap: balance;
    text-shadow: 0 1px 3px rgb(0 0 0 / 0.7);
  }
  .notice .sentence {
    font-size: 17px;
    font-weight: 600;
  }
  .notice .advice,
  .notice .age {
    color: #d3d7d9;
  }
  .notice .age {
    font-size: 13px;
  }
  .notice button {
    pointer-events: auto;
    margin-top: 6px;
    padding: 0 20px;
    height: 44px;
    border-radius: 22px;
    background: #f4f5f5;
    color: #15181a;
    font-weight: 600;
  }
  .pulse {
    display: flex;
    gap: 7px;
    height: 14px;
    align-items: center;
  }
  .pulse i {
    width: 7px;
    height: 7px;
    border-radius: 50%;
    background: #f4f5f5;
    opacity: 0.35;
    animation: pulse 1.2s ease-in-out infinite;
  }
  .pulse i:nth-child(2) {
    animation-delay: 0.15s;
  }
  .pulse i:nth-child(3) {
    animation-delay: 0.3s;
  }
  @keyframes pulse {
    40% {
      opacity: 1;
    }
  }

  .bar {
    position: absolute;
    z-index: 3;
    inset: auto 0 0;
    display: flex;
    align-items: center;
    gap: 6px;
    padding: 40px 12px max(12px, env(safe-area-inset-bottom));
    background: linear-gradient(transparent, rgb(0 0 0 / 0.6));
    transition: opacity 0.25s;
  }
  .bar .space {
    flex: 1;
  }
  .bar.away {
    opacity: 0;
    pointer-events: none;
  }
  .bar.away:has(:focus-visible) {
    opacity: 1;
    pointer-events: auto;
  }
  button {
    border: 0;
    padding: 0;
    background: none;
    color: inherit;
    font: inherit;
    cursor: pointer;
  }
  .bar button {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-width: 44px;
    height: 44px;
    border-radius: 22px;
  }
  .bar button:hover {
    background: rgb(255 255 255 / 0.14);
  }
  button:focus-visible {
    outline: 2px solid #fff;
    outline-offset: 2px;
  }
  .badge {
    padding: 0 16px;
    font-weight: 550;
  }
  .badge .dot {
    width: 9px;
    height: 9px;
    border-radius: 50%;
    background: #4cd69b;
  }
  .badge .dot.turn,
  .badge .dot.relay {
    border-radius: 2px;
    background: #f0b254;
  }
  .badge .dot.signed,
  .badge .dot.sealed {
    background: #4cd69b;
  }
  .badge .dot.standard,
  .badge .dot.server {
    background: #f0b254;
  }
  .facts {
    position: absolute;
    z-index: 4;
    left: 12px;
    bottom: calc(64px + env(safe-area-inset-bottom));
    width: min(340px, calc(100% - 24px));
    max-height: calc(100% - 84px);
    overflow: auto;
    box-sizing: border-box;
    padding: 16px 18px 18px;
    border-radius: 16px;
    background: rgb(20 22 24 / 0.88);
    backdrop-filter: blur(18px);
  }
  .facts header {
    display: flex;
    justify-content: space-between;
    align-items: center;
    font-weight: 600;
  }
  .facts header button {
    display: grid;
    place-items: center;
    width: 36px;
    height: 36px;
    margin: -6px -8px -6px 0;
    border-radius: 18px;
  }
  .facts p {
    margin: 6px 0 12px;
    font-size: 13.5px;
    color: #c9ced1;
  }
  .facts .privacy {
    display: flex;
    gap: 10px;
  }
  .facts .privacy .icon {
    flex: none;
    color: #4cd69b;
  }
  .facts .standard .icon,
  .facts .server .icon {
    color: #f0b254;
  }
  dl {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: 6px 16px;
    margin: 0;
    font-size: 13.5px;
  }
  dt {
    color: #aeb4b8;
  }
  dd {
    margin: 0;
    text-align: right;
    font-variant-numeric: tabular-nums;
    overflow-wrap: anywhere;
  }
  @media (prefers-reduced-motion: reduce) {
    .pulse i {
      animation: none;
      opacity: 0.8;
    }
    .bar {
      transition: none;
    }
  }
`;
