/** What vectors cannot show of signed statements: strictness by the letter, and that we read what we write. */

import { describe, expect, test } from 'vitest';
import { decodeBytes, encodeBytes, utf8 } from '../core/trust/bytes';
import { ENVELOPE, makeExchange, exchangeOf, open } from '../core/trust/envelope';
import { ACCEPTANCE, GRANT, rights } from '../core/trust/grant';
import { begin, change, follow, LINK, MAX_CHAIN_CHARS, MAX_STATEMENTS } from '../core/trust/keyring';
import { Known } from '../core/trust/known';
import { readMembers } from '../core/trust/members';
import { NO_ORDERS } from '../core/trust/orders';
import { OwnRing } from '../core/trust/own-ring';
import { cameraProof, makeSecret, ownerProof, readSecret } from '../core/trust/pairing';
import { isProof } from '../core/trust/proof';
import { fingerprintOf, hello, HELLO, makeNonce } from '../core/trust/session';
import { digest, MAX_STATEMENT_CHARS, nameOf, read, sign } from '../core/trust/statement';
import { Untrue } from '../core/trust/untrue';
import { Drawer, envelopeFor, newPair, signedText, vectors } from './trust-people';

const NOW = 1_800_000_000;
const pair = await newPair();
const name = await nameOf(pair);
const good = await begin(pair, NOW);
const [header, payload, signature] = good.split('.') as [string, string, string];
const whom = { camera: name, ring: await digest(good) };
const plainHeader = JSON.stringify({ alg: 'EdDSA', kid: name, typ: LINK.typ });
const plainPayload = JSON.stringify({ n: 0, keys: [name], iat: NOW });

/** What the app makes of the keyring that a server shows, where it has followed `seen`: its standing, and how far it goes. */
async function caughtUp(seen: string[], shown: string[]): Promise<[string, number | undefined]> {
  const known = new Known(new Drawer());
  await known.learnRing('me', { ring: await follow(seen), statements: seen });
  const routes = { keyring: async () => shown, extendKeyring: async () => seen };
  const own = new OwnRing('me', pair, name, known, routes, () => NOW);
  await own.catchUp();
  return [own.belonging, own.ring?.n];
}

describe('a signed statement', () => {
  test('that we write we read', async () => {
    expect(await read(good, LINK)).toEqual({
      by: name,
      what: { n: 0, keys: [name], iat: NOW, ring: '', before: '', label: '' },
      digest: await digest(good),
    });
    expect((await read(await signedText(pair, plainHeader, plainPayload), LINK)).by).toBe(name);
  });

  const headers: Record<string, string> = {
    'another kind': plainHeader.replace('keyring', 'grant'),
    'no kind': JSON.stringify({ alg: 'EdDSA', kid: name }),
    'no algorithm': JSON.stringify({ kid: name, typ: LINK.typ }),
    'another algorithm': plainHeader.replace('EdDSA', 'none'),
    'no key': JSON.stringify({ alg: 'EdDSA', typ: LINK.typ }),
    'a key that is a number': plainHeader.replace(`"${name}"`, '5'),
    'a key in a list': plainHeader.replace(`"${name}"`, `["${name}"]`),
    'a key of 31 bytes': plainHeader.replace(name, encodeBytes(decodeBytes(name).subarray(1))),
    'a padded key': plainHeader.replace(name, `${name}=`),
    'a key by itself': plainHeader.replace('{', '{"jwk":{},'),
    'a critical member': plainHeader.replace('{', '{"crit":[],'),
    'a prototype': plainHeader.replace('{', '{"__proto__":{},'),
    'all of it in the prototype': `{"__proto__":${plainHeader}}`,
    'a name twice': plainHeader.replace('{', '{"alg":"none",'),
    'a name twice, once escaped': plainHeader.replace('{', String.raw`{"\u0061lg":"none",`),
    'a list': `[${plainHeader}]`,
    'a space in front': ` ${plainHeader}`,
    'a byte order mark': `\ufeff${plainHeader}`,
    'no JSON': plainHeader.slice(0, -1),
  };
  test.each(Object.entries(headers))('is none with this in its header: %s', async (_, changed) => {
    await expect(read(await signedText(pair, changed, plainPayload), LINK)).rejects.toThrow(Untrue);
  });

  const payloads: Record<string, string> = {
    nothing: '{}',
    'a list': '[]',
    null: 'null',
    'a name twice': plainPayload.replace('{', '{"n":1,'),
    'a name twice, deep within': plainPayload.replace('{', '{"x":[{"a":{"b":1,"b":1}}],'),
    'all of it in the prototype': `{"__proto__":${plainPayload}}`,
    'a number as text': plainPayload.replace(':0', ':"0"'),
    'true as a number': plainPayload.replace(':0', ':true'),
    'a fraction': plainPayload.replace(':0', ':0.0'),
    'an exponent': plainPayload.replace(':0', ':0e1'),
    'less than nothing': plainPayload.replace(':0', ':-1'),
    'too large a number': plainPayload.replace(String(NOW), String(2 ** 53)),
    'a number beyond the chain': plainPayload.replace(':0', `:${MAX_STATEMENTS}`),
    'no keys': plainPayload.replace(`["${name}"]`, '[]'),
    'too many keys': JSON.stringify({ n: 0, keys: Array<string>(17).fill(name), iat: NOW }),
    'keys in an object': plainPayload.replace(`["${name}"]`, `{"0":"${name}","length":1}`),
    'a key of another form': plainPayload.replace(name, name.slice(1) + '?'),
    'a ring that is null': plainPayload.replace('{', '{"ring":null,'),
    'what is not a number': plainPayload.replace(':0', ':NaN'),
  };
  test.each(Object.entries(payloads))('says nothing with this payload: %s', async (_, changed) => {
    await expect(read(await signedText(pair, plainHeader, changed), LINK)).rejects.toThrow(Untrue);
  });

  test('may say more than we ask for, and it changes nothing', async () => {
    const more = plainPayload.replace('{', '{"__proto__":{"ring":"x"},"constructor":"y","e":"1.5e3",');
    const { what } = await read(await signedText(pair, plainHeader, more), LINK);
    expect(what).toEqual({ n: 0, keys: [name], iat: NOW, ring: '', before: '', label: '' });
    expect(({} as { ring?: string }).ring).toBeUndefined();
  });

  const texts: Record<string, string> = {
    empty: '',
    'two parts': `${header}.${payload}`,
    'four parts': `${good}.${signature}`,
    'cut off': good.slice(0, -1),
    padded: `${good}=`,
    'a space at the end': `${good} `,
    'a space within': `${header}. ${payload}.${signature}`,
    'the other alphabet': `${header}.${payload}.${signature.slice(0, -2)}+/`,
    'no ASCII': `${good.slice(0, -1)}ä`,
    'another last bit, unused': good.slice(0, -1) + sibling(good.at(-1)!),
    'no signature': `${header}.${payload}.`,
    'too long': `${good}${'A'.repeat(MAX_STATEMENT_CHARS)}`,
  };
  test.each(Object.entries(texts))('is not written like this: %s', async (_, changed) => {
    await expect(read(changed, LINK)).rejects.toThrow(Untrue);
  });

  test('has a bound, whatever it says', async () => {
    const padded = (size: number): string => plainPayload.replace('{', `{"x":"${'y'.repeat(size)}",`);
    expect((await read(await signedText(pair, plainHeader, padded(2500)), LINK)).by).toBe(name);
    await expect(read(await signedText(pair, plainHeader, padded(3000)), LINK)).rejects.toThrow(Untrue);
    await expect(sign(pair, LINK, { n: 0, keys: [name], iat: NOW, ring: 'y'.repeat(4000) })).rejects.toThrow(
      Untrue,
    );
  });

  test('that is no text at all is none', async () => {
    for (const odd of [null, undefined, 5, {}, [good]]) {
      await expect(read(odd as never, LINK)).rejects.toThrow(Untrue);
    }
  });

  test('is gone with any bit of it', async () => {
    for (let at = 0; at < good.length; at += 7) {
      const sign = good[at]!;
      const changed = good.slice(0, at) + (sign === 'A' ? 'B' : 'A') + good.slice(at + 1);
      await expect(read(changed, LINK)).rejects.toThrow(Untrue);
    }
  });

  test('is not signed where we would not read it', async () => {
    await expect(sign(pair, LINK, { n: 0, keys: [], iat: NOW })).rejects.toThrow(Untrue);
    await expect(hello(pair, whom, makeNonce(), 'short', NOW)).rejects.toThrow(Untrue);
    const nameless = { camera: name, ring: 'short' };
    await expect(hello(pair, nameless, makeNonce(), name, NOW)).rejects.toThrow(Untrue);
    await hello(pair, whom, makeNonce(), name, NOW);
  });

  test('nests as deep as its length allows without a fault', () => {
    expect(() => readMembers(utf8(`{"a":${'['.repeat(4000)}`))).toThrow(Untrue);
    expect(readMembers(utf8(`{"a":${'['.repeat(1500)}${']'.repeat(1500)}}`)).size).toBe(1);
  });
});

/** Another sign of base64url for the same bytes: an Ed25519 signature leaves four bits of its last sign unused. */
function sibling(sign: string): string {
  const signs = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return signs[signs.indexOf(sign) ^ 1]!;
}

describe('signed keyrings', () => {
  test('grow and shrink, keep their name and never go back', async () => {
    const second = await newPair();
    const ring = await follow([good]);
    const more = await follow([await change(pair, ring, [name, await nameOf(second), name], NOW)], ring);
    expect([more.name, more.n, more.keys.size]).toEqual([await digest(good), 1, 2]);
    const fewer = await change(second, more, [await nameOf(second)], NOW);
    const last = await follow([fewer], more);
    await expect(change(pair, last, [name], NOW)).rejects.toThrow('does not belong');
    await expect(follow([fewer], last)).rejects.toThrow('does not follow');
    await expect(follow([good], last)).rejects.toThrow(Untrue);
    await expect(change(second, last, [], NOW)).rejects.toThrow('never be changed');
    expect(await follow([], last)).toBe(last);
  });

  test('end somewhere', async () => {
    await expect(follow(Array<string>(MAX_STATEMENTS + 1).fill(good))).rejects.toThrow('too many');
    const ring = await follow([good]);
    const long = await change(pair, ring, [name], NOW);
    const many = [good, ...Array<string>(Math.ceil(MAX_CHAIN_CHARS / long.length)).fill(long)];
    await expect(follow(many)).rejects.toThrow('too many');
    expect(await caughtUp([good], many)).toEqual(['replaced', 0]);
  });

  test('are caught up with from what was seen, and never parted from it', async () => {
    const [other, ring] = [await nameOf(await newPair()), await follow([good])];
    const chain = [good, await change(pair, ring, [name, other], NOW)];
    const later = await follow(chain);
    expect(await caughtUp([good], chain)).toEqual(['member', 1]);
    expect(await caughtUp(chain, chain)).toEqual(['member', 1]);
    expect(await caughtUp(chain, [good])).toEqual(['member', 1]);
    const fork = [good, await change(pair, ring, [name], NOW)];
    fork.push(await change(pair, await follow(fork), [name, other], NOW));
    const third = await change(pair, later, [name], NOW);
    expect(await caughtUp(chain, [...chain, third])).toEqual(['member', 2]);
    const others = [[], ['no statement'], fork, ['no statement', chain[1]!, third], [...chain, chain[1]!]];
    for (const shown of others) expect(await caughtUp(chain, shown)).toEqual(['replaced', 1]);
    expect(await caughtUp([good], [await begin(pair, NOW + 1)])).toEqual(['replaced', 0]);
  });
});

describe('signed grants', async () => {
  const guest = await newPair();
  const [owner, viewer] = [await follow([good]), await follow([await begin(guest, NOW)])];
  const camera = vectors.grants.camera;
  const against = { camera, owner, viewer, now: NOW, orders: NO_ORDERS };
  const what = { camera, ring: owner.name, to: viewer.name, scopes: ['live' as const], nbf: NOW, serial: 3 };

  test('hold from when to when they say', async () => {
    const text = await sign(pair, GRANT, { ...what, exp: NOW + 60 });
    expect((await rights([text], against)).until).toBe(NOW + 60);
    for (const now of [NOW + 59.9, NOW - 120]) await rights([text], { ...against, now });
    for (const now of [NOW + 60, NOW - 121, NaN, Infinity, -Infinity]) {
      await expect(rights([text], { ...against, now })).rejects.toThrow(Untrue);
    }
    const endless = await sign(pair, GRANT, what);
    expect((await rights([endless], { ...against, now: NOW * 2 })).until).toBeNull();
    await expect(rights([endless], { ...against, now: NaN })).rejects.toThrow('not hold yet');
  });

  test('for a link are accepted by whoever holds its key', async () => {
    const link = await newPair();
    const first = await sign(pair, GRANT, { ...what, to: await nameOf(link), link: true });
    const second = { grant: await digest(first), to: viewer.name, iat: NOW };
    expect((await rights([first, await sign(link, ACCEPTANCE, second)], against)).serial).toBe(3);
    await expect(rights([first, await sign(guest, ACCEPTANCE, second)], against)).rejects.toThrow(Untrue);
  });

  test('are not needed by the owner', async () => {
    expect((await rights([], { ...against, viewer: owner })).scopes.size).toBe(4);
  });
});

describe('pairing', () => {
  const { origin, token, camera, ring, head } = vectors.pairing;
  const secret = readSecret(vectors.pairing.secret);

  test('with anything swapped is not proven', async () => {
    const other = makeSecret();
    const proofs = await Promise.all([
      cameraProof(secret, origin, token, camera),
      cameraProof(other, origin, token, camera),
      cameraProof(secret, 'https://evil.example', token, camera),
      cameraProof(secret, origin, 'another', camera),
      cameraProof(secret, origin, token, name),
      ownerProof(secret, origin, token, ring, head),
      ownerProof(other, origin, token, ring, head),
      ownerProof(secret, origin, token, ring, name),
      ownerProof(secret, origin, token, name, head),
      ownerProof(secret, origin, token, camera, camera),
    ]);
    proofs.forEach((one, at) => {
      proofs.forEach((another, there) => expect(isProof(one, another)).toBe(at === there));
    });
    for (const odd of ['', proofs[0]!.slice(1), `${proofs[0]}A`, '\udc00 no proof', '\0'.repeat(43)]) {
      expect(isProof(proofs[0]!, odd)).toBe(false);
    }
  });

  test('wants sixteen bytes and no NUL', async () => {
    for (const odd of [
      '',
      'AA',
      encodeBytes(new Uint8Array(15)),
      encodeBytes(new Uint8Array(17)),
      'ä'.repeat(22),
    ]) {
      expect(() => readSecret(odd)).toThrow(Untrue);
    }
    await expect(cameraProof(secret, origin, token, 'a\0b')).rejects.toThrow('NUL');
    await expect(cameraProof(secret.subarray(1), origin, token, camera)).rejects.toThrow(Untrue);
  });
});

describe('swap in descriptions', () => {
  const digits = Array.from({ length: 32 }, (_, at) => at.toString(16).padStart(2, '0')).join(':');
  const expected = `sha-256 ${digits.toUpperCase()}`;

  test('the same certificate is the same, however it is spelt', () => {
    const lines = [`a=fingerprint:SHA-256 ${digits}\r\n`, `a=fingerprint:sha-256 ${digits.toUpperCase()} \n`];
    for (const sdp of [...lines, lines.join('m=audio 9\r\n')]) expect(fingerprintOf(sdp)).toBe(expected);
  });

  const line = `a=fingerprint:sha-256 ${digits}`;
  test.each([
    '',
    'v=0\r\n',
    `${line}:20`,
    line.slice(0, -3),
    line.replace('sha-256', 'sha-1'),
    `${line}\r\na=fingerprint:sha-256 ${digits.replace('00', 'ff')}`,
    `${line}\r\na=fingerprint:sha-1 00`,
    `${line}\r\na=fingerprint`,
    `${line}\r\nA=FINGERPRINT: x`,
    `${line}\ra=fingerprint:x`,
    `${line}\u2028a=fingerprint:x`,
    ...['\v', '\f', '\x1c', '\x85', '\0', '\r\r\n'].map((end) => `${line}\r\na=x${end}a=y`),
    `a=x\ra=fingerprint:sha-256 ${digits.replace('00', 'ff')}\r\n${line}`,
    `${line} and more`,
  ])('is none: %j', (sdp) => {
    expect(() => fingerprintOf(sdp)).toThrow(Untrue);
  });
});

describe('signed envelopes', () => {
  test('need an exchange key that makes a secret', async () => {
    const own = await makeExchange();
    const text = await hello(pair, whom, makeNonce(), await exchangeOf(own), NOW);
    expect((await read(text, HELLO)).what.exchange).toBe(await exchangeOf(own));
    const zero = encodeBytes(new Uint8Array(32));
    const what = { hello: await digest(text), exchange: zero, epoch: 1, counter: 0, sealed: zero, iat: NOW };
    const weak = await sign(pair, ENVELOPE, what);
    await expect(open(weak, name, text, own.privateKey)).rejects.toThrow('makes no secret');
    const short = await sign(pair, ENVELOPE, {
      ...what,
      exchange: await exchangeOf(await makeExchange()),
      sealed: 'AA',
    });
    await expect(open(short, name, text, own.privateKey)).rejects.toThrow('cannot be opened');
  });

  test('hold a sender key of the right length, and are opened by whom they are for', async () => {
    const own = await makeExchange();
    const text = await hello(pair, whom, makeNonce(), await exchangeOf(own), NOW);
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const sealed = await envelopeFor(pair, text, secret);
    expect(await open(sealed, name, text, own.privateKey)).toEqual({ epoch: 7, secret, counter: 3 });
    const short = await envelopeFor(pair, text, secret.subarray(1));
    await expect(open(short, name, text, own.privateKey)).rejects.toThrow('no sender key');
    await expect(open(sealed, name, text, (await makeExchange()).privateKey)).rejects.toThrow(Untrue);
  });

  test('are opened by a key that nobody can read out', async () => {
    const own = await makeExchange();
    await expect(crypto.subtle.exportKey('pkcs8', own.privateKey)).rejects.toThrow();
    await expect(crypto.subtle.exportKey('jwk', own.privateKey)).rejects.toThrow();
  });
});
