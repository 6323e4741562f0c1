/**
 * Pairing: how camera and owner learn each other's key without having to believe the server.
 *
 * The QR code that this browser draws carries 128 random bits which the server never sees. Camera and owner each send,
 * through the server, a MAC (RFC 2104) under a key derived from them (HKDF, RFC 5869): the camera over its key, the owner
 * over its keyring. A server that swaps either has no MAC for it.
 */

import { decodeBytes, sha256, toHex, type Bytes } from './bytes';
import type { Key } from './members';
import { derived, isProof, macKey, proof } from './proof';
import { Untrue } from './untrue';

export const SECRET_BYTES = 16;
const KEY_BYTES = 32;
const INFO = 'belvedere-pairing-1';
const CAMERA_CONTEXT = 'belvedere-pairing-camera-1';
const OWNER_CONTEXT = 'belvedere-pairing-owner-1';

/** For one code (`x` of it, by `encodeBytes`). */
export const makeSecret = (): Bytes => crypto.getRandomValues(new Uint8Array(SECRET_BYTES));

/** Throws `Untrue` where it is none. */
export function readSecret(text: string): Bytes {
  const secret = decodeBytes(text);
  if (secret.length !== SECRET_BYTES) throw new Untrue(`a pairing secret has ${SECRET_BYTES} bytes`);
  return secret;
}

/** What the camera sends beside its activation: its key belongs to whoever read the code. base64url. */
export const cameraProof = (secret: Bytes, origin: string, token: string, camera: Key): Promise<string> =>
  said(secret, 'camera', CAMERA_CONTEXT, origin, token, [camera]);

/** What the owner has passed on to the camera: whose it is. `head`: digest of the keyring's newest statement. */
export const ownerProof = (
  secret: Bytes,
  origin: string,
  token: string,
  ring: Key,
  head: Key,
): Promise<string> => said(secret, 'owner', OWNER_CONTEXT, origin, token, [ring, head]);

/** What remembers a code without its secrets: enough to know the camera that has read it. The browser keeps it. */
export interface Expectation {
  /** Of HMAC, not extractable. */
  key: CryptoKey;
  origin: string;
  /** In hex. */
  tokenHash: string;
}

export const expectCamera = async (secret: Bytes, origin: string, token: string): Promise<Expectation> => ({
  key: await keyFor(secret, 'camera', token),
  origin,
  tokenHash: toHex(await sha256(token)),
});

/** Whether the camera of this key has read the code. */
export const isExpected = async (expected: Expectation, camera: Key, shown: string): Promise<boolean> =>
  isProof(await proof(expected.key, [CAMERA_CONTEXT, expected.origin, expected.tokenHash, camera]), shown);

async function said(
  secret: Bytes,
  side: 'camera' | 'owner',
  context: string,
  origin: string,
  token: string,
  about: string[],
): Promise<string> {
  return proof(await keyFor(secret, side, token), [context, origin, toHex(await sha256(token)), ...about]);
}

/** One for each direction, so that nothing that one side said can be turned against it. */
async function keyFor(secret: Bytes, side: 'camera' | 'owner', token: string): Promise<CryptoKey> {
  if (secret.length !== SECRET_BYTES) throw new Untrue(`a pairing secret has ${SECRET_BYTES} bytes`);
  const [camera, owner] = await derived(secret, INFO, [KEY_BYTES, KEY_BYTES], await sha256(token));
  return macKey((side === 'camera' ? camera : owner) as Bytes);
}
