/** What a browser shows a camera, so that the two believe each other and nobody between them. */

import type { Key } from './members';

/**
 * `pair`: this installation's. `keyring`: of its account, and `ring` its name. `chain`: a guest's grant and acceptance, or
 * nothing. `camera`: its key. `orders`: number of the newest that this browser has seen for a camera of its own, else -1.
 */
export interface Credentials {
  readonly pair: CryptoKeyPair;
  readonly keyring: readonly string[];
  readonly chain: readonly string[];
  readonly camera: Key;
  readonly ring: Key;
  readonly orders: number;
}

/**
 * Why there are none for a camera that asks for them. `insecure`: the page came by plain HTTP, where browsers have no
 * cryptography. `stranger`: nobody has let this browser in yet.
 */
export type Unable = 'insecure' | 'stranger';

/** For a camera by its id, from memory: a click waits for nothing. Null: it knows no owner, and believes the server. */
export type CredentialsOf = (camera: string) => Credentials | Unable | null;
