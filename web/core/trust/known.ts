/**
 * What this browser knows by itself, so that no server can tell it otherwise: the key of each camera, and of each account
 * the keyring as far as it was followed. Only pairing, or a person who says so, replaces a camera's key.
 */

import type { Cupboard } from './cupboard';
import { MAX_KEYS, type Keyring } from './keyring';
import { keyAt, keysAt, wholeAt, type Key } from './members';
import { Untrue } from './untrue';

const cameraName = (camera: string): string => `camera ${camera}`;
const ringName = (account: string): string => `ring ${account}`;

export class Known {
  constructor(private readonly cupboard: Cupboard) {}

  /** The key of a camera (its id at the server), or null where this browser has not met it. */
  async camera(camera: string): Promise<Key | null> {
    return asKey(await this.cupboard.get(cameraName(camera)));
  }

  /** Throws `Untrue` where another key is known for it, unless it was paired anew. */
  async learnCamera(camera: string, key: Key, pairedAnew = false): Promise<void> {
    const stands = await this.cupboard.change(cameraName(camera), (standing) =>
      pairedAnew ? key : (asKey(standing) ?? key),
    );
    if (stands !== key) throw new Untrue('this browser knows another key for this camera');
  }

  /** The keyring of an account, or null: to begin `follow` with. */
  async ring(account: string): Promise<Keyring | null> {
    return asRing(await this.cupboard.get(ringName(account)));
  }

  /** Throws `Untrue` where another ring, or a newer end of this one, is known. A new ring begins only by `begunAnew`. */
  async learnRing(account: string, ring: Keyring, begunAnew = false): Promise<void> {
    const stands = await this.cupboard.change(ringName(account), (standing) => {
      const known = begunAnew ? null : asRing(standing);
      return known === null || (known.name === ring.name && known.n < ring.n) ? plain(ring) : standing;
    });
    const kept = asRing(stands);
    if (kept?.name !== ring.name || kept.head !== ring.head) {
      throw new Untrue('this browser knows another keyring of this account');
    }
  }
}

const plain = (ring: Keyring): object => ({ ...ring, keys: [...ring.keys] });

function asKey(value: unknown): Key | null {
  try {
    return keyAt(new Map([['key', value]]), 'key');
  } catch {
    return null;
  }
}

function asRing(value: unknown): Keyring | null {
  try {
    const of = new Map(Object.entries((value ?? {}) as object));
    const keys = new Set(keysAt(of, 'keys', 1, MAX_KEYS));
    return { name: keyAt(of, 'name'), n: wholeAt(of, 'n'), head: keyAt(of, 'head'), keys };
  } catch {
    return null;
  }
}
