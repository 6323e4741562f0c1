/** What a guest's browser does with a signed invitation: checks it, says yes in its ring's name, and keeps the camera's key. */

import type { Api } from '../api';
import type { Camera } from '../model';
import { isGuest, type Offer } from '../sharing';
import { CannotSign } from './cannot-sign';
import { taker } from './giving';
import type { Belongs } from './own-camera';
import { reasonOf } from './own-camera';
import { accept, Ended, readOffer, secretOf, type Invited } from './receiving';
import { Untrue } from './untrue';
import type { Key } from './members';

/** What is asked of the circle besides. */
export interface Guest extends Belongs {
  meet(camera: string, key: Key, owner: Key, chain: readonly string[]): Promise<void>;
}

/** Makes this browser the first device of its account. */
export type Begin = () => Promise<void>;

export interface Looked {
  offer: Offer;
  invited: Invited;
}

const seconds = (): number => Math.floor(Date.now() / 1000);

/** What is behind the link of this seed. Throws `Untrue` where the server says another thing than whoever made it. */
export async function lookAt(seed: string, api: Api): Promise<Looked> {
  const offer = await api.offer(await secretOf(seed));
  if (!offer.signed)
    throw new Untrue('whoever made this link has signed it, and the server does not show that');
  return { offer, invited: await readOffer(seed, offer.signed, seconds()) };
}

/** The yes. Throws `CannotSign`, `Untrue`. */
export async function acceptSigned(
  seed: string,
  invited: Invited,
  guest: Guest,
  api: Api,
  begin: Begin,
): Promise<Camera> {
  const said = await accept(seed, invited, await ringOf(guest, begin), seconds());
  const camera = await api.accept(await secretOf(seed), said);
  await meet(guest, camera.id, invited, said);
  return camera;
}

/**
 * The yes where the right is there already: whoever registers with a link has no ring before, and what was begun may not
 * have come to its end. Null where there is none that this link could complete. Throws `CannotSign`, `Untrue`.
 */
export async function completeSigned(
  seed: string,
  guest: Guest,
  api: Api,
  begin: Begin,
): Promise<Camera | null> {
  for (const camera of (await api.cameras()).filter(isGuest)) {
    const found = await given(seed, camera.id, api);
    if (!found || !camera.access.grant) continue;
    const { invited, yes } = found;
    if (yes && (await taker(invited.grant, invited.digest, yes)) !== guest.ring?.name) continue;
    const said = yes ?? (await accept(seed, invited, await ringOf(guest, begin), seconds()));
    if (!yes) await api.trust.acceptLate(camera.access.grant, said);
    await meet(guest, camera.id, invited, said);
    return camera;
  }
  return null;
}

/** The id is the server's word: no link puts another's camera in the place of one's own. */
async function meet(
  guest: Guest,
  id: string,
  { camera, owner, statement }: Invited,
  said: string,
): Promise<void> {
  const known = guest.cameras.get(id);
  if (known && known.owner === guest.ring?.name && known.key !== camera)
    throw new Untrue('the server gives it the place of a camera of yours');
  await guest.meet(id, camera, owner, [statement, said]);
}

/** What this link has given, and the yes to it where the server has one. */
async function given(
  seed: string,
  camera: string,
  api: Api,
): Promise<{ invited: Invited; yes: string | undefined } | null> {
  const { camera_key, owner_keyring, chain, link_proof } = await api.trust.trust(camera);
  const [grant, yes] = chain;
  if (!grant || !camera_key || !link_proof) return null;
  try {
    const invited = await readOffer(seed, { camera_key, owner_keyring, grant, link_proof }, seconds());
    return { invited, yes };
  } catch (error) {
    // Of another link.
    if (error instanceof Untrue && !(error instanceof Ended)) return null;
    throw error;
  }
}

/** Name of this account's ring, of which this browser is. Begins it where there is none. */
async function ringOf(guest: Guest, begin: Begin): Promise<Key> {
  await guest.catchUp();
  if (guest.standing.kind === 'alone') await begin();
  if (guest.standing.kind !== 'member' || !guest.ring) throw new CannotSign(reasonOf(guest.standing));
  return guest.ring.name;
}
