/**
 * Keyrings: which installations of the app speak for one account.
 *
 * A keyring is a chain of statements. The first is signed by the only key that it names, and its digest is the ring's name
 * for ever. Each further one names all keys from then on, the digest of the one before, and is signed by a key of that
 * one. So a key can be added or taken away only by one that belongs, whatever the server does. It could show an old end
 * of the chain; who has seen a newer one does not go back.
 */

import { nameOf, read, sign, type Kind } from './statement';
import { keysAt, textAt, wholeAt, type Key, type Members, type Seconds } from './members';
import { Untrue } from './untrue';

/** Installations of one account, a printed recovery code among them. */
export const MAX_KEYS = 16;
/** Of one ring: a person who adds and removes one a week is there after five years, and pairs anew. */
export const MAX_STATEMENTS = 256;
/** Of one ring's statements together, since viewers send theirs with each session: some fifty of a ring of three. */
export const MAX_CHAIN_CHARS = 32 * 1024;
/** A browser's name and its system's. */
export const MAX_LABEL_CHARS = 80;

/**
 * One statement. `n` counts from 0. `ring` and `before` are empty in the first. `label`: how whoever added a key calls it,
 * for people; nothing is decided by it.
 */
export interface Link {
  n: number;
  keys: Key[];
  iat: Seconds;
  ring: string;
  before: string;
  label: string;
}

/** What a chain comes to. `head`: digest of its newest statement, number `n`. */
export interface Keyring {
  readonly name: Key;
  readonly n: number;
  readonly head: Key;
  readonly keys: ReadonlySet<Key>;
}

export const LINK: Kind<Link> = {
  typ: 'belvedere-keyring+jwt',
  read: (members) => {
    const n = wholeAt(members, 'n');
    if (n >= MAX_STATEMENTS) throw new Untrue('this keyring has too many statements');
    return {
      n,
      keys: keysAt(members, 'keys', 1, MAX_KEYS),
      iat: wholeAt(members, 'iat'),
      ring: textAt(members, 'ring', ''),
      before: textAt(members, 'before', ''),
      label: labelAt(members),
    };
  },
};

function labelAt(members: Members): string {
  const label = textAt(members, 'label', '');
  if ([...label].length > MAX_LABEL_CHARS) throw new Untrue('this label is too long');
  return label;
}

/** The first statement of a new ring, which holds this key alone. */
export const begin = async (pair: CryptoKeyPair, now: Seconds, label = ''): Promise<string> =>
  sign(pair, LINK, { n: 0, keys: [await nameOf(pair)], iat: now, ...named(label) });

const named = (label: string): Partial<Link> => (label ? { label } : {});

/** The next statement. Throws `Untrue` where this key may not say it, or nobody would be left. */
export async function change(
  pair: CryptoKeyPair,
  ring: Keyring,
  keys: Iterable<Key>,
  now: Seconds,
  label = '',
): Promise<string> {
  if (!ring.keys.has(await nameOf(pair))) {
    throw new Untrue('this installation does not belong to the keyring');
  }
  const all = [...new Set(keys)].sort();
  checkRoom(all.length);
  if (all.length === 0) throw new Untrue('a keyring without any key could never be changed again');
  const follows = { n: ring.n + 1, ring: ring.name, before: ring.head };
  return sign(pair, LINK, { ...follows, keys: all, iat: now, ...named(label) });
}

/** Throws `Untrue` where a ring has no room for so many keys. */
export function checkRoom(keys: number): void {
  if (keys > MAX_KEYS) throw new Untrue(`${MAX_KEYS} devices belong already: take one off first`);
}

/**
 * The ring at the end of this chain, which begins with its first statement, or right after `known`.
 *
 * Throws `Untrue` where the chain is broken, and where there is nothing to follow.
 */
export async function follow(texts: readonly string[], known: Keyring | null = null): Promise<Keyring> {
  checkLength(texts);
  let ring = known;
  for (const text of texts) ring = await next(ring, text);
  if (ring === null) throw new Untrue('there is no keyring');
  return ring;
}

function checkLength(texts: readonly string[]): void {
  const chars = texts.reduce((sum, text) => sum + text.length, 0);
  if (texts.length > MAX_STATEMENTS || chars > MAX_CHAIN_CHARS) {
    throw new Untrue('this keyring has too many statements');
  }
}

async function next(ring: Keyring | null, text: string): Promise<Keyring> {
  const { by, what, digest: head } = await read(text, LINK);
  const keys = new Set(what.keys);
  if (keys.size !== what.keys.length) throw new Untrue('a key stands twice in this keyring');
  const [n, name, before] = ring === null ? [0, '', ''] : [ring.n + 1, ring.name, ring.head];
  if (what.n !== n || what.ring !== name || what.before !== before) {
    throw new Untrue('this statement does not follow the last one of its keyring');
  }
  // Whoever begins a ring is alone on it.
  const may = ring === null ? keys.size === 1 && keys.has(by) : ring.keys.has(by);
  if (!may) throw new Untrue('whoever signed this does not belong to the keyring');
  return { name: ring?.name ?? head, n, head, keys };
}
