/** The sessions over one signaling socket: who hears what is said of each, and what shows that it may go on. */

import { readCandidate, readEnvelope, type Params, type Trust } from './messages';

/** The server serves no more sessions to a socket, and refuses a `register` that lists more. */
const MAX_TICKETS = 128;

/** What one viewing session wants to hear. */
export interface SessionHandler {
  /**
   * The camera's offer, and what it has signed about it, if it has. `reply` sends the answer and what we have signed
   * about that, `refuse` says why there is none.
   */
  invited(
    offer: string,
    proof: string | null,
    reply: (answer: string, proof: string | null) => void,
    refuse: (code: number, why: string) => void,
  ): void;
  /** The key of the frames that come over a relay, as a statement of the camera; there may be more of them later. */
  enveloped(text: string): void;
  candidate(candidate: RTCIceCandidateInit): void;
  /** The camera or the server reports a fault of this session. */
  faulted(code: number, message: string): void;
  /** The session is over, media included. */
  closed(reason: string): void;
  /**
   * The server came back without this session, so that what flows can neither be extended nor ended; or the camera has
   * moved, and what flows may soon end: replace it.
   */
  orphaned(): void;
}

interface Session {
  handler: SessionHandler;
  /** Shows a server that has lost us that this session may go on. */
  ticket: string | null;
  /** Of one over a relay: for a server or camera that has lost it. */
  trust: Trust | null;
}

export class Sessions {
  private readonly running = new Map<string, Session>();

  open(session: string, handler: SessionHandler, ticket: string | null, trust: Trust | null): void {
    this.running.set(session, { handler, ticket, trust });
  }

  /** The lease goes on by another ticket; that of the old one ends with it. */
  extended(session: string, ticket: string | null): void {
    const known = this.running.get(session);
    if (known && ticket) known.ticket = ticket;
  }

  /** False where it was over already. */
  close(session: string): boolean {
    return this.running.delete(session);
  }

  closeAll(reason: string): void {
    const all = [...this.running.values()];
    this.running.clear();
    for (const { handler } of all) handler.closed(reason);
  }

  /** Of those that still run, as many as the server takes: the newest. */
  tickets(): string[] {
    return [...this.running.values()].flatMap(({ ticket }) => ticket ?? []).slice(-MAX_TICKETS);
  }

  /** What is said to a server that took the sessions up again, so that their cameras know who watches. */
  hellos(): Params[] {
    return [...this.running].flatMap(([session, { trust }]) => (trust ? { session, trust } : []));
  }

  /** A session whose ticket the server did not take ends with its lease at the latest. */
  abandonAllBut(adopted: ReadonlySet<string>): void {
    for (const [session, { handler }] of [...this.running]) {
      if (adopted.has(session)) continue;
      this.running.delete(session);
      handler.orphaned();
    }
  }

  handler(session: unknown): SessionHandler | undefined {
    return this.running.get(String(session))?.handler;
  }

  /** A notification about one of them. Throws `SignalingError` where it cannot be read. */
  told(method: string, params: Params): void {
    const handler = this.handler(params['session']);
    if (!handler) return;
    if (method === 'trickle') handler.candidate(readCandidate(params['candidate']));
    else if (method === 'belvedere.wake') handler.orphaned();
    else if (method === 'belvedere.envelope') handler.enveloped(readEnvelope(params));
    else if (method === 'error') handler.faulted(Number(params['code']), String(params['message'] ?? ''));
    else if (method === 'belvedere.close') {
      this.close(String(params['session']));
      handler.closed(String(params['reason'] ?? ''));
    }
  }
}
