import { expect, test } from 'vitest';
import { mayBePasskeyOnly, wantedProof, type Factors, type Passkey } from '../core/factors';
import { base64url, bytes, decoded, encoded, passkeysHere } from '../core/passkeys';

test('bytes and base64url without padding are each other’s reverse', () => {
  for (const text of ['', 'AA', '-_8', 'AAEC', '_-7dzA']) {
    expect(base64url(bytes(text).buffer)).toBe(text);
  }
});

test('options for a new passkey become bytes where browsers want bytes', () => {
  const made = decoded({
    challenge: 'AAEC',
    user: { id: 'AQ', name: 'a' },
    excludeCredentials: [{ id: '_w', type: 'public-key' }],
    attestation: 'none',
  });
  expect(made).toEqual({
    challenge: new Uint8Array([0, 1, 2]),
    user: { id: new Uint8Array([1]), name: 'a' },
    excludeCredentials: [{ id: new Uint8Array([255]), type: 'public-key' }],
    attestation: 'none',
  });
});

test('an answer becomes what toJSON would make of it', () => {
  const part = new Uint8Array([255, 254]).buffer;
  const answer = {
    id: 'AA',
    type: 'public-key',
    response: { clientDataJSON: part, signature: part, authenticatorData: part, userHandle: null },
  };
  expect(encoded(answer)).toEqual({
    id: 'AA',
    rawId: 'AA',
    type: 'public-key',
    response: { clientDataJSON: '__4', signature: '__4', authenticatorData: '__4' },
  });
});

test('passkeys are possible at the server’s own name alone', () => {
  const home = 'https://cameras.example';
  expect(passkeysHere(home, home, true)).toBe('possible');
  expect(passkeysHere(home, home, false)).toBe('unsupported');
  expect(passkeysHere(home, 'https://192.0.2.1', true)).toBe('elsewhere');
  expect(passkeysHere(null, 'https://192.0.2.1', true)).toBe('address');
});

test.each([
  [[], 10, false],
  [[true], 0, false],
  [[true], 1, false],
  [[true], 2, true],
  [[false, false], 10, false],
  [[true, false], 0, false],
  [[true, true], 0, true],
])('passkeys that verify %o and %i codes may be the only way in: %s', (verified, left, may) => {
  expect(mayBePasskeyOnly({ ...factors(verified), recovery_codes_left: left })).toBe(may);
});

test.each([
  ['nothing', {}, [], { password: true, code: null, passkey: null }],
  ['an app', { totp: true }, [], { password: true, code: 'app', passkey: null }],
  ['a passkey', {}, [true], { password: true, code: 'recovery', passkey: 'alone' }],
  ['one that knows nobody', {}, [false], { password: true, code: 'recovery', passkey: 'beside' }],
  ['app and passkeys', { totp: true }, [false, true], { password: true, code: 'app', passkey: 'alone' }],
  [
    'only passkeys',
    { totp: true, passkey_only: true },
    [true],
    { password: false, code: 'recovery', passkey: 'alone' },
  ],
] as const)('with %s a proof takes as much as a sign-in', (_, on, verified, wanted) => {
  const those = { ...factors([...verified]), ...on };
  expect(wantedProof(those, true)).toEqual(wanted);
  expect(wantedProof(those, false)).toEqual({ ...wanted, passkey: null });
});

function factors(verified: boolean[]): Factors {
  const passkeys = verified.map((each): Passkey => ({
    id: '',
    name: '',
    created_at: '',
    last_used_at: null,
    verified: each,
  }));
  return { totp: false, passkeys, recovery_codes_left: 10, passkey_only: false, passkeys_at: null };
}
