/**
 * Members of a JSON object that nobody has vouched for yet. Each name stands once, at every depth: of two members of one
 * name, one reader takes the first and another the last (RFC 7519 §4). They are kept in a map, where `__proto__` is a
 * name like any other, and read one by one: what has not the right form throws `Untrue`, what nobody asks for is left.
 */

import type { Bytes } from './bytes';
import { Untrue } from './untrue';

export type Members = ReadonlyMap<string, unknown>;
/** 32 bytes in base64url: a public key, or a hash. */
export type Key = string;
/** 16 random bytes in base64url. */
export type Nonce = string;
/** Unix time. */
export type Seconds = number;

/** Of the last sign, four bits count for a key and two for a nonce; an encoder leaves the others zero. */
const KEY = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
const NONCE = /^[A-Za-z0-9_-]{21}[AQgw]$/;
const BRACE = 0x7b;
/** In a text that is JSON, no quotation mark stands outside of these, and a colon only after a name. */
const STRING_OR_BRACE = /("(?:[^"\\]|\\.)*")\s*(:?)|[{}]/gs;
/** Numbers, and texts to pass them over. */
const STRING_OR_NUMBER = /("(?:[^"\\]|\\.)*")|-?[0-9][0-9.eE+-]*/gs;

/** Throws `Untrue` unless this is a JSON object by the letter. */
export function readMembers(data: Bytes): Members {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(data);
    JSON.parse(text);
    value = JSON.parse(withoutFractions(text));
  } catch {
    throw new Untrue('this is not JSON');
  }
  if (data[0] !== BRACE) throw new Untrue('this is no object');
  checkNames(text);
  return new Map(Object.entries(value as object));
}

/**
 * No number of ours has a fraction or an exponent; JavaScript would read some of them as whole. In their places stands
 * what no member of ours is, so that only those notice who ask for one.
 */
const withoutFractions = (json: string): string =>
  json.replace(STRING_OR_NUMBER, (token, quoted?: string) =>
    quoted === undefined && /[.eE]/.test(token) ? '{}' : token,
  );

function checkNames(text: string): void {
  const open: Set<string>[] = [];
  for (const [token, quoted, colon] of text.matchAll(STRING_OR_BRACE)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (colon && quoted) checkNew(JSON.parse(quoted) as string, open.at(-1));
  }
}

function checkNew(name: string, names: Set<string> | undefined): void {
  if (names?.has(name)) throw new Untrue('a member stands there twice');
  names?.add(name);
}

export function textAt(of: Members, name: string, otherwise?: string): string {
  const value = of.has(name) ? of.get(name) : otherwise;
  if (typeof value !== 'string') throw new Untrue(`${name} is no text`);
  return value;
}

export const keyAt = (of: Members, name: string): Key => checked(of.get(name), name, KEY);

/** As `keyAt`, or the empty text. */
export const keyOrNoneAt = (of: Members, name: string): string =>
  of.get(name) === '' ? '' : keyAt(of, name);

export const nonceAt = (of: Members, name: string): Nonce => checked(of.get(name), name, NONCE);

/** A whole number from 0 up. */
export const wholeAt = (of: Members, name: string): number => whole(of.get(name), name);

/** A whole number from -1 up, which stands for none. */
export function numberAt(of: Members, name: string, otherwise?: number): number {
  const value = of.has(name) ? of.get(name) : otherwise;
  return value === -1 ? value : whole(value, name);
}

export function flagAt(of: Members, name: string, otherwise: boolean): boolean {
  const value = of.has(name) ? of.get(name) : otherwise;
  if (typeof value !== 'boolean') throw new Untrue(`${name} is neither true nor false`);
  return value;
}

export const keysAt = (of: Members, name: string, least: number, most: number): Key[] =>
  list(of, name, least, most).map((value) => checked(value, name, KEY));

export const wholesAt = (of: Members, name: string, most: number): number[] =>
  list(of, name, 0, most).map((value) => whole(value, name));

export const textsAt = (of: Members, name: string, most: number): string[] =>
  list(of, name, 0, most).map((value) => textAt(new Map([[name, value]]), name));

export function wordsAt<T extends string>(of: Members, name: string, known: readonly T[]): T[] {
  return list(of, name, 1, known.length).map((value) => {
    const word = known.find((each) => each === value);
    if (word === undefined) throw new Untrue(`${name} has a word that nobody knows`);
    return word;
  });
}

function list(of: Members, name: string, least: number, most: number): unknown[] {
  const value = of.get(name);
  if (!Array.isArray(value) || value.length < least || value.length > most) {
    throw new Untrue(`${name} is no list of ${least} to ${most}`);
  }
  return value as unknown[];
}

function checked(value: unknown, name: string, form: RegExp): string {
  if (typeof value !== 'string' || !form.test(value)) throw new Untrue(`${name} has another form`);
  return value;
}

function whole(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Untrue(`${name} is no whole number`);
  return value as number;
}
