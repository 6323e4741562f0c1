import { keyAt, textAt, wholeAt, type Key, type Seconds } from './members';
import type { Kind } from './statement';

export interface Introduction {
  ring: Key;
  id: string;
  camera: Key;
  owner: Key;
  iat: Seconds;
}
export const INTRODUCTION: Kind<Introduction> = {
  typ: 'belvedere-camera+jwt',
  read: (members) => ({
    ring: keyAt(members, 'ring'),
    id: textAt(members, 'id'),
    camera: keyAt(members, 'camera'),
    owner: keyAt(members, 'owner'),
    iat: wholeAt(members, 'iat'),
  }),
};
