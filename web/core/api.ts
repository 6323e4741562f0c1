/** The REST API: one method per route, problems (RFC 9457) as exceptions. Knows no page. */

import type { AuditPage } from './audit';
import type { Factors, NewTotp, Passkey, Proof, SecondFactor } from './factors';
import type { Account, Camera, Login, Pairing, Setup, Verdict, WaysRule } from './model';
import type { WebAuthnJson } from './passkeys';
import type {
  Grant,
  GrantChange,
  MadeInvitation,
  Offer,
  Sharing,
  SignedLink,
  Terms,
  Watchers,
} from './sharing';
import { TrustRoutes } from './trust-routes';

/** A slow phone network still answers within this; longer looks like a dead server, and is treated as one. */
const REQUEST_TIMEOUT_MS = 15_000;

/** The server said no, and why: `code` is stable, `detail` is a sentence for a person. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    /** Seconds, from Retry-After. */
    readonly retryAfter: number | null = null,
    /** Of `second_factor_required`: how to go on. */
    readonly secondFactor: SecondFactor | null = null,
  ) {
    super(`${status} ${code}: ${detail}`);
    this.name = 'Problem';
  }
}

/** No answer at all: the server, or the way to it, is down. */
export class Unreachable extends Error {
  constructor() {
    super('the server does not answer');
    this.name = 'Unreachable';
  }
}

export interface WifiFields {
  ssid?: string;
  hidden?: boolean;
  /** From where alone the code may be used. */
  allowed_networks?: string[];
  /** From the network of this request. */
  from_here?: true;
}

export interface Invitation {
  link: string;
  expires_at: string;
}

export interface SocketTicket {
  /** Goes into `register` as `Ticket …`. */
  ticket: string;
  expires_at: string;
}

/** A link by which somebody else takes a camera over; told once. */
export interface TransferLink {
  link: string;
  expires_at: string;
  stays_paired: boolean;
}

/** What an owner sees of it later. `stays_paired`: false where a bearer is what the camera proves itself with. */
export interface TransferStanding {
  expires_at: string | null;
  stays_paired: boolean;
}

export interface TransferOffer {
  name: string;
  model: string;
  /** The owner's e-mail. */
  giver: string;
  expires_at: string;
  stays_paired: boolean;
}

/** Called before each request; the answer goes into `Authorization`. Null where a cookie does it. */
export type Authorize = () => string | null;

export class Api {
  /** The server's clock minus ours, milliseconds: countdowns follow the server. */
  private clockOffset = 0;
  readonly trust = new TrustRoutes((method, path, body) => this.send(method, path, body));

  /** `server` is an origin, or empty for the page's own. */
  constructor(
    readonly server = '',
    private readonly authorize: Authorize = () => null,
  ) {}

  setup = (): Promise<Setup> => this.send('GET', '/api/setup');
  verdicts = (): Promise<unknown> => this.send('GET', '/api/verdicts');

  register = (email: string, password: string, invitation?: string): Promise<Account> =>
    this.send('POST', '/api/accounts', { email, password, ...(invitation ? { invitation } : {}) });

  /** Signs in with a cookie: no token ever reaches the page. */
  signIn = async (email: string, password: string): Promise<Account> =>
    (await this.send<{ account: Account }>('POST', '/api/sessions', { email, password, cookie: true }))
      .account;

  /** `shown`: a code, or a passkey's answer to the options that came with the ticket. */
  secondStep = (ticket: string, shown: { code: string } | { passkey: WebAuthnJson }): Promise<Account> =>
    this.signInAt('/second-step', { ticket, ...shown });
  signInByPasskey = (passkey: WebAuthnJson): Promise<Account> => this.signInAt('/passkey', { passkey });
  recover = (email: string, code: string): Promise<Account> => this.signInAt('/recovery', { email, code });
  passkeyToSignIn = (): Promise<WebAuthnJson> => this.options('/api/passkey-challenges');

  factors = (): Promise<Factors> => this.send('GET', '/api/me/factors');
  passkeyToProve = (): Promise<WebAuthnJson> => this.options('/api/me/proof-challenges');
  beginTotp = (proof: Proof): Promise<NewTotp> => this.send('POST', '/api/me/totp', proof);
  confirmTotp = (code: string): Promise<string[]> => this.codes('/api/me/totp/confirm', { code });
  endTotp = (proof: Proof): Promise<void> => this.send('POST', '/api/me/totp/off', proof);
  passkeyToAdd = (proof: Proof): Promise<WebAuthnJson> => this.options('/api/me/passkey-challenges', proof);
  /** New recovery codes, where it is the first second factor. */
  addPasskey = (name: string, credential: WebAuthnJson): Promise<string[]> =>
    this.codes('/api/me/passkeys', { name, credential });
  renamePasskey = (id: string, name: string): Promise<Passkey> =>
    this.send('PATCH', `/api/me/passkeys/${encodeURIComponent(id)}`, { name });
  removePasskey = (id: string, proof: Proof): Promise<void> =>
    this.send('POST', `/api/me/passkeys/${encodeURIComponent(id)}/remove`, proof);
  renewCodes = (proof: Proof): Promise<string[]> => this.codes('/api/me/recovery-codes', proof);
  setPasskeyOnly = (on: boolean, proof: Proof): Promise<Factors> =>
    this.send('PUT', '/api/me/passkey-only', { on, ...proof });

  me = (): Promise<Account> => this.send('GET', '/api/me');
  signOut = (): Promise<void> => this.send('DELETE', '/api/sessions/current');
  signOutEverywhere = (): Promise<void> => this.send('DELETE', '/api/sessions');
  endLogin = (id: string): Promise<void> => this.send('DELETE', `/api/sessions/${encodeURIComponent(id)}`);
  logins = async (): Promise<Login[]> =>
    (await this.send<{ sessions: Login[] }>('GET', '/api/sessions')).sessions;
  changePassword = ({ password, ...shown }: Proof, new_password: string): Promise<void> =>
    this.send('PUT', '/api/me/password', { ...shown, current_password: password, new_password });
  /** Everything of the account ends, this session too. */
  deleteAccount = (proof: Proof): Promise<void> => this.send('DELETE', '/api/me', proof);
  /** Says the same whether or not there is such an account. */
  askReset = (email: string): Promise<void> => this.send('POST', '/api/password-resets', { email });
  /** Throws `reset_invalid` where this link can no longer be used. */
  checkReset = (reset: string): Promise<void> => this.send('POST', '/api/password-resets/check', { reset });
  useReset = (reset: string, new_password: string): Promise<unknown> =>
    this.send('POST', '/api/password-resets/use', { reset, new_password, cookie: true });
  setWays = (ways: WaysRule): Promise<Account> => this.send('PATCH', '/api/me', { ways });
  /** Throws `invitation_invalid` where this one can no longer be used. */
  checkInvitation = (invitation: string): Promise<void> =>
    this.send('POST', '/api/invitations/check', { invitation });
  invite = (): Promise<Invitation> => this.send('POST', '/api/invitations');

  cameras = async (): Promise<Camera[]> =>
    (await this.send<{ cameras: Camera[] }>('GET', '/api/cameras')).cameras;
  camera = (id: string): Promise<Camera> => this.send('GET', camera(id));
  addCamera = (fields: { name: string; model: string } & WifiFields): Promise<Paired> =>
    this.send('POST', '/api/cameras', fields);
  rename = (id: string, name: string): Promise<Camera> => this.send('PATCH', camera(id), { name });
  setDirectViewers = (id: string, direct_viewers: number): Promise<Camera> =>
    this.send('PATCH', camera(id), { direct_viewers });
  remove = (id: string): Promise<void> => this.send('DELETE', camera(id));
  pairAgain = (id: string, fields: WifiFields): Promise<Paired> =>
    this.send('POST', `${camera(id)}/pairing`, fields);
  cancelPairing = (id: string): Promise<void> => this.send('DELETE', `${camera(id)}/pairing`);
  /** A single-use ticket for the signaling socket, for this camera alone; lives 30 s. */
  socketTicket = (id: string): Promise<SocketTicket> =>
    this.send('POST', '/api/socket-tickets', { camera: id });
  /** `pairing`: the id of the one whose picture was looked at; of another one the answer does not hold. */
  confirm = (id: string, mine: boolean, pairing: string | null): Promise<Camera> =>
    this.send('POST', `${camera(id)}/confirm`, { mine, ...(pairing ? { pairing } : {}) });

  sharing = (id: string): Promise<Sharing> => this.send('GET', `${camera(id)}/grants`);
  /** `signed`: of a link whose secret the server does not draw. */
  share = (id: string, { scopes, until }: Terms, signed?: SignedLink): Promise<MadeInvitation> =>
    this.send('POST', `${camera(id)}/invitations`, {
      scopes,
      ...(until === null ? {} : { grant_expires_at: until }),
      ...signed,
    });
  withdraw = (invitation: string): Promise<void> =>
    this.send('DELETE', `/api/grant-invitations/${encodeURIComponent(invitation)}`);
  /** What is left out stays as it is; `expires_at` null: no end. */
  changeGrant = (id: string, change: GrantChange): Promise<Grant> => this.send('PATCH', grant(id), change);
  /** The owner takes it back, or the guest leaves. */
  endGrant = (id: string): Promise<void> => this.send('DELETE', grant(id));
  /** What this invitation gives; throws `Problem` where it can no longer be used. */
  offer = (invitation: string): Promise<Offer> => this.send('POST', '/api/grants/check', { invitation });
  accept = (invitation: string, acceptance?: string): Promise<Camera> =>
    this.send('POST', '/api/grants', { invitation, ...(acceptance ? { acceptance } : {}) });
  watchers = (id: string): Promise<Watchers> => this.send('GET', `${camera(id)}/viewers`);
  /** Newest first. `before`: the number of the last entry that is known. `of`: a camera. */
  audit = (query: { before?: number; of?: string | null }): Promise<AuditPage> => {
    const asked = new URLSearchParams();
    if (query.before !== undefined) asked.set('before', String(query.before));
    if (query.of) asked.set('camera', query.of);
    return this.send('GET', `/api/audit?${asked}`);
  };
  /** The owner knows why two devices used its key. */
  dismissAlert = (id: string): Promise<void> => this.send('DELETE', `${camera(id)}/alert`);
  offerTransfer = (id: string): Promise<TransferLink> => this.send('POST', `${camera(id)}/transfer`);
  transferOf = (id: string): Promise<TransferStanding> => this.send('GET', `${camera(id)}/transfer`);
  withdrawTransfer = (id: string): Promise<void> => this.send('DELETE', `${camera(id)}/transfer`);
  transferOffer = (transfer: string): Promise<TransferOffer> =>
    this.send('POST', '/api/transfers/check', { transfer });
  acceptTransfer = (transfer: string): Promise<Camera> =>
    this.send('POST', '/api/transfers/accept', { transfer });

  /** Milliseconds since the epoch by the server's clock, to within a second. */
  now(): number {
    return Date.now() + this.clockOffset;
  }

  /** Headers and credentials for any request of ours; `events.ts` uses it for its long one. */
  requestInit(): RequestInit {
    const authorization = this.authorize();
    return {
      // A foreign page's cookies for our host are none of its business: there only the header counts.
      credentials: this.server === '' ? 'same-origin' : 'omit',
      headers: authorization ? { Authorization: authorization } : {},
      cache: 'no-store',
    };
  }

  private async signInAt(path: string, body: object): Promise<Account> {
    const sent = { ...body, cookie: true };
    return (await this.send<{ account: Account }>('POST', `/api/sessions${path}`, sent)).account;
  }

  private async options(path: string, body?: object): Promise<WebAuthnJson> {
    return (await this.send<{ options: WebAuthnJson }>('POST', path, body)).options;
  }

  private async codes(path: string, body: object): Promise<string[]> {
    return (await this.send<{ recovery_codes: string[] }>('POST', path, body)).recovery_codes;
  }

  private async send<T>(method: string, path: string, body?: unknown): Promise<T> {
    const init = this.requestInit();
    const headers = { ...init.headers, Accept: 'application/json' } as Record<string, string>;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    let response: Response;
    try {
      response = await fetch(this.server + path, {
        ...init,
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
    } catch {
      throw new Unreachable();
    }
    const date = Date.parse(response.headers.get('Date') ?? '');
    if (!Number.isNaN(date)) this.clockOffset = date - Date.now();
    if (!response.ok) throw await problemOf(response);
    return (response.status === 204 ? undefined : await jsonOf(response)) as T;
  }
}

export interface Paired {
  camera: Camera;
  pairing: Pairing;
}

const camera = (id: string): string => `/api/cameras/${encodeURIComponent(id)}`;
const grant = (id: string): string => `/api/grants/${encodeURIComponent(id)}`;

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    // A captive portal or a wrong proxy answers 200 with its own page.
    throw new Unreachable();
  }
}

/** Reads problem+json; a gateway's HTML page (502, 503, 504) means that the server itself is not there. */
export async function problemOf(response: Response): Promise<Problem | Unreachable> {
  let body: Record<string, unknown> = {};
  try {
    body = (await response.json()) as Record<string, unknown>;
  } catch {
    if (response.status >= 502) return new Unreachable();
  }
  const retry = Number(response.headers.get('Retry-After'));
  return new Problem(
    response.status,
    typeof body['code'] === 'string' ? body['code'] : `http_${response.status}`,
    typeof body['detail'] === 'string' ? body['detail'] : (response.statusText ?? ''),
    Number.isFinite(retry) && retry > 0 ? retry : null,
    (body['second_factor'] as SecondFactor | undefined) ?? null,
  );
}

/** `GET /api/verdicts` as a table; entries that are not of the expected shape are left out. */
export function readVerdicts(answer: unknown): Map<string, Verdict> {
  const table = new Map<string, Verdict>();
  const list = (answer as { verdicts?: unknown } | null)?.verdicts;
  const entries: [string, unknown][] = Array.isArray(list)
    ? list.map((item) => [String((item as { code?: unknown }).code), item])
    : Object.entries((list ?? {}) as object);
  for (const [code, value] of entries) {
    const { sentence, advice } = (value ?? {}) as Record<string, unknown>;
    if (typeof sentence === 'string') {
      table.set(code, { sentence, advice: typeof advice === 'string' ? advice : '' });
    }
  }
  return table;
}
