/**
 * The Wi-Fi password encrypted for one camera (camera_peer/sealed_wifi.py has the forms and their reasons). Loaded only
 * where somebody has typed what stands on a camera.
 */

import { scryptAsync } from '@noble/hashes/scrypt.js';
import { AEAD_AES_128_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from 'hpke';
import type { OnboardingCode } from './qr-payload';
import type { CameraSecret } from './setup-code';

const CONTEXT = 'belvedere-wifi-1';
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, dkLen: 32 };
const NONCE_BYTES = 12;

export interface Sealed {
  /** `p` of the code. */
  password: string;
  /** `e` of the code. */
  encryption: 'h' | 's';
}

type Bound = Pick<OnboardingCode, 'serverUrl' | 'token' | 'ssid' | 'password'>;

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

export async function seal(code: Bound, secret: CameraSecret): Promise<Sealed> {
  const context = contextOf(code);
  if (secret.kind === 'label') {
    return { encryption: 'h', password: await toLabelKey(code.password, secret.key, context) };
  }
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  return { encryption: 's', password: await bySetupCode(code.password, secret.code, context, nonce) };
}

/** Server, token and network name: the password opens with no other code. */
export const contextOf = (code: Omit<Bound, 'password'>): Uint8Array<ArrayBuffer> =>
  utf8([CONTEXT, code.serverUrl, code.token, code.ssid].join('\0'));

/** `nonce`: never the same twice. */
export async function bySetupCode(
  password: string,
  setupCode: string,
  context: Uint8Array<ArrayBuffer>,
  nonce: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const salt = new Uint8Array(await crypto.subtle.digest('SHA-256', context));
  const raw = Uint8Array.from(await scryptAsync(utf8(setupCode), salt, SCRYPT));
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt']);
  const how = { name: 'AES-GCM', iv: nonce, additionalData: context };
  return base64url(nonce, new Uint8Array(await crypto.subtle.encrypt(how, key, utf8(password))));
}

async function toLabelKey(password: string, key: string, context: Uint8Array): Promise<string> {
  const suite = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_128_GCM);
  const recipient = await suite.DeserializePublicKey(bytesOf(key));
  const sealed = await suite.Seal(recipient, utf8(password), { info: context });
  return base64url(sealed.encapsulatedSecret, sealed.ciphertext);
}

function base64url(...parts: Uint8Array[]): string {
  const text = parts.flatMap((part) => [...part]).map((byte) => String.fromCharCode(byte));
  return btoa(text.join('')).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}
