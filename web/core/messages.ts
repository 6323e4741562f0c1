/** ONVIF WebRTC signaling: JSON-RPC 2.0 messages over a WebSocket, and their one codec (DESIGN §4). */

export const SUBPROTOCOL = 'webrtc.onvif.org';
export const SOCKET_PATH = '/api/signaling';

/** The largest SDP with many codecs has under 16 KiB. */
export const MAX_MESSAGE_LENGTH = 64 * 1024;
/** Per session and side; a dual-stack host with VPNs makes about 20. */
export const MAX_CANDIDATES = 64;

const MAX_ID_LENGTH = 64;
/** Of a signed text, unread (`trust/statement.ts`). */
const STATEMENT = /^[A-Za-z0-9_.-]{1,4096}$/;

export type MessageId = number | string;
export type Params = Record<string, unknown>;

export type Message =
  | { kind: 'request'; id: MessageId; method: string; params: Params }
  | { kind: 'notification'; method: string; params: Params }
  | { kind: 'result'; id: MessageId; result: Params }
  | { kind: 'failure'; id: MessageId | null; code: number; message: string };

/** JSON-RPC 2.0 §5.1 and the faults and notices of ONVIF WebRTC that a client meets. */
export const Fault = {
  PARSE_ERROR: -32700,
  INVALID_REQUEST: -32600,
  METHOD_NOT_FOUND: -32601,
  INVALID_PARAMS: -32602,
  INTERNAL: -32603,
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  TIMEOUT: 408,
  GONE: 410,
  TOO_MANY_REQUESTS: 429,
  CAMERA_UNAVAILABLE: 480,
  /** As the camera's word in a session: no common codec. */
  NOT_ACCEPTABLE: 488,
  /** As the answer to `connect`: the way that was asked for is not open, another may be (RFC 3261 §21.4.26). */
  WAY_CLOSED: 488,
  /** Ours alone: the camera does not know this viewer, or knows that it may not watch. No other way helps. */
  NOT_TRUSTED: 495,
} as const;

export const Notice = { RESOURCES: 1001, PEER_DISCONNECTED: 1002, MALFORMED_CANDIDATE: 1003 } as const;

/** The peer broke the protocol, or refused what we asked. */
export class SignalingError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
    this.name = 'SignalingError';
  }
}

/** Our own end failed: no socket, or no answer over it. Says nothing about the camera. */
export class ConnectionLost extends SignalingError {
  constructor(message: string) {
    super(0, message);
    this.name = 'ConnectionLost';
  }
}

const isObject = (value: unknown): value is Params =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** A whole number beyond 2^53 would be answered with another one; a long text is no id of any peer. */
const isId = (value: unknown): value is MessageId =>
  typeof value === 'string' ? value.length <= MAX_ID_LENGTH : Number.isSafeInteger(value);

/** Read one message. Throws `SignalingError` (parse error, invalid request) and nothing else. */
export function decode(text: string): Message {
  if (text.length > MAX_MESSAGE_LENGTH) throw new SignalingError(Fault.INVALID_REQUEST, 'message too large');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SignalingError(Fault.PARSE_ERROR, 'not JSON');
  }
  if (!isObject(value) || value['jsonrpc'] !== '2.0') {
    throw new SignalingError(Fault.INVALID_REQUEST, 'not JSON-RPC 2.0');
  }
  return typeof value['method'] === 'string' ? call(value['method'], value) : answer(value);
}

function call(method: string, value: Params): Message {
  const params = value['params'] ?? {};
  if (!isObject(params)) throw new SignalingError(Fault.INVALID_REQUEST, 'params must be an object');
  if (!('id' in value)) return { kind: 'notification', method, params };
  if (!isId(value['id']))
    throw new SignalingError(Fault.INVALID_REQUEST, 'id must be text or a whole number');
  return { kind: 'request', id: value['id'], method, params };
}

function answer(value: Params): Message {
  const { id, error, result } = value;
  if (isObject(error)) {
    const { code, message } = error;
    const readable = isId(id) || id === null;
    if (!readable || !Number.isInteger(code)) {
      throw new SignalingError(Fault.INVALID_REQUEST, 'error needs an id and a code');
    }
    return { kind: 'failure', id: id as MessageId | null, code: code as number, message: text(message) };
  }
  if (!isId(id) || !isObject(result)) {
    throw new SignalingError(Fault.INVALID_REQUEST, 'an answer needs an id and a result or an error');
  }
  return { kind: 'result', id, result };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const encode = (message: Params): string => JSON.stringify({ jsonrpc: '2.0', ...message });

export const request = (id: MessageId, method: string, params: Params): string =>
  encode({ id, method, params });
export const notification = (method: string, params: Params): string => encode({ method, params });
export const result = (id: MessageId, value: Params): string => encode({ id, result: value });
export const failure = (id: MessageId, code: number, message: string): string =>
  encode({ id, error: { code, message } });

// --- what is inside ---

/** How a session goes: between viewer and camera (through TURN, where ICE chooses so), or through our relay. */
export type Via = 'direct' | 'relay';

/**
 * Who watches, for the camera to judge; the server hands it on unread: a hello for this one session, the keyring that
 * its key belongs to, and, of a guest, the grants. At most 256 and 2, each of 4,096 characters, a keyring of 32 KiB.
 */
export interface Trust {
  readonly hello: string;
  readonly keyring: readonly string[];
  readonly chain: readonly string[];
}

export interface Registered {
  id: string;
  adopted: string[];
  /** An opaque name of the network that we call from. */
  network: string | null;
}

export interface Extended {
  expiryTimeSeconds: number | null;
  /** Replaces the one held so far. */
  ticket: string | null;
}

export interface Connected extends Extended {
  session: string;
  iceServers: RTCIceServer[];
  via: Via;
  /** Those that owner and load allow now. */
  ways: Via[];
  /** Milliseconds, between the camera and the server. */
  cameraRoundTripMs: number | null;
}

export function readRegistered(value: Params): Registered {
  if (typeof value['id'] !== 'string') throw new SignalingError(Fault.INVALID_PARAMS, 'register: no id');
  const extra = isObject(value['belvedere']) ? value['belvedere'] : {};
  const network = text(extra['network']).slice(0, MAX_ID_LENGTH);
  return { id: value['id'], adopted: strings(extra['adopted']), network: network || null };
}

export function readConnected(value: Params): Connected {
  if (typeof value['session'] !== 'string') {
    throw new SignalingError(Fault.INVALID_PARAMS, 'connect: no session');
  }
  const extra = isObject(value['belvedere']) ? value['belvedere'] : {};
  // A server that says nothing of ways is a plain ONVIF one, and knows no relay.
  const via = isVia(extra['via']) ? extra['via'] : 'direct';
  const ways = strings(extra['ways']).filter(isVia);
  const roundTrip = extra['roundTripMs'];
  return {
    session: value['session'],
    iceServers: readIceServers(value['iceServers']),
    via,
    ways: ways.length ? ways : [via],
    cameraRoundTripMs: typeof roundTrip === 'number' && roundTrip >= 0 ? roundTrip : null,
    ...readExtended(value),
  };
}

const isVia = (value: unknown): value is Via => value === 'direct' || value === 'relay';

/** What `connect` and `extend` both say of a lease. */
export function readExtended(value: Params): Extended {
  const extra = isObject(value['belvedere']) ? value['belvedere'] : {};
  const expiry = value['expiryTimeSeconds'];
  return {
    expiryTimeSeconds: typeof expiry === 'number' && expiry > 0 ? expiry : null,
    ticket: typeof extra['ticket'] === 'string' ? extra['ticket'] : null,
  };
}

/** Only what a browser accepts: one odd entry would make `setConfiguration` throw away all of them. */
export function readIceServers(value: unknown): RTCIceServer[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).flatMap((server) => {
    const urls = strings(server['urls']).filter((url) => /^(stuns?|turns?):/i.test(url));
    if (urls.length === 0) return [];
    const { username, credential } = server;
    const named = typeof username === 'string' && typeof credential === 'string';
    return [named ? { urls, username, credential } : { urls }];
  });
}

/** An empty candidate means that no more will come (RFC 8838 §8.2). Throws on anything else. */
export function readCandidate(value: unknown): RTCIceCandidateInit {
  if (!isObject(value)) throw new SignalingError(Notice.MALFORMED_CANDIDATE, 'candidate must be an object');
  const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = value;
  return {
    candidate: text(candidate),
    ...(typeof sdpMid === 'string' ? { sdpMid } : {}),
    ...(Number.isInteger(sdpMLineIndex) ? { sdpMLineIndex: sdpMLineIndex as number } : {}),
    ...(typeof usernameFragment === 'string' ? { usernameFragment } : {}),
  };
}

/** What the camera has signed about its offer; null where that is nothing, or nothing that could be a statement. */
export function readProof(params: Params): string | null {
  const extra = isObject(params['belvedere']) ? params['belvedere'] : {};
  return isStatement(extra['proof']) ? extra['proof'] : null;
}

/** The key of the frames that come over a relay. Throws where it is no statement. */
export function readEnvelope(params: Params): string {
  if (isStatement(params['envelope'])) return params['envelope'];
  throw new SignalingError(Fault.INVALID_PARAMS, 'this is no statement');
}

const isStatement = (value: unknown): value is string => typeof value === 'string' && STATEMENT.test(value);

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
