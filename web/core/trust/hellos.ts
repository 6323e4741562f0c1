/**
 * Hellos made before anybody clicks: a click's first message leaves at once, though it is signed. Each is used for one
 * session, for its nonce and exchange key are.
 */

import type { Credentials } from './credentials';
import { exchangeOf, makeExchange } from './envelope';
import { hello, makeNonce } from './session';

/** Cameras that a page shows at once; each costs two keys and a signature, under a millisecond. */
export const MAX_READY = 64;

/** `exchange`: the private half, for the envelope that answers it. */
export interface SaidHello {
  readonly text: string;
  readonly exchange: CryptoKey;
}

interface Ready {
  by: Credentials;
  /** Null while it is being made. */
  said: SaidHello | null;
}

export class Hellos {
  private readonly ready = new Map<string, Ready>();

  /** Makes one for this camera, if there is none. Cheap to call often. */
  prepare(camera: string, by: Credentials): void {
    const known = this.ready.get(camera);
    if (known && isSame(known.by, by)) return;
    const fresh: Ready = { by, said: null };
    this.ready.delete(camera);
    this.ready.set(camera, fresh);
    for (const oldest of [...this.ready.keys()].slice(0, -MAX_READY)) this.ready.delete(oldest);
    say(by).then(
      (said) => (fresh.said = said),
      () => this.ready.delete(camera), // whoever takes one is told
    );
  }

  /** One that stands ready, or else one that is made now. The next is made. */
  take(camera: string, by: Credentials): SaidHello | Promise<SaidHello> {
    const known = this.ready.get(camera);
    const said = known && isSame(known.by, by) ? known.said : null;
    if (said) this.ready.delete(camera);
    queueMicrotask(() => this.prepare(camera, by));
    return said ?? say(by);
  }

  forget(): void {
    this.ready.clear();
  }
}

async function say(by: Credentials): Promise<SaidHello> {
  const exchange = await makeExchange();
  // The camera asks no clock: its answers name this very text.
  const now = Math.floor(Date.now() / 1000);
  const text = await hello(by.pair, by, makeNonce(), await exchangeOf(exchange), now);
  return { text, exchange: exchange.privateKey };
}

/** The same words would be said. */
const isSame = (one: Credentials, other: Credentials): boolean =>
  (['pair', 'camera', 'ring', 'orders'] as const).every((name) => one[name] === other[name]);
