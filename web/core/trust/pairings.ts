/**
 * The codes that this browser has drawn and no camera has answered yet. What it takes to know the camera again is kept, so
 * that a page that is loaded anew, or another one of this browser, goes on; the secret itself is on the screen alone.
 */

import type { Trust } from '../trust-routes';
import { encodeBytes } from './bytes';
import type { Keyring } from './keyring';
import type { Known } from './known';
import type { Key } from './members';
import { expectCamera, isExpected, makeSecret, ownerProof } from './pairing';

/**
 * `proven`: the camera of this key has read our code. `missing`: whoever came with the code proved nothing (older
 * software, or somebody between). `refuted`: its proof is wrong, so somebody stands between.
 */
export type PairingFate = 'proven' | 'missing' | 'refuted';

/** The routes that this needs. */
export interface PairingRoutes {
  trust(camera: string): Promise<Trust>;
  proveOwner(camera: string, head: Key, proof: string): Promise<void>;
}

export interface Settled {
  fate: PairingFate | null;
  key: Key | null;
}

export class Pairings {
  constructor(
    private readonly known: Known,
    private readonly routes: PairingRoutes,
  ) {}

  /** `x` of a code for this pairing. The owner's proof is at the server before anybody can read it. */
  async draw(
    camera: string,
    { id, server_url, token }: { id: string; server_url: string; token: string },
    ring: Keyring,
  ): Promise<string> {
    const secret = makeSecret();
    const proof = await ownerProof(secret, server_url, token, ring.name, ring.head);
    await this.known.expect(camera, {
      pairing: id,
      expectation: await expectCamera(secret, server_url, token),
    });
    await this.routes.proveOwner(camera, ring.head, proof);
    return encodeBytes(secret);
  }

  /** `pairing`: the one that the camera is in; null where it is over. */
  async settle(camera: string, pairing: string | null): Promise<Settled> {
    const awaited = await this.known.awaited(camera);
    const isOurs = awaited !== null && (pairing === null || awaited.pairing === pairing);
    if (!isOurs) return { fate: null, key: null };
    const { camera_key: key, pairing_proof: shown } = await this.routes.trust(camera);
    if (!key || !shown) return { fate: 'missing', key };
    return { fate: (await isExpected(awaited.expectation, key, shown)) ? 'proven' : 'refuted', key };
  }

  /** The camera is known. */
  done = (camera: string): Promise<void> => this.known.expect(camera, null);
}
