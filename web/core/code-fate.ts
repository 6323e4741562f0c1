/** What has become of the code on a screen. */

import type { Camera } from './model';

/**
 * `good`: show it. `used`: a camera has taken it, or another page shows it; only the progress is left to show.
 * `expired`: ten minutes are over. `failed`: the server refused whoever came with it. `replaced`: a newer code was
 * made elsewhere. `cancelled`: it was taken back. `removed`: there is no such camera any more.
 */
export type CodeFate = 'good' | 'used' | 'expired' | 'failed' | 'replaced' | 'cancelled' | 'removed';

const USED = ['activated', 'online', 'first_frame'];

/**
 * `shown`: id of the pairing whose code is on the screen; null where the page only follows its camera. `camera`: as the
 * server has it now, undefined where it is gone. `now`: milliseconds since the epoch, server's clock.
 */
export function codeFate(shown: string | null, camera: Camera | undefined, now: number): CodeFate {
  if (!camera) return 'removed';
  const { pairing } = camera;
  if (!pairing) return shown === null && camera.state === 'active' ? 'used' : 'cancelled';
  if (USED.includes(pairing.step)) return 'used';
  const another = shown === null ? pairing.step === 'waiting' : pairing.id !== shown;
  if (another) return 'replaced';
  if (pairing.step === 'failed') return 'failed';
  if (pairing.step === 'expired' || now >= Date.parse(pairing.expires_at)) return 'expired';
  return shown === null ? 'used' : 'good';
}
