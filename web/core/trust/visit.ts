/**
 * One session with a camera that knows its owner: what this browser shows it, and what the camera has to show before any
 * picture. The direct way: both sign the certificates of the connection. The relay: its frames go through the worker.
 */

import type { Trust } from '../messages';
import type { Credentials } from './credentials';
import type { SaidHello } from './hellos';
import type { Key } from './members';
import { answer, checkOffer, type Offer } from './session';
import type { Said } from './statement';
import type { UnsealedListener, UnsealedSession, Unsealer } from './unsealer';
import { Untrue } from './untrue';

export class Visit {
  private said: SaidHello | null;

  constructor(
    private readonly credentials: Credentials,
    private readonly saying: SaidHello | Promise<SaidHello>,
    private readonly unsealer: Unsealer,
  ) {
    this.said = saying instanceof Promise ? null : saying;
  }

  /** The camera's key, as this browser knew it then. */
  get camera(): Key {
    return this.credentials.camera;
  }

  /** `send` asks for the session: at once, where a hello stands ready. */
  async ask<T>(send: (trust: Trust) => Promise<T>): Promise<T> {
    this.said ??= await this.saying;
    const { keyring, chain } = this.credentials;
    return send({ hello: this.said.text, keyring, chain });
  }

  /** The camera's offer for this session, whose proof is good. Throws `Untrue`: nothing of it may be used. */
  async check(sdp: string, proof: string | null, session: string): Promise<Said<Offer>> {
    if (proof === null) throw new Untrue('the camera has not signed this offer');
    const { camera } = this.credentials;
    return checkOffer(proof, { hello: this.having().text, camera, session }, sdp);
  }

  /** What goes with our answer to it. */
  prove(offered: Said<Offer>, sdp: string): Promise<string> {
    return answer(this.credentials.pair, offered, sdp, Math.floor(Date.now() / 1000));
  }

  /** For a session over the relay. */
  unseal(listener: UnsealedListener): UnsealedSession {
    const { text: hello, exchange } = this.having();
    return this.unsealer.begin({ camera: this.credentials.camera, hello, exchange }, listener);
  }

  private having(): SaidHello {
    if (!this.said) throw new Untrue('nothing was said yet');
    return this.said;
  }
}
