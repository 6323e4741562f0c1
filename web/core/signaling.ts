/**
 * The viewer's end of ONVIF WebRTC signaling: one WebSocket to the server, shared by all viewers of a page.
 *
 * It registers, keeps itself connected (full-jitter backoff), routes what arrives to the session it belongs
 * to, and after a reconnect lists the tickets of the sessions that still run, so that the server adopts them.
 * A lost socket never ends a running picture: it says so by its state, and nothing else.
 */

import { backoff } from './backoff';
import { ANSWER_TIMEOUT_MS, Calls } from './calls';
import {
  ConnectionLost,
  decode,
  failure,
  Fault,
  notification,
  readConnected,
  readExtended,
  readProof,
  readRegistered,
  request,
  result,
  SignalingError,
  SOCKET_PATH,
  SUBPROTOCOL,
  type Connected,
  type Message,
  type MessageId,
  type Params,
  type Trust,
  type Via,
} from './messages';
import { Sessions, type SessionHandler } from './sessions';

/** `extend` is the camera's to answer, for which the server gives it 10 s: that it is late says nothing of our socket. */
const EXTEND_PATIENCE_MS = 15_000;
/** Calls waiting for the socket to come up: more is a loop in the page, not a person. */
const MAX_WAITING = 64;
/** A slow uplink's send buffer: signaling is small, so this much unsent means that nobody reads. */
const MAX_UNSENT_BYTES = 1024 * 1024;
const RECONNECT = { first: 500, longest: 15_000 };
/** A connection that lived so long was a good one: a server that takes each and drops it is not to be stormed. */
const STEADY_MS = 10_000;

/** `offline`: waiting to try again. `unauthorized`: the server knows our cookie no more; only `start` tries again. */
export type SignalingState = 'stopped' | 'connecting' | 'ready' | 'offline' | 'unauthorized';

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
  /** Whether the login behind the cookie still holds, as far as anybody knows: without this a 401 is believed. */
  isSignedIn?: () => Promise<boolean>;
  socket?: (url: string, protocol: string) => Socket;
  random?: () => number;
}

const OPEN = 1;

/** Events: `state`; `network` (we call from another one than before). */
export class SignalingClient extends EventTarget {
  state: SignalingState = 'stopped';
  /** The server's opaque name for the network that we call from. */
  network: string | null = null;
  private socket: Socket | null = null;
  private failures = 0;
  /** Of the last try to connect: an earlier one that still waits for the page has nothing more to say. */
  private dials = 0;
  /** Milliseconds, by `performance`; since when this socket is registered. */
  private readyAt = 0;
  /** To dial again, or to give up a socket that does not register. */
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** To leave a server that drains: belongs to the socket that said so. */
  private leaving: ReturnType<typeof setTimeout> | undefined;
  private readonly calls = new Calls(() => {
    if (this.state === 'ready') this.refresh();
  });
  private readonly waiting: (() => void)[] = [];
  private readonly sessions = new Sessions();
  private readonly open: NonNullable<SignalingOptions['socket']>;
  private readonly random: () => number;

  constructor(private readonly options: SignalingOptions) {
    super();
    this.open = options.socket ?? ((url, protocol) => new WebSocket(url, protocol));
    this.random = options.random ?? Math.random;
  }

  /** Milliseconds: the quickest answer over this socket. */
  get roundTripMs(): number | null {
    return this.calls.roundTripMs;
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
    this.sessions.closeAll('stopped');
  }

  /** Something says that the network is back, or that this socket may be dead: find out now. */
  refresh(): void {
    if (this.state === 'stopped' || this.state === 'unauthorized') return;
    this.failures = 0;
    this.drop('offline');
    void this.dial();
  }

  /**
   * Asks for a camera's picture. Without `via` the server picks the way. `trust`: for the camera. `handler` hears of the
   * session from the same moment on as the caller.
   */
  connect(
    camera: string,
    handler: SessionHandler,
    via: Via | null = null,
    trust: Trust | null = null,
  ): Promise<Connected> {
    const wish: Params = { ...(via ? { via } : {}), ...(trust ? { trust } : {}) };
    const params: Params = via || trust ? { peer: camera, belvedere: wish } : { peer: camera };
    return this.call('connect', params, (answer) => {
      const connected = readConnected(answer);
      const kept = connected.via === 'relay' ? trust : null;
      this.sessions.open(connected.session, handler, connected.ticket, kept);
      return connected;
    });
  }

  /** Says once more who watches over a relay, where the key of the frames is missing. The camera answers by another. */
  hello(session: string, trust: Trust): void {
    this.tell('belvedere.hello', { session, trust });
  }

  /** `null` says that no more will come. */
  trickle(session: string, candidate: RTCIceCandidateInit | null): void {
    this.tell('trickle', { session, candidate: candidate ?? { candidate: '' } });
  }

  stats(session: string, firstFrameMs: number, way: string): void {
    this.tell('belvedere.stats', { session, firstFrameMs, way });
  }

  /** Lengthens the lease; returns its new life in seconds. The ticket of the old one ends with that. */
  extend(session: string): Promise<number | null> {
    const arrived = (answer: Params): number | null => {
      const { expiryTimeSeconds, ticket } = readExtended(answer);
      this.sessions.extended(session, ticket);
      return expiryTimeSeconds;
    };
    return this.call('extend', { session }, arrived, EXTEND_PATIENCE_MS);
  }

  close(session: string, reason: string): void {
    if (!this.sessions.close(session)) return;
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
    const params: Params = { belvedere: { tickets: this.sessions.tickets() } };
    if (authorization) params['authorization'] = authorization;
    const id = this.calls.expect(
      (answer) => this.registered(socket, answer),
      (error) => this.refused(socket, error),
    );
    socket.send(request(id, 'register', params));
  }

  private registered(socket: Socket, answer: Params): void {
    if (socket !== this.socket) return;
    const { adopted, network } = readRegistered(answer);
    clearTimeout(this.timer);
    this.readyAt = performance.now();
    this.sessions.abandonAllBut(new Set(adopted));
    const moved = this.network !== null && network !== this.network;
    this.network = network;
    this.enter('ready');
    for (const hello of this.sessions.hellos()) this.tell('belvedere.hello', hello);
    if (moved) this.dispatchEvent(new Event('network'));
    for (const send of this.waiting.splice(0)) send();
  }

  private refused(socket: Socket, error: Error): void {
    if (socket !== this.socket) return;
    const unknown = error instanceof SignalingError && error.code === Fault.UNAUTHORIZED;
    // A ticket is good once and for seconds: a slow line is no reason to give up, the page may give another.
    if (!unknown || this.options.authorize) return this.lost(socket);
    void this.doubt();
  }

  /** The server says that nobody is signed in. It may be mistaken, so that all is given up only where it stays with it. */
  private async doubt(): Promise<void> {
    const dial = ++this.dials;
    clearTimeout(this.timer);
    this.drop('offline');
    const isSignedIn = (await this.options.isSignedIn?.()) ?? false;
    if (dial !== this.dials || this.state !== 'offline') return;
    if (isSignedIn) this.later();
    else this.enter('unauthorized');
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
    clearTimeout(this.leaving);
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this.enter(state);
    this.waiting.length = 0;
    this.calls.failAll(new ConnectionLost('the connection to the server was lost'));
  }

  private enter(state: SignalingState): void {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event('state'));
  }

  // --- out ---

  /** `arrived` reads the answer before the next message is; `patienceMs`: where it is not the server's own. */
  private call<T>(
    method: string,
    params: Params,
    arrived: (answer: Params) => T,
    patienceMs?: number,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const answered = (answer: Params): void => {
        try {
          resolve(arrived(answer));
        } catch (error) {
          reject(error as Error);
        }
      };
      const id = this.calls.expect(answered, reject);
      this.whenReady(
        () => {
          if (this.calls.leaves(id, patienceMs)) this.write(request(id, method, params));
        },
        () => this.calls.fail(id, new ConnectionLost('too many calls wait')),
      );
    });
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
    if (message.kind === 'result') this.calls.answered(message.id, message.result);
    else if (message.kind === 'failure') this.rejected(message);
    else if (message.kind === 'request') this.asked(message.id, message.method, message.params);
    else this.told(message.method, message.params);
  }

  /** Without an id it is about a message that the server could not read: nobody waits for that. */
  private rejected({ id, code, message }: { id: MessageId | null; code: number; message: string }): void {
    if (id !== null) this.calls.refused(id, new SignalingError(code, message));
  }

  private asked(id: MessageId, method: string, params: Params): void {
    if (method !== 'invite') return this.write(failure(id, Fault.METHOD_NOT_FOUND, 'no such method'));
    const handler = this.sessions.handler(params['session']);
    if (!handler) return this.write(failure(id, Fault.NOT_FOUND, 'no such session'));
    if (typeof params['offer'] !== 'string') return this.write(failure(id, Fault.BAD_REQUEST, 'no offer'));
    handler.invited(
      params['offer'],
      readProof(params),
      (answer, proof) => this.write(result(id, proof ? { answer, belvedere: { proof } } : { answer })),
      (code, why) => this.write(failure(id, code, why)),
    );
  }

  private told(method: string, params: Params): void {
    if (method === 'belvedere.goAway') this.leaveSoon(params);
    else this.sessions.told(method, params);
  }

  /** The server drains: come back after its grace and a random part of its jitter. */
  private leaveSoon(params: Params): void {
    const seconds = (name: string): number => Math.min(Math.max(Number(params[name]) || 0, 0), 600);
    const wait = seconds('graceSeconds') + this.random() * seconds('jitterSeconds');
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => this.refresh(), wait * 1000);
  }
}

/** The signaling address of a server given by its origin. */
export function signalingUrl(origin: string): string {
  return origin.replace(/^http/, 'ws') + SOCKET_PATH;
}
