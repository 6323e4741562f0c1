/** The icons in use, from lucide, as they are. */

import { html, type TemplateResult } from 'lit';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import arrowLeft from 'lucide-static/icons/arrow-left.svg?raw';
import check from 'lucide-static/icons/check.svg?raw';
import copy from 'lucide-static/icons/copy.svg?raw';
import cable from 'lucide-static/icons/cable.svg?raw';
import cctv from 'lucide-static/icons/cctv.svg?raw';
import chevronRight from 'lucide-static/icons/chevron-right.svg?raw';
import eye from 'lucide-static/icons/eye.svg?raw';
import eyeOff from 'lucide-static/icons/eye-off.svg?raw';
import key from 'lucide-static/icons/key-round.svg?raw';
import link from 'lucide-static/icons/link.svg?raw';
import lock from 'lucide-static/icons/lock.svg?raw';
import lockOpen from 'lucide-static/icons/lock-open.svg?raw';
import maximize from 'lucide-static/icons/maximize.svg?raw';
import minimize from 'lucide-static/icons/minimize.svg?raw';
import monitor from 'lucide-static/icons/monitor-smartphone.svg?raw';
import play from 'lucide-static/icons/play.svg?raw';
import plus from 'lucide-static/icons/plus.svg?raw';
import qrCode from 'lucide-static/icons/qr-code.svg?raw';
import settings from 'lucide-static/icons/settings.svg?raw';
import share from 'lucide-static/icons/share-2.svg?raw';
import unplug from 'lucide-static/icons/unplug.svg?raw';
import user from 'lucide-static/icons/circle-user-round.svg?raw';
import userPlus from 'lucide-static/icons/user-round-plus.svg?raw';
import volume from 'lucide-static/icons/volume-2.svg?raw';
import volumeOff from 'lucide-static/icons/volume-off.svg?raw';
import webcam from 'lucide-static/icons/webcam.svg?raw';
import wifi from 'lucide-static/icons/wifi.svg?raw';
import x from 'lucide-static/icons/x.svg?raw';

const icons = {
  arrowLeft,
  cable,
  cctv,
  check,
  chevronRight,
  copy,
  eye,
  eyeOff,
  key,
  link,
  lock,
  lockOpen,
  maximize,
  minimize,
  monitor,
  play,
  plus,
  qrCode,
  settings,
  share,
  unplug,
  user,
  userPlus,
  volume,
  volumeOff,
  webcam,
  wifi,
  x,
};

export type IconName = keyof typeof icons;

/** Decoration only: the text beside it, or the button's label, says the same in words. */
export const icon = (name: IconName): TemplateResult =>
  html`<span class="icon" aria-hidden="true">${unsafeHTML(icons[name])}</span>`;
