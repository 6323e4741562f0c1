/**
 * The viewer's end of ONVIF WebRTC signaling: one WebSocket to the server, shared by all viewers of a page.
 *
 * It registers, keeps itself connected (full-jitter backoff), routes what arrives to the session it belongs
 * to, and after a reconnect lists the tickets of the sessions that still run, so that the server adopts them.
 * A lost socket never ends a running picture: it says so by its state, and nothing else.
 */

import { backoff } from './backoff';
import {
  ConnectionLost,
  decode,
  failure,
  Fault,
  notification,
  readCandidate,
  readConnected,
  readExtended,
  readRegistered,
  request,
  result,
  MAX_CANDIDATES,
  SignalingError,
  SOCKET_PATH,
  SUBPROTOCOL,
  type Connected,
  type Extended,
  type Message,
  type MessageId,
  type Params,
  type Via,
} from './messages';

/** For a socket to register, and the longest that any call waits. */
const ANSWER_TIMEOUT_MS = 10_000;
/**
 * The server answers within milliseconds; so much longer than its quickest answer means that the socket is dead, as it is
 * after a change of network, of which a browser says nothing. Doubled each time until something is answered: a server
 * that is merely slow is not to be stormed.
 */
const PATIENCE = { shortest: 1_500, roundTrips: 4 };
/** `extend` is the camera's to answer, for which the server gives it 10 s: that it is late says nothing of our socket. */
const EXTEND_PATIENCE_MS = 15_000;
/** Calls waiting for the socket to come up: more is a loop in the page, not a person. */
const MAX_WAITING = 64;
/** A slow uplink's send buffer: signaling is small, so this much unsent means that nobody reads. */
const MAX_UNSENT_BYTES = 1024 * 1024;
/** The server serves no more sessions to a socket, and refuses a `register` that lists more. */
const MAX_TICKETS = 128;
const RECONNECT = { first: 500, longest: 15_000 };
/** A connection that lived so long was a good one: a server that takes each and drops it is not to be stormed. */
const STEADY_MS = 10_000;

/** `offline`: waiting to try again. `unauthorized`: the server knows our cookie no more; only `start` tries again. */
export type SignalingState = 'stopped' | 'connecting' | 'ready' | 'offline' | 'unauthorized';

/** What one viewing session wants to hear. */
export interface SessionHandler {
  /** The camera's offer. `reply` sends the answer, `refuse` says why there is none. */
  invited(offer: string, reply: (answer: string) => void, refuse: (code: number, why: string) => void): void;
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
}

/** The part of a WebSocket that is used here. */
export interface Socket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface SignalingOptions {
  /** `ws:` or `wss:` address. */
  url: string;
  /** Asked anew for each connection; null where the cookie does it. A ticket works once. */
  authorize?: () => Promise<string | null>;
  socket?: (url: string, protocol: string) => Socket;
  random?: () => number;
}

interface Pending {
  resolve: (value: Params) => void;
  reject: (error: Error) => void;
  timer: ReturnType<typeof setTimeout> | undefined;
}

const OPEN = 1;

/** Events: `state`; `network` (we call from another one than before). */
export class SignalingClient extends EventTarget {
  state: SignalingState = 'stopped';
  /** The server's opaque name for the network that we call from. */
  network: string | null = null;
  /** Milliseconds: the quickest answer over this socket. */
  roundTripMs: number | null = null;
  private socket: Socket | null = null;
  private nextId = 1;
  private failures = 0;
  /** Of the last try to connect: an earlier one that still waits for the page has nothing more to say. */
  private dials = 0;
  /** Milliseconds, by `performance`; since when this socket is registered. */
  private readyAt = 0;
  /** Calls in a row that were not answered in time. */
  private unanswered = 0;
  /** To dial again, or to give up a socket that does not register. */
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** To leave a server that drains: belongs to the socket that said so. */
  private leaving: ReturnType<typeof setTimeout> | undefined;
  private readonly pending = new Map<MessageId, Pending>();
  private readonly waiting: (() => void)[] = [];
  private readonly sessions = new Map<string, Session>();
  private readonly open: NonNullable<SignalingOptions['socket']>;
  private readonly random: () => number;

  constructor(private readonly options: SignalingOptions) {
    super();
    this.open = options.socket ?? ((url, protocol) => new WebSocket(url, protocol));
    this.random = options.random ?? Math.random;
  }

  start(): void {
    if (this.state === 'ready' || this.state === 'connecting') return;
    this.failures = 0;
    void this.dial();
  }

  /** Leaves for good; sessions end. */
  stop(): void {
    clearTimeout(this.timer);
    this.drop('stopped');
    for (const { handler } of [...this.sessions.values()]) handler.closed('stopped');
    this.sessions.clear();
  }

  /** Something says that the network is back, or that this socket may be dead: find out now. */
  refresh(): void {
    if (this.state === 'stopped' || this.state === 'unauthorized') return;
    this.failures = 0;
    this.drop('offline');
    void this.dial();
  }

  /**
   * Asks for a camera's picture. Without `via` the server picks the way. `handler` hears of the session from the same
   * moment on as the caller.
   */
  async connect(camera: string, handler: SessionHandler, via: Via | null = null): Promise<Connected> {
    let connected: Connected | undefined;
    const params: Params = via ? { peer: camera, belvedere: { via } } : { peer: camera };
    await this.call('connect', params, (answer) => {
      connected = readConnected(answer);
      this.sessions.set(connected.session, { handler, ticket: connected.ticket });
    });
    return connected as Connected;
  }

  /** `null` says that no more will come. */
  trickle(session: string, candidate: RTCIceCandidateInit | null): void {
    this.tell('trickle', { session, candidate: candidate ?? { candidate: '' } });
  }

  stats(session: string, firstFrameMs: number, way: string): void {
    this.tell('belvedere.stats', { session, firstFrameMs, way });
  }

  /** Lengthens the lease; returns its new life in seconds. The ticket of the old one ends with that. */
  async extend(session: string): Promise<number | null> {
    let extended: Extended | undefined;
    const arrived = (answer: Params): void => {
      extended = readExtended(answer);
      const known = this.sessions.get(session);
      if (known && extended.ticket) known.ticket = extended.ticket;
    };
    await this.call('extend', { session }, arrived, EXTEND_PATIENCE_MS);
    return extended?.expiryTimeSeconds ?? null;
  }

  close(session: string, reason: string): void {
    if (!this.sessions.delete(session)) return;
    this.tell('belvedere.close', { session, reason });
  }

  // --- the socket ---

  private async dial(): Promise<void> {
    clearTimeout(this.timer);
    this.enter('connecting');
    const dial = ++this.dials;
    // The page asks its own server, which may never answer.
    this.timer = setTimeout(() => this.later(), ANSWER_TIMEOUT_MS);
    const authorization = await this.authorize();
    if (dial !== this.dials || this.state !== 'connecting') return;
    if (authorization === undefined) return this.later();
    clearTimeout(this.timer);
    const socket = this.open(this.options.url, SUBPROTOCOL);
    this.socket = socket;
    this.timer = setTimeout(() => this.lost(socket), ANSWER_TIMEOUT_MS);
    socket.onopen = () => this.register(socket, authorization);
    socket.onmessage = (event) => this.receive(socket, event.data);
    socket.onclose = () => this.lost(socket);
  }

  /** Undefined where the page has none to give. */
  private async authorize(): Promise<string | null | undefined> {
    try {
      return (await this.options.authorize?.()) ?? null;
    } catch {
      return undefined;
    }
  }

  private register(socket: Socket, authorization: string | null): void {
    const id = this.nextId++;
    const tickets = [...this.sessions.values()].flatMap(({ ticket }) => ticket ?? []);
    const params: Params = { belvedere: { tickets: tickets.slice(-MAX_TICKETS) } };
    if (authorization) params['authorization'] = authorization;
    const sentAt = performance.now();
    this.expect(
      id,
      (answer) => {
        if (socket === this.socket) this.timed(sentAt);
        this.registered(socket, answer);
      },
      (error) => this.refused(socket, error),
    );
    socket.send(request(id, 'register', params));
  }

  private registered(socket: Socket, answer: Params): void {
    if (socket !== this.socket) return;
    const { adopted, network } = readRegistered(answer);
    clearTimeout(this.timer);
    this.readyAt = performance.now();
    this.abandon(new Set(adopted));
    const moved = this.network !== null && network !== this.network;
    this.network = network;
    this.enter('ready');
    if (moved) this.dispatchEvent(new Event('network'));
    for (const send of this.waiting.splice(0)) send();
  }

  /** A session whose ticket the server did not take ends with its lease at the latest. */
  private abandon(adopted: ReadonlySet<string>): void {
    for (const [session, { handler }] of [...this.sessions]) {
      if (adopted.has(session)) continue;
      this.sessions.delete(session);
      handler.orphaned();
    }
  }

  private refused(socket: Socket, error: Error): void {
    if (socket !== this.socket) return;
    const unknown = error instanceof SignalingError && error.code === Fault.UNAUTHORIZED;
    // A ticket is good once and for seconds: a slow line is no reason to give up, the page may give another.
    if (!unknown || this.options.authorize) return this.lost(socket);
    clearTimeout(this.timer);
    this.drop('unauthorized');
  }

  private lost(socket: Socket): void {
    if (socket !== this.socket) return;
    if (this.state === 'ready' && performance.now() - this.readyAt > STEADY_MS) this.failures = 0;
    this.drop('offline');
    this.later();
  }

  private later(): void {
    clearTimeout(this.timer);
    this.enter('offline');
    const wait = backoff(this.failures++, this.random(), RECONNECT);
    this.timer = setTimeout(() => void this.dial(), wait);
  }

  private drop(state: SignalingState): void {
    const socket = this.socket;
    this.socket = null;
    this.roundTripMs = null;
    clearTimeout(this.leaving);
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this.enter(state);
    this.fail(new ConnectionLost('the connection to the server was lost'));
  }

  private enter(state: SignalingState): void {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event('state'));
  }

  // --- out ---

  /** `patienceMs`: where the answer is not the server's own. */
  private call(
    method: string,
    params: Params,
    arrived?: (answer: Params) => void,
    patienceMs?: number,
  ): Promise<Params> {
    return new Promise((resolve, reject) => {
      const settle = (value: Params): void => {
        try {
          arrived?.(value);
          resolve(value);
        } catch (error) {
          reject(error as Error);
        }
      };
      const id = this.nextId++;
      let sentAt = 0;
      const answered = (value: Params): void => {
        this.unanswered = 0;
        this.timed(sentAt);
        settle(value);
      };
      this.expect(id, answered, reject);
      this.whenReady(
        () => {
          sentAt = performance.now();
          if (!this.pending.has(id)) return;
          this.giveUpAfter(id, patienceMs ?? this.patienceMs());
          this.write(request(id, method, params));
        },
        () => this.settle(id, (call) => call.reject(new ConnectionLost('too many calls wait'))),
      );
    });
  }

  private timed(sentAt: number): void {
    this.roundTripMs = Math.min(this.roundTripMs ?? Infinity, performance.now() - sentAt);
  }

  private patienceMs(): number {
    const usual = Math.max(PATIENCE.shortest, PATIENCE.roundTrips * (this.roundTripMs ?? 0));
    return Math.min(ANSWER_TIMEOUT_MS, usual * 2 ** this.unanswered);
  }

  private expect(id: MessageId, resolve: Pending['resolve'], reject: Pending['reject']): void {
    this.pending.set(id, { resolve, reject, timer: undefined });
    this.giveUpAfter(id, ANSWER_TIMEOUT_MS);
  }

  private giveUpAfter(id: MessageId, milliseconds: number): void {
    const call = this.pending.get(id);
    if (!call) return;
    clearTimeout(call.timer);
    call.timer = setTimeout(() => {
      this.unanswered++;
      this.settle(id, ({ reject }) => reject(new ConnectionLost('no answer')));
      if (this.state === 'ready') this.refresh();
    }, milliseconds);
  }

  private settle(id: MessageId, done: (call: Pending) => void): void {
    const call = this.pending.get(id);
    if (!call) return;
    this.pending.delete(id);
    clearTimeout(call.timer);
    done(call);
  }

  private whenReady(send: () => void, full: () => void): void {
    if (this.state === 'ready') send();
    else if (this.waiting.length < MAX_WAITING) this.waiting.push(send);
    else full();
  }

  /** Notifications concern sessions of this very socket, or can be lost: they never wait. */
  private tell(method: string, params: Params): void {
    if (this.state === 'ready') this.write(notification(method, params));
  }

  private write(text: string): void {
    const socket = this.socket;
    if (!socket || socket.readyState !== OPEN) return;
    if (socket.bufferedAmount > MAX_UNSENT_BYTES) return this.refresh();
    socket.send(text);
  }

  private fail(error: Error): void {
    this.waiting.length = 0;
    for (const id of [...this.pending.keys()]) this.settle(id, (call) => call.reject(error));
  }

  // --- in ---

  private receive(socket: Socket, data: unknown): void {
    if (socket !== this.socket || typeof data !== 'string') return;
    try {
      this.handle(decode(data));
    } catch (error) {
      if (!(error instanceof SignalingError)) throw error;
      console.warn('belvedere: message ignored:', error.message);
    }
  }

  private handle(message: Message): void {
    if (message.kind === 'result') this.settle(message.id, (call) => call.resolve(message.result));
    else if (message.kind === 'failure') this.rejected(message);
    else if (message.kind === 'request') this.asked(message.id, message.method, message.params);
    else this.told(message.method, message.params);
  }

  private rejected(message: { id: MessageId | null; code: number; message: string }): void {
    if (message.id === null) return;
    this.unanswered = 0;
    this.settle(message.id, (call) => call.reject(new SignalingError(message.code, message.message)));
  }

  private asked(id: MessageId, method: string, params: Params): void {
    if (method !== 'invite') return this.write(failure(id, Fault.METHOD_NOT_FOUND, 'no such method'));
    const handler = this.sessions.get(String(params['session']))?.handler;
    if (!handler) return this.write(failure(id, Fault.NOT_FOUND, 'no such session'));
    if (typeof params['offer'] !== 'string') return this.write(failure(id, Fault.BAD_REQUEST, 'no offer'));
    handler.invited(
      params['offer'],
      (answer) => this.write(result(id, { answer })),
      (code, why) => this.write(failure(id, code, why)),
    );
  }

  private told(method: string, params: Params): void {
    if (method === 'belvedere.goAway') return this.leaveSoon(params);
    const session = String(params['session']);
    const handler = this.sessions.get(session)?.handler;
    if (!handler) return;
    if (method === 'trickle') handler.candidate(readCandidate(params['candidate']));
    else if (method === 'belvedere.wake') handler.orphaned();
    else if (method === 'error') handler.faulted(Number(params['code']), String(params['message'] ?? ''));
    else if (method === 'belvedere.close') {
      this.sessions.delete(session);
      handler.closed(String(params['reason'] ?? ''));
    }
  }

  /** The server drains: come back after its grace and a random part of its jitter. */
  private leaveSoon(params: Params): void {
    const seconds = (name: string): number => Math.min(Math.max(Number(params[name]) || 0, 0), 600);
    const wait = seconds('graceSeconds') + this.random() * seconds('jitterSeconds');
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => this.refresh(), wait * 1000);
  }
}

/** Bounded hold for candidates that arrive before the offer (DESIGN §4). */
export class EarlyCandidates {
  private readonly held: RTCIceCandidateInit[] = [];

  add(candidate: RTCIceCandidateInit): void {
    if (this.held.length < MAX_CANDIDATES) this.held.push(candidate);
  }

  take(): RTCIceCandidateInit[] {
    return this.held.splice(0);
  }
}

/** The signaling address of a server given by its origin. */
export function signalingUrl(origin: string, path = SOCKET_PATH): string {
  return origin.replace(/^http/, 'ws') + path;
}
