/** The one honest state of a camera, as the list shows it. */

import type { Camera, Pairing } from './model';

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

/** Two devices take turns with this camera's key: told wherever the camera is shown, online or not. */
export const isContested = (camera: Camera): boolean => camera.problem?.code === 'identity_contested';

/** The steps a person sees under the code, in order. */
export const PAIRING_STEPS = ['waiting', 'seen', 'activated', 'online', 'first_frame'] as const;

/** Whether its code can still be withdrawn: nobody has been activated by it. */
export function isCancellable(pairing: Pairing | null): boolean {
  return pairing !== null && ['waiting', 'seen', 'expired', 'failed'].includes(pairing.step);
}

/** A camera goes from one step to the next within half a minute; after twice that something is wrong. */
const SILENCE_MS = 60_000;

/** What a person should look after: the code itself, the way to the server, or (null) nothing. */
export function stuckAt(step: string, silentMs: number): 'code' | 'server' | null {
  if (silentMs < SILENCE_MS) return null;
  if (step === 'waiting') return 'code';
  return step === 'seen' || step === 'activated' ? 'server' : null;
}

/** How far a pairing has come: the index of the step that is under way; past the end when all is done. */
export function pairingProgress(step: string): number {
  const index = (PAIRING_STEPS as readonly string[]).indexOf(step);
  return index < 0 ? 0 : index === 0 ? 0 : index + 1;
}
