/** A camera's word that it encrypts nothing towards the relay, because its owner allows standard players. */

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

/** Throws `Untrue` unless this camera has said so to this hello. */
export async function readPlain(text: string, camera: Key, hello: string): Promise<void> {
  const { by, what } = await read(text, PLAIN);
  if (by !== camera) throw new Untrue('another camera says that it encrypts nothing');
  if (what.hello !== (await digest(hello))) throw new Untrue('this was said to somebody else');
}
