/** The one honest state of a camera, as the list shows it. */

import type { Camera } from './model';

/**
 * `online`: can be watched. `confirm`: online, but nobody has said yet that it is theirs. `pairing`: on its way
 * from code to picture. `waiting`: nobody has shown it its code. `expired`: the code ran out unused.
 * `offline`: was here. `unpaired`: was refused or its pairing revoked.
 */
export type CameraStanding =
  'online' | 'confirm' | 'pairing' | 'waiting' | 'expired' | 'offline' | 'unpaired';

/** `now` and the camera's times in the same clock, milliseconds since the epoch. */
export function standing(camera: Camera, now: number): CameraStanding {
  if (camera.state === 'active') return activeStanding(camera);
  const pairing = camera.pairing;
  if (!pairing) return 'unpaired';
  if (pairing.step === 'expired' || pairing.step === 'failed') return 'expired';
  if (pairing.step === 'waiting') return now >= Date.parse(pairing.expires_at) ? 'expired' : 'waiting';
  return 'pairing';
}

function activeStanding(camera: Camera): CameraStanding {
  if (!camera.online) return camera.confirmed || camera.last_seen_at ? 'offline' : 'pairing';
  return camera.confirmed ? 'online' : 'confirm';
}

/** The steps a person sees under the code, in order. */
export const PAIRING_STEPS = ['waiting', 'seen', 'activated', 'online', 'first_frame'] as const;

/** How far a pairing has come: the index of the step that is under way; past the end when all is done. */
export function pairingProgress(step: string): number {
  const index = (PAIRING_STEPS as readonly string[]).indexOf(step);
  return index < 0 ? 0 : index === 0 ? 0 : index + 1;
}
