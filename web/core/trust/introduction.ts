/**
 * Introductions: one installation of an account tells the others which key a camera has, and whose it is. So only one of
 * them has to be there at the pairing, or opens the invitation.
 */

import type { Keyring } from './keyring';
import { keyAt, textAt, wholeAt, type Key, type Seconds } from './members';
import { nameOf, read, sign, type Kind } from './statement';
import { Untrue } from './untrue';

/** Ids of cameras at the server are shorter. */
export const MAX_ID_CHARS = 64;

/**
 * `ring`: of whoever says it, and to whom. `id`: the server's for the camera. `camera`: its key. `owner`: the ring of its
 * owner, which is `ring` for one's own.
 */
export interface Introduction {
  ring: Key;
  id: string;
  camera: Key;
  owner: Key;
  iat: Seconds;
}

export const INTRODUCTION: Kind<Introduction> = {
  typ: 'belvedere-camera+jwt',
  read: (members) => {
    const id = textAt(members, 'id');
    if (id === '' || [...id].length > MAX_ID_CHARS) throw new Untrue('this is no id of a camera');
    const [ring, camera, owner] = [keyAt(members, 'ring'), keyAt(members, 'camera'), keyAt(members, 'owner')];
    return { ring, id, camera, owner, iat: wholeAt(members, 'iat') };
  },
};

/**
 * What holds after this statement. One that is no newer than what is known changes nothing.
 *
 * Throws `Untrue` unless somebody on this ring said it to the others, of the camera with this id.
 */
export async function readIntroduction(
  text: string,
  ring: Keyring,
  id: string,
  known: Introduction | null = null,
): Promise<Introduction> {
  const { by, what } = await read(text, INTRODUCTION);
  if (!ring.keys.has(by) || what.ring !== ring.name) {
    throw new Untrue('whoever introduces this camera does not belong to the keyring');
  }
  if (what.id !== id) throw new Untrue('this introduces another camera');
  return known === null || what.iat > known.iat ? what : known;
}

/**
 * What the others are told. `known`: what was said before, which this replaces whatever the clocks of both say.
 *
 * Throws `Untrue` where this key may not say it.
 */
export async function introduce(
  pair: CryptoKeyPair,
  ring: Keyring,
  whom: Pick<Introduction, 'id' | 'camera' | 'owner'>,
  known: Introduction | null,
  now: Seconds,
): Promise<string> {
  if (!ring.keys.has(await nameOf(pair))) {
    throw new Untrue('this installation does not belong to the keyring');
  }
  const { id, camera, owner } = whom;
  return sign(pair, INTRODUCTION, {
    ring: ring.name,
    id,
    camera,
    owner,
    iat: known === null ? now : Math.max(now, known.iat + 1),
  });
}
