/**
 * The race between the ways (DESIGN §7; Happy Eyeballs, RFC 8305, for video).
 *
 * The direct way starts; the relay joins after a head start, or at once where the direct way has failed, is closed, or
 * lost on this network before. The first picture is shown. A relay's picture lets the direct racer run on: when that
 * one comes up, the picture moves over unseen and the relay is left. If it does not, it is tried again now and then.
 */

import { backoff } from './backoff';
import type { Via } from './messages';
import {
  after,
  closing,
  isRacing,
  keep,
  type Cause,
  type Decision,
  type Effect,
  type Faults,
  type Watching,
} from './watch-state';

const SHORTEST_HEAD_START_MS = 300;
/** Round trips between viewer and camera until a direct picture: signaling 1.5, ICE 1, DTLS 2, half for media. */
const FLOOR_ROUND_TRIPS = 5;
/** A direct picture that comes within this part above its floor is worth waiting for. */
const HEADROOM = 1.3;
const RETRY = { first: 1_000, longest: 15_000 };
/** A picture that flowed for so long was a good one. */
const STEADY_MS = 10_000;
/** A try costs the camera a handshake; what changes without a sign (a router, another viewer leaving) takes minutes. */
const UPGRADE = { first: 60_000, longest: 900_000 };
/** Where the relay may have what the direct way has not. */
const RELAY_HELPS: ReadonlySet<Cause> = new Set<Cause>(['path', 'silent', 'closed', 'busy']);
/** What says something about the networks, and not about this minute. */
const OF_THE_NETWORK: ReadonlySet<Cause | undefined> = new Set<Cause | undefined>(['path', 'silent']);

/** Milliseconds that the direct way is ahead. Round trips to the server, in milliseconds: ours, and the camera's. */
export function headStart(own: number, camera: number | null): number {
  return Math.max(SHORTEST_HEAD_START_MS, HEADROOM * FLOOR_ROUND_TRIPS * (own + (camera ?? own)));
}

/** When `tick` has something to do next: milliseconds, or null. */
export function dueAt({ relayAt, directAt, retryAt }: Watching): number | null {
  const times = [relayAt, directAt, retryAt].filter((time) => time !== null);
  return times.length ? Math.min(...times) : null;
}

/** New attempts where none is under way. `both`: the picture is gone, so neither way waits for the other. */
export function race(watching: Watching, both = false): Decision {
  const fresh: Watching = {
    ...watching,
    phase: watching.shown === null ? 'connecting' : watching.phase,
    faults: isRacing(watching) ? watching.faults : {},
    retryAt: null,
    directAt: null,
  };
  if ((both || fresh.hint === 'relay') && offers(fresh, 'direct') && offers(fresh, 'relay')) {
    return openRelay(fresh.trying.direct === null ? open(fresh, 'direct') : keep(fresh));
  }
  return isRacing(fresh) ? keep(fresh) : open(fresh, null);
}

/** The server's answer to `connect`: which way it is, and which there are. `headStartMs` counts from `now`. */
export function answered(
  watching: Watching,
  event: { attempt: number; via: Via; ways: readonly Via[]; headStartMs: number },
  now: number,
): Decision {
  const { attempt, via, ways, headStartMs } = event;
  if (slotOf(watching, attempt) === null) return keep(watching);
  const known = { ...watching, ways };
  if (known.trying.relay === attempt || via === 'relay') return toRelay(known, attempt);
  if (!relayIsWanted(known)) return keep(known);
  const wait = known.hint === 'relay' ? 0 : Math.max(0, headStartMs);
  return due({ ...known, relayAt: now + wait }, now);
}

/** The server picked the relay: the direct way is closed. */
function toRelay(watching: Watching, attempt: number): Decision {
  if (watching.trying.relay === attempt) return keep(watching);
  const faults: Faults = { ...watching.faults, direct: 'closed' };
  const { relay } = watching.trying;
  const trying = { direct: null, relay: relay ?? attempt };
  return { watching: { ...watching, trying, faults, relayAt: null }, effects: closing(relay && attempt) };
}

/** What was to be done by `now`. */
export function due(watching: Watching, now: number): Decision {
  const isDue = (time: number | null): boolean => time !== null && now >= time;
  if (isDue(watching.relayAt)) return openRelay(keep(watching));
  if (isDue(watching.directAt)) return open({ ...watching, directAt: null }, 'direct');
  return isDue(watching.retryAt) ? race(watching) : keep(watching);
}

/** A racer's first picture. */
export function won(watching: Watching, attempt: number, now: number, random: number): Decision {
  const via = slotOf(watching, attempt);
  if (via === null) return keep(watching);
  const direct = via === 'direct' ? null : watching.trying.direct;
  const live: Watching = {
    ...watching,
    phase: 'live',
    shown: attempt,
    via,
    trying: { direct, relay: null },
    hint: via === 'direct' ? via : watching.hint,
    faults: via === 'direct' ? {} : watching.faults,
    relayAt: null,
    directAt: null,
    upgrades: via === 'direct' ? 0 : watching.upgrades,
    failures: 0,
    flowsSince: now,
    retryAt: null,
    cause: null,
    replacing: false,
    away: false,
  };
  const left = via === 'direct' ? watching.trying.relay : null;
  const effects: Effect[] = [{ type: 'show', attempt }, ...closing(watching.shown, left)];
  if (via === 'relay') return after(effects, direct === null ? upgradeLater(live, now, random) : keep(live));
  if (watching.hint !== 'direct') effects.push({ type: 'learn', via });
  return { watching: live, effects };
}

/** A racer has failed. */
export function fell(watching: Watching, via: Via, cause: Cause, now: number, random: number): Decision {
  const effects = closing(watching.trying[via]);
  const rest: Watching = {
    ...watching,
    trying: { ...watching.trying, [via]: null },
    faults: { ...watching.faults, [via]: cause },
    relayAt: via === 'direct' ? null : watching.relayAt,
  };
  if (via === 'direct' && RELAY_HELPS.has(cause) && relayIsWanted(rest)) {
    return after(effects, openRelay(keep(rest)));
  }
  if (isRacing(rest) || rest.relayAt !== null) return after(effects, keep(rest));
  const quiet = rest.phase === 'live' && !rest.replacing;
  return after(effects, quiet ? upgradeLater(rest, now, random) : wait(rest, now, random));
}

/** The relay's picture stays for now; a direct way may come up without anybody telling. */
export function upgradeLater(watching: Watching, now: number, random: number): Decision {
  if (watching.via !== 'relay') return keep(watching);
  const directAt = now + backoff(watching.upgrades, random, UPGRADE);
  const later: Watching = { ...watching, directAt, upgrades: watching.upgrades + 1 };
  if (!OF_THE_NETWORK.has(watching.faults.direct)) return keep(later);
  return { watching: { ...later, hint: 'relay' }, effects: [{ type: 'learn', via: 'relay' }] };
}

/**
 * The picture has ended, or stands still: another one at once. But where one after the other comes and does not stay,
 * each a handshake and a whole group of pictures for the camera, the next ones wait.
 */
export function again(watching: Watching, now: number, random: number, both: boolean): Decision {
  const brief = briefAt(watching, now);
  const next: Watching = { ...watching, brief, flowsSince: null };
  if (brief < 2 || isRacing(next)) return race(next, both);
  const phase = next.shown === null ? 'waiting' : next.phase;
  return keep({ ...next, phase, retryAt: now + backoff(brief - 2, random, RETRY) });
}

function briefAt({ brief, flowsSince }: Watching, now: number): number {
  if (flowsSince === null) return brief;
  return now - flowsSince < STEADY_MS ? brief + 1 : 0;
}

function wait(watching: Watching, now: number, random: number): Decision {
  const failures = watching.failures + 1;
  return keep({
    ...watching,
    phase: watching.shown === null ? 'waiting' : watching.phase,
    failures,
    retryAt: now + backoff(failures - 1, random, RETRY),
    cause: watching.phase === 'live' ? null : principal(watching.faults),
  });
}

/** The one cause to speak of, where both ways failed: what the camera itself did, unless nobody asked it. */
function principal({ direct, relay }: Faults): Cause | null {
  return (direct === 'closed' ? relay : direct) ?? relay ?? direct ?? null;
}

export function slotOf({ trying }: Watching, attempt: number): Via | null {
  if (attempt === trying.direct) return 'direct';
  return attempt === trying.relay ? 'relay' : null;
}

const offers = ({ ways }: Watching, via: Via): boolean => ways === null || ways.includes(via);

/** It is offered, not under way, has not failed in this race, and does not show its picture already. */
function relayIsWanted(watching: Watching): boolean {
  const { trying, faults, via, phase, replacing } = watching;
  const shows = via === 'relay' && phase === 'live' && !replacing;
  return offers(watching, 'relay') && trying.relay === null && faults.relay === undefined && !shows;
}

function openRelay({ watching, effects }: Decision): Decision {
  const next = { ...watching, relayAt: null };
  return after(effects, next.trying.relay === null ? open(next, 'relay') : keep(next));
}

function open(watching: Watching, via: Via | null): Decision {
  const attempt = watching.next;
  return {
    watching: { ...watching, trying: { ...watching.trying, [via ?? 'direct']: attempt }, next: attempt + 1 },
    effects: [{ type: 'open', attempt, via }],
  };
}
