/**
 * Statements: short texts that a key has signed and that anybody can check without the server.
 *
 * A statement is a JWS in compact form (RFC 7515) under Ed25519 (RFC 8037). Its header names what kind of statement it is
 * (`typ`) and the key that signed it (`kid`), and nothing else; whether that key may say such a thing is for the reader
 * to decide. Written from signaling/protocol/trust/statement.py and tests/vectors/trust.json, as another would.
 */

import { decodeBytes, encodeBytes, sha256, utf8, type Bytes } from './bytes';
import { readMembers, type Key, type Members } from './members';
import { Untrue } from './untrue';

const ALGORITHM = 'Ed25519';
const JOSE_NAME = 'EdDSA';
const KEY_BYTES = 32;
const HEADERS: readonly string[] = ['alg', 'kid', 'typ'];
/** The longest, a full keyring, has under 1,500. */
export const MAX_STATEMENT_CHARS = 4096;

/** What a statement may be about. `read` throws `Untrue` where the members have another form. */
export interface Kind<T> {
  readonly typ: string;
  read(members: Members): T;
}

/** A statement whose signature is good. `by`: the key that signed it. `digest`: SHA-256 of its text, base64url. */
export interface Said<T> {
  readonly by: Key;
  readonly what: T;
  readonly digest: Key;
}

/** Throws `Untrue` unless it is a statement of this kind, signed by the key that it names. */
export async function read<T>(text: string, kind: Kind<T>): Promise<Said<T>> {
  const [header, payload, signature] = partsOf(text);
  const members = readMembers(decodeBytes(header));
  if ([...members.keys()].some((name) => !HEADERS.includes(name))) throw new Untrue('this is no statement');
  if (members.get('typ') !== kind.typ || members.get('alg') !== JOSE_NAME) {
    throw new Untrue(`this is no ${kind.typ}`);
  }
  const by = members.get('kid');
  if (typeof by !== 'string' || !(await isSigned(by, decodeBytes(signature), `${header}.${payload}`))) {
    throw new Untrue('the signature of this statement is not good');
  }
  return { by, what: kind.read(readMembers(decodeBytes(payload))), digest: await digest(text) };
}

/** What a text says that it is, which nobody has checked: to choose who reads it. Throws `Untrue`. */
export const typOf = (text: string): unknown => readMembers(decodeBytes(partsOf(text)[0])).get('typ');

/** The statement as text. Members that are left out have their defaults. Throws `Untrue` where nobody would read it. */
export async function sign<T extends object>(
  pair: CryptoKeyPair,
  kind: Kind<T>,
  what: Partial<T>,
): Promise<string> {
  kind.read(new Map(Object.entries(what)));
  const header = { alg: JOSE_NAME, kid: await nameOf(pair), typ: kind.typ };
  const body = [header, what].map((part) => encodeBytes(utf8(JSON.stringify(part)))).join('.');
  const signature = await crypto.subtle.sign(ALGORITHM, pair.privateKey, utf8(body));
  const text = `${body}.${encodeBytes(new Uint8Array(signature))}`;
  if (text.length > MAX_STATEMENT_CHARS) throw new Untrue('this is too long for a statement');
  return text;
}

/** How a key is called: its public half. */
export const nameOf = async (pair: CryptoKeyPair): Promise<Key> =>
  encodeBytes(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));

/** By which another statement refers to this one. */
export const digest = async (text: string): Promise<Key> => encodeBytes(await sha256(text));

function partsOf(text: unknown): [string, string, string] {
  const parts = typeof text === 'string' && text.length <= MAX_STATEMENT_CHARS ? text.split('.') : [];
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
    throw new Untrue('this is no statement');
  }
  return [header, payload, signature];
}

async function isSigned(by: Key, signature: Bytes, body: string): Promise<boolean> {
  const raw = decodeBytes(by);
  if (raw.length !== KEY_BYTES) throw new Untrue('this statement names no key');
  try {
    const key = await crypto.subtle.importKey('raw', raw, ALGORITHM, false, ['verify']);
    return await crypto.subtle.verify(ALGORITHM, key, signature, utf8(body));
  } catch {
    // Thirty-two bytes that are no point of the curve: engines differ in when they notice.
    return false;
  }
}
