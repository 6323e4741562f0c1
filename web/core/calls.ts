/**
 * The calls over one socket that wait for their answers, and how long an answer may take.
 *
 * The server answers within milliseconds; so much longer than its quickest answer means that the socket is dead, as it
 * is after a change of network, of which a browser says nothing.
 */

import { ConnectionLost, type MessageId, type Params, type SignalingError } from './messages';

/** The longest that any call waits, for the socket to come up and for an answer. */
export const ANSWER_TIMEOUT_MS = 10_000;
/** Doubled each time until something is answered: a server that is merely slow is not to be stormed. */
const PATIENCE = { shortest: 1_500, roundTrips: 4 };

interface Call {
  resolve: (answer: Params) => void;
  reject: (error: Error) => void;
  /** Milliseconds, by `performance`. */
  sentAt: number;
  /** Its answer is awaited with the usual patience, so that one in time restores it. */
  hurried: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export class Calls {
  /** Milliseconds: the quickest answer over this socket. */
  roundTripMs: number | null = null;
  private nextId = 1;
  /** Calls in a row that were not answered in time. */
  private unanswered = 0;
  private readonly pending = new Map<MessageId, Call>();

  /** `late` hears that a call was not answered in time. */
  constructor(private readonly late: () => void) {}

  /** The id of a new call. `resolve` runs before the next message is read. */
  expect(resolve: Call['resolve'], reject: Call['reject']): MessageId {
    const id = this.nextId++;
    this.pending.set(id, { resolve, reject, sentAt: performance.now(), hurried: false, timer: undefined });
    this.giveUpAfter(id, ANSWER_TIMEOUT_MS);
    return id;
  }

  /** It leaves now. False where it has been given up meanwhile. `patienceMs`: where the answer is not the server's own. */
  leaves(id: MessageId, patienceMs = this.patienceMs()): boolean {
    const call = this.pending.get(id);
    if (!call) return false;
    call.sentAt = performance.now();
    call.hurried = true;
    this.giveUpAfter(id, patienceMs);
    return true;
  }

  answered(id: MessageId, answer: Params): void {
    this.settle(id, (call) => {
      this.roundTripMs = Math.min(this.roundTripMs ?? Infinity, performance.now() - call.sentAt);
      if (call.hurried) this.unanswered = 0;
      call.resolve(answer);
    });
  }

  refused(id: MessageId, error: SignalingError): void {
    this.settle(id, (call) => {
      if (call.hurried) this.unanswered = 0;
      call.reject(error);
    });
  }

  /** It will not be answered. */
  fail(id: MessageId, error: ConnectionLost): void {
    this.settle(id, (call) => call.reject(error));
  }

  /** The socket is lost, and with it what was on its way. */
  failAll(error: ConnectionLost): void {
    this.roundTripMs = null;
    for (const id of [...this.pending.keys()]) this.fail(id, error);
  }

  private patienceMs(): number {
    const usual = Math.max(PATIENCE.shortest, PATIENCE.roundTrips * (this.roundTripMs ?? 0));
    return Math.min(ANSWER_TIMEOUT_MS, usual * 2 ** this.unanswered);
  }

  private giveUpAfter(id: MessageId, milliseconds: number): void {
    const call = this.pending.get(id);
    if (!call) return;
    clearTimeout(call.timer);
    call.timer = setTimeout(() => {
      this.unanswered++;
      this.fail(id, new ConnectionLost('no answer'));
      this.late();
    }, milliseconds);
  }

  private settle(id: MessageId, done: (call: Call) => void): void {
    const call = this.pending.get(id);
    if (!call) return;
    this.pending.delete(id);
    clearTimeout(call.timer);
    done(call);
  }
}
