/**
 * Why there is no picture, or none by the best way: from what this browser saw to a code of `GET /api/verdicts`.
 *
 * The table is read from above: what a person can change comes before what lies in the networks' nature.
 */

import type { Evidence } from './evidence';
import type { Via } from './messages';
import type { WaysRule } from './model';
import type { Cause, Faults, Watching } from './watch-state';

export interface Case {
  cause: Cause;
  faults: Faults;
  /** What the server offered last. */
  ways: readonly Via[];
  /** The account's rule, where it is known. */
  rule: WaysRule | null;
  /** What the last direct attempt saw. */
  direct: Evidence | null;
}

/** Causes that say all there is to say. */
const PLAIN: Partial<Record<Cause, string>> = {
  offline: 'camera_unavailable',
  asleep: 'camera_asleep',
  signaling: 'server_away',
  codec: 'no_common_codec',
  silent: 'source_failed',
  untrusted: 'untrusted',
  stranger: 'stranger',
  insecure: 'insecure',
  unsealable: 'unsealable',
};

/** How a relay fails that we, or the camera, cannot reach. */
const OUT_OF_REACH: ReadonlySet<Cause | undefined> = new Set<Cause | undefined>([
  'path',
  'offline',
  'asleep',
  'silent',
]);

/** RFC 8656: refused by the server, in contrast to no answer. */
const NO_ANSWER = 701;

/** A code of the verdicts' table; null where the cause itself is all that is known. */
export function diagnose(found: Case): string | null {
  const plain = PLAIN[found.cause];
  if (plain) return plain;
  if (found.faults.relay === 'busy') return 'relay_full';
  if (found.cause === 'busy') return 'too_many_viewers';
  if (found.cause === 'closed') return found.rule === 'never_relay' ? 'relay_off' : 'relay_unreachable';
  return found.cause === 'path' ? ofThePath(found) : null;
}

function ofThePath({ direct, faults, ways, rule }: Case): string {
  if (rule === 'never_relay' && !ways.includes('relay')) return 'relay_off';
  if (faults.relay === 'unsealable') return 'unsealable';
  if (direct && turnRefused(direct)) return 'turn_refused';
  const deaf = direct !== null && stunSilent(direct);
  if (deaf && (faults.relay === 'path' || turnSilent(direct))) return 'udp_blocked';
  if (OUT_OF_REACH.has(faults.relay)) return 'relay_unreachable';
  if (deaf) return 'stun_silent';
  const met = direct !== null && direct.ours.has('srflx') && direct.theirs.has('srflx');
  return met ? 'camera_symmetric_nat' : 'no_direct_way';
}

/** Why the relay carries a picture that could go straight. */
export type Detour = 'trying' | 'rule' | 'limit' | 'blocked' | 'path';

export function detour(
  { via, trying, faults }: Watching,
  rule: WaysRule | null,
  direct: Evidence | null,
): Detour | null {
  if (via !== 'relay') return null;
  if (rule === 'always_relay') return 'rule';
  if (faults.direct === 'closed') return 'limit';
  if (trying.direct !== null) return 'trying';
  return direct && stunSilent(direct) ? 'blocked' : 'path';
}

const isStun = (url: string): boolean => /^stuns?:/i.test(url);
const isTurn = (url: string): boolean => /^turns?:/i.test(url);

const turnRefused = ({ errors, ours }: Evidence): boolean =>
  !ours.has('relay') && errors.some(({ url, code }) => isTurn(url) && code >= 300 && code < NO_ANSWER);

/** Asked, and no sign of an answer. An address that is public already needs no mapped one, but then nobody complains. */
function stunSilent({ urls, ours, errors, gathered }: Evidence): boolean {
  if (ours.has('srflx') || !urls.some(isStun)) return false;
  return !gathered || errors.some(({ url, code }) => isStun(url) && code === NO_ANSWER);
}

function turnSilent({ urls, ours }: Evidence): boolean {
  return urls.some(isTurn) && !ours.has('relay');
}
