import { AEAD_AES_128_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from 'hpke';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bySetupCode, bytesOf, contextOf, seal } from '../core/sealed-wifi';
import { readSecret } from '../core/setup-code';

interface Vectors {
  setup_code: string;
  label_private_key: string;
  label_key: string;
  sealed: { u: string; t: string; s: string; password: string; e: 'h' | 's'; nonce?: string; p: string }[];
}

const file = join(import.meta.dirname, '../../tests/vectors/sealed_wifi.json');
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
const setup = readSecret(vectors.setup_code);
const label = readSecret(vectors.label_key);
const codeOf = (vector: Vectors['sealed'][number]) => ({
  serverUrl: vector.u,
  token: vector.t,
  ssid: vector.s,
  password: vector.password,
});

/** What the camera does with its label key. */
async function openedByKey(sealed: string, context: Uint8Array): Promise<string> {
  const suite = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_128_GCM);
  const key = await suite.DeserializePrivateKey(bytesOf(vectors.label_private_key), true);
  const raw = bytesOf(sealed);
  const clear = await suite.Open(key, raw.subarray(0, 32), raw.subarray(32), { info: context });
  return new TextDecoder().decode(clear);
}

test('what is printed is read', () => {
  expect(setup).toEqual({ kind: 'setup', code: vectors.setup_code.replaceAll('-', '') });
  expect(label).toEqual({ kind: 'label', key: vectors.label_key });
});

test.each(vectors.sealed.filter((vector) => vector.e === 's'))('by a setup code: $s', async (vector) => {
  if (typeof setup === 'string' || setup.kind !== 'setup') throw new Error('no setup code');
  const code = codeOf(vector);
  const nonce = bytesOf(vector.nonce ?? '');
  expect(await bySetupCode(code.password, setup.code, contextOf(code), nonce)).toBe(vector.p);
});

test.each(vectors.sealed.filter((vector) => vector.e === 'h'))('to a label key: $s', async (vector) => {
  if (typeof label === 'string') throw new Error('no label key');
  const code = codeOf(vector);
  expect(await openedByKey(vector.p, contextOf(code))).toBe(vector.password);
  const sealed = await seal(code, label);
  expect(sealed.encryption).toBe('h');
  expect(await openedByKey(sealed.password, contextOf(code))).toBe(vector.password);
  await expect(openedByKey(sealed.password, contextOf({ ...code, token: 'another' }))).rejects.toThrow();
});

test('the same password is never encrypted alike twice', async () => {
  if (typeof setup === 'string') throw new Error('no setup code');
  const code = codeOf(vectors.sealed[0]!);
  expect((await seal(code, setup)).password).not.toBe((await seal(code, setup)).password);
});
