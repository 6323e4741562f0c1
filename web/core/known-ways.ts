/**
 * Which way won for a camera on a network, so that the next race there begins better. It stays in this browser and is
 * erased at sign-out; the network's name is an opaque one that the server gave.
 */

import type { Via } from './messages';

const KEY = 'belvedere.ways';
/** Cameras times networks of one person; beyond that the oldest goes. */
const MAX_KNOWN = 200;
/** Networks change: after this long nobody knows any more. Milliseconds. */
const GOOD_FOR_MS = 30 * 86_400_000;

interface Known {
  way: Via;
  /** Milliseconds since the epoch. */
  at: number;
}

/** The part of `localStorage` that is used here. */
export type Store = Pick<Storage, 'getItem' | 'setItem'>;

export class KnownWays {
  private readonly known: Map<string, Known>;

  /** Reads the store once: a click has no time for it. Without one it remembers as long as the page lives. */
  constructor(private readonly store: Store | null = browserStore()) {
    this.known = read(store);
  }

  recall(camera: string, network: string | null, now: number): Via | null {
    const found = network === null ? undefined : this.known.get(key(camera, network));
    return found && now - found.at < GOOD_FOR_MS ? found.way : null;
  }

  learn(camera: string, network: string | null, way: Via, now: number): void {
    if (network === null) return;
    const at = key(camera, network);
    this.known.delete(at);
    this.known.set(at, { way, at: now });
    for (const oldest of [...this.known.keys()].slice(0, -MAX_KNOWN)) this.known.delete(oldest);
    try {
      this.store?.setItem(KEY, JSON.stringify(Object.fromEntries(this.known)));
    } catch {
      // The browser's store is full or closed: the next race begins without a hint.
    }
  }

  forget(): void {
    this.known.clear();
  }
}

/** Erases what any page of ours has kept here. */
export function forgetWays(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // The store is closed: nothing was kept.
  }
}

const key = (camera: string, network: string): string => `${camera}+${network}`;

function browserStore(): Store | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

function read(store: Store | null): Map<string, Known> {
  try {
    const entries = Object.entries(JSON.parse(store?.getItem(KEY) ?? '{}') as Record<string, unknown>);
    return new Map(entries.filter((entry): entry is [string, Known] => isKnown(entry[1])).slice(-MAX_KNOWN));
  } catch {
    return new Map();
  }
}

function isKnown(value: unknown): value is Known {
  const { way, at } = (value ?? {}) as Partial<Known>;
  return (way === 'direct' || way === 'relay') && typeof at === 'number';
}
