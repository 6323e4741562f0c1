/** Whether this browser speaks for the owner of a camera, and if not, why. */

import type { Api } from '../api';
import type { Trust } from '../trust-routes';
import { CannotSign, type CannotSignReason } from './cannot-sign';
import type { Cupboard } from './cupboard';
import type { NoInstallationReason } from './installation';
import type { Keyring } from './keyring';
import type { Key } from './members';
import { everOn } from './orders-book';
import { Ownership } from './ownership';
import type { Belonging } from './own-ring';

/** What is asked of the circle. */
export interface Belongs {
  readonly standing: { kind: Belonging } | { kind: 'unable'; reason: NoInstallationReason };
  readonly pair: CryptoKeyPair | null;
  readonly ring: Keyring | null;
  readonly statements: readonly string[];
  readonly cameras: ReadonlyMap<string, { key: Key; owner: Key; orders: number }>;
  /** Asks the server who belongs. */
  catchUp(): Promise<void>;
  refresh(camera: string): Promise<Trust>;
  noteOrders(camera: string, n: number): Promise<void>;
}

/**
 * Null where the camera knows no owner, and the server's word is all there is. Throws `CannotSign` where it knows one,
 * and this browser is none of the owner's.
 *
 * A server that calls a camera unproven gains nothing: what it alone says, such a camera does not do.
 */
export async function ownershipOf(
  id: string,
  circle: Belongs,
  api: Api,
  cupboard: Cupboard | null,
): Promise<Ownership | null> {
  if (circle.standing.kind === 'unasked') await circle.catchUp();
  const { protected: knowsOwner } = await circle.refresh(id);
  const { standing, pair, ring, statements } = circle;
  const met = circle.cameras.get(id);
  if (!met && !knowsOwner) return null;
  if (standing.kind !== 'member') throw new CannotSign(reasonOf(standing));
  if (!pair || !ring || !cupboard) throw new CannotSign('storage');
  if (!met) throw new CannotSign('stranger');
  if (met.owner !== ring.name) throw new CannotSign('alone');
  const owner = { pair, ring, camera: met.key };
  const note = async (n: number): Promise<void> => {
    if (n > (circle.cameras.get(id)?.orders ?? -1)) await circle.noteOrders(id, n);
  };
  return new Ownership(api, cupboard, owner, { ...owner, id, everOn: await everOn(statements) }, note);
}

export function reasonOf(standing: Belongs['standing']): CannotSignReason {
  if (standing.kind === 'unable') return standing.reason;
  return standing.kind === 'newcomer' || standing.kind === 'removed' ? 'newcomer' : 'alone';
}
