/** How a browser comes to belong: by a code that a person carries between two, or by the one on paper. */

import type { JoinRequest, TrustRoutes } from '../trust-routes';
import { codeSecret, installationProof, makeCode, welcomeProof } from './admission';
import type { Circle } from './circle';
import { change, checkRoom, follow } from './keyring';
import type { Seconds } from './members';
import { RECOVERY_LABEL } from './own-ring';
import { isProof } from './proof';
import { makeRecovery, readRecovery, recoveryPair, writeRecovery } from './recovery';
import { digest, nameOf } from './statement';
import { Untrue } from './untrue';

/** The new browser waits. `id`: of its request at the server. */
export interface Asking {
  id: string;
  code: string;
  expires_at: string;
}

/** From the new browser. `label`: how it is called. */
export async function askToJoin(circle: Circle, routes: TrustRoutes, label: string): Promise<Asking> {
  const code = makeCode();
  const proof = await installationProof(await codeSecret(code), circle.own);
  return { ...(await routes.askToJoin(circle.own, proof, label)), code };
}

/** Whether this browser belongs now. Throws `Untrue` where the welcome is not from whoever has the code. */
export async function isWelcomed(
  circle: Circle,
  routes: TrustRoutes,
  { id, code }: Asking,
): Promise<boolean> {
  const { proof } = await routes.joinState(id);
  if (proof === null) return false;
  const statements = await routes.keyring();
  const { name } = await follow(statements);
  const secret = await codeSecret(code);
  // Since the welcome the ring may have gone on.
  for (const text of [...statements].reverse()) {
    if (isProof(await welcomeProof(secret, circle.own, name, await digest(text)), proof)) {
      await circle.join(statements, name);
      return true;
    }
  }
  throw new Untrue('whoever answered does not have the code of this browser');
}

/** On a device that belongs: who has this code? Throws `Untrue` where it is no code. */
export async function whoAsks(routes: TrustRoutes, code: string): Promise<JoinRequest | null> {
  const secret = await codeSecret(code);
  for (const request of await routes.joinRequests()) {
    if (isProof(await installationProof(secret, request.key), request.proof)) return request;
  }
  return null;
}

/** Lets it in, and tells it so. */
export async function welcome(
  circle: Circle,
  routes: TrustRoutes,
  code: string,
  asks: JoinRequest,
): Promise<void> {
  if (!circle.ring?.keys.has(asks.key)) await circle.admit(asks.key, asks.label);
  const { ring } = circle;
  if (!ring) throw new Untrue('there is no keyring');
  const proof = await welcomeProof(await codeSecret(code), asks.key, ring.name, ring.head);
  await routes.welcome(asks.id, proof);
}

/** The text of a new recovery code, which opens nothing until it is admitted. Throws `Untrue` where there is no room for it. */
export function drawRecovery({ ring }: Circle): string {
  if (!ring) throw new Untrue('there is no keyring');
  checkRoom(ring.keys.size + 1);
  return writeRecovery(makeRecovery(ring.name));
}

/** This recovery code belongs from now on: somebody has it on paper. Saying it twice does no harm. */
export async function admitRecovery(circle: Circle, text: string): Promise<void> {
  const key = await nameOf(await recoveryPair(readRecovery(text)));
  if (!circle.ring?.keys.has(key)) await circle.admit(key, RECOVERY_LABEL);
}

/** Lets this browser in by a recovery code. Throws `Untrue` where it is none, or was taken off the ring. */
export async function restore(
  circle: Circle,
  routes: TrustRoutes,
  text: string,
  { label, now }: { label: string; now: Seconds },
): Promise<void> {
  const recovery = readRecovery(text);
  const statements = await routes.keyring();
  const ring = await follow(statements);
  if (ring.name !== recovery.ring) throw new Untrue('this recovery code is of another account');
  const statement = await change(await recoveryPair(recovery), ring, [...ring.keys, circle.own], now, label);
  await routes.extendKeyring(statement);
  await circle.join([...statements, statement], recovery.ring);
}
