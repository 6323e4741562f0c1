/**
 * Plain: a camera tells one viewer that its pictures go unsealed over the relay, as its owner's orders allow.
 *
 * It stands in place of an envelope, and for one hello only, so that nobody can make sealed pictures plain by an old one.
 * Whoever has opened an envelope for a hello takes no such word for it any more.
 */

import { keyAt, wholeAt, type Key, type Seconds } from './members';
import { digest, read, type Kind } from './statement';
import { Untrue } from './untrue';

/** `hello`: digest of the one it answers. */
export interface Plain {
  hello: Key;
  iat: Seconds;
}

export const PLAIN: Kind<Plain> = {
  typ: 'belvedere-plain+jwt',
  read: (members) => ({ hello: keyAt(members, 'hello'), iat: wholeAt(members, 'iat') }),
};

/** Throws `Untrue` unless this camera said it to this hello. */
export async function readPlain(text: string, camera: Key, hello: string): Promise<void> {
  const { by, what } = await read(text, PLAIN);
  if (by !== camera) throw new Untrue('another camera said that it goes unsealed');
  if (what.hello !== (await digest(hello))) {
    throw new Untrue('that it goes unsealed was said to somebody else');
  }
}
