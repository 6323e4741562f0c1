/**
 * Introductions: one installation of an account tells the others which key a camera has, and whose it is. So only one of
 * them has to be there at the pairing, or opens the invitation.
 */

import { keyAt, textAt, wholeAt, type Key, type Seconds } from './members';
import type { Kind } from './statement';
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
