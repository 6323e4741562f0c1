/** What sharing a camera speaks of, and what follows from it. Times are RFC 3339 in UTC; null: no end. */

import type { Via } from './messages';
import type { SignedOffer } from './trust/receiving';

/** `talk` and `history` are stored for later: nothing stands behind them yet. */
export type Scope = 'live' | 'talk' | 'history' | 'manage';

/** What whoever asks may do with a camera. `owner`: an e-mail. `grant`: a guest's, to leave by. */
export interface Access {
  role: 'owner' | 'guest';
  owner: string;
  scopes: Scope[];
  expires_at: string | null;
  grant: string | null;
}

/** One person's right to a camera that is another's. `chain`: what the camera sees of it; empty where nobody has signed. */
export interface Grant {
  id: string;
  email: string;
  scopes: Scope[];
  history_since: string | null;
  expires_at: string | null;
  created_at: string;
  chain: string[];
}

/** What is left out stays as it is; `grant`: the statement that takes the place of the chain. */
export interface GrantChange {
  scopes?: Scope[];
  expires_at?: string | null;
  grant?: string;
}

/** A link that nobody has used yet. `expires_at` is the link's end, `grant_expires_at` the end of what it gives. */
export interface OpenInvitation {
  id: string;
  scopes: Scope[];
  history_since: string | null;
  grant_expires_at: string | null;
  expires_at: string;
  created_at: string;
  /** What the owner has signed for it. */
  grant: string | null;
}

/** What the server is told of a link that a browser has drawn. `link_proof`: for the guest, who has the seed. */
export interface SignedLink {
  secret_hash: string;
  grant: string;
  link_proof: string;
}

export interface Sharing {
  grants: Grant[];
  invitations: OpenInvitation[];
}

/** `link` is shown once. */
export interface MadeInvitation {
  id: string;
  link: string;
  expires_at: string;
}

/** What an invitation gives, told before anybody signs in. `owner`: an e-mail. `signed`: what the owner's word for it is. */
export interface Offer {
  camera_name: string;
  owner: string;
  scopes: Scope[];
  history_since: string | null;
  grant_expires_at: string | null;
  signed: SignedOffer | null;
}

export interface Watcher {
  email: string;
  since: string;
  way: Via;
}

export interface PastWatcher {
  email: string;
  began_at: string;
  ended_at: string;
  way: Via;
}

/** `now`: longest first. `earlier`: newest first. */
export interface Watchers {
  now: Watcher[];
  earlier: PastWatcher[];
}

/** What somebody is given. */
export interface Terms {
  scopes: Scope[];
  until: string | null;
}

interface Accessible {
  access: Access;
}

export const isGuest = ({ access }: Accessible): boolean => access.role === 'guest';

export const mayManage = ({ access }: Accessible): boolean => access.scopes.includes('manage');

/** The server lists a grant for a while after its end, so that it can be given more time. `now`: as `Date.now()`. */
export const hasEnded = ({ expires_at: end }: Grant, now: number): boolean =>
  end !== null && Date.parse(end) <= now;

/** Live, with or without the rest of what a page offers; what it does not offer stays as it was. */
export function chosenScopes(before: readonly Scope[], manage: boolean): Scope[] {
  const kept = before.filter((scope) => scope === 'talk' || scope === 'history');
  return ['live', ...kept, ...(manage ? (['manage'] as const) : [])];
}

/** How long a right lasts, as a person chooses it; `same`: the end that it has. */
export type Lasting = 'same' | 'forever' | 'day' | 'week' | 'date';

const DAY_MS = 86_400_000;

/**
 * When it ends: RFC 3339, or null for never. `date` is a local day (`2026-01-31`) and ends with its last second.
 * `now` in milliseconds since the epoch. Undefined where the day is none, or is over.
 */
export function endOf(
  lasting: Exclude<Lasting, 'same'>,
  date: string,
  now: number,
): string | null | undefined {
  if (lasting === 'forever') return null;
  if (lasting === 'day') return new Date(now + DAY_MS).toISOString();
  if (lasting === 'week') return new Date(now + 7 * DAY_MS).toISOString();
  const end = new Date(`${date}T23:59:59`).getTime();
  return Number.isNaN(end) || end <= now ? undefined : new Date(end).toISOString();
}
