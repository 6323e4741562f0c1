/** What this browser may sign, and as whom: asked of the circle of whoever is signed in. */

import { CannotSign } from '../core/trust/cannot-sign';
import type { Circle } from '../core/trust/circle';
import { browserCupboard, type Cupboard } from '../core/trust/cupboard';
import type { Key } from '../core/trust/members';
import { ownershipOf } from '../core/trust/own-camera';
import type { Ownership } from '../core/trust/ownership';
import type { Household } from './household';

/** One per page. Null where this browser keeps nothing: it then has no key either. */
let cupboard: Promise<Cupboard | null> | null = null;

/** For a camera of one's own. Null where the camera believes the server. Throws `CannotSign`. */
export async function ownership(household: Household, camera: string): Promise<Ownership | null> {
  cupboard ??= browserCupboard().catch(() => null);
  return ownershipOf(camera, asWhom(household), household.api, await cupboard);
}

/** Throws `CannotSign`. */
export function asWhom({ trust }: Household): Circle {
  if (!trust.circle) throw new CannotSign('newcomer');
  return trust.circle;
}

/**
 * Says again to the cameras of one's own what the device of this key has said last, which is to leave. A camera that
 * cannot be told now holds up no other.
 */
export async function renewAll(household: Household, leaving: Key): Promise<void> {
  const circle = asWhom(household);
  const own = [...circle.cameras].filter(([, { owner }]) => owner === circle.ring?.name);
  const renew = async (camera: string): Promise<void> => (await ownership(household, camera))?.renew(leaving);
  for (const [camera] of own) await renew(camera).catch(() => undefined);
}
