/**
 * Watching one camera, as a table of decisions: when to open sessions, which one to show, when to try again.
 *
 *   idle ──start──▶ connecting ──picture──▶ live ──stalled──▶ stalled
 *                      │  ▲                  ▲ ◀──flowing──────┤
 *                    lost nudge/tick         └────picture──────┘   (new sessions beside the old one)
 *                      ▼  │
 *                    waiting            refused: nothing but `start` leads out
 *
 * A session is an *attempt*, known by its number. At most three live at once: the one on screen, and a racer for each
 * way (`race.ts`). The picture on screen is closed only when another has its first frame (make before break). One that
 * flows without a future (`orphaned`: the server has forgotten it, or the camera has moved; `moved`: this device has) is
 * replaced in the same way, unseen. Nothing here knows sockets, clocks or elements; time and randomness are arguments.
 */

import type { Via } from './messages';
import { again, answered, due, fell, race, slotOf, upgradeLater, won } from './race';
import {
  after,
  closing,
  keep,
  notWatching,
  type Cause,
  type Decision,
  type Happening,
  type Watching,
} from './watch-state';

/** Trying again cannot help: a person has to change something first. */
const FINAL: ReadonlySet<Cause> = new Set<Cause>([
  'forbidden',
  'codec',
  'webrtc',
  'untrusted',
  'stranger',
  'insecure',
]);
/** Whatever else is under way: it holds for every way, or nobody should look on. */
const FINAL_FOR_ALL: ReadonlySet<Cause> = new Set<Cause>(['forbidden', 'untrusted', 'stranger', 'insecure']);
/** The way itself is gone: both are tried at once. */
const WAY_GONE: ReadonlySet<Cause> = new Set<Cause>(['path', 'silent']);

/** `now` in milliseconds, `random` in [0, 1). */
export function decide(watching: Watching, event: Happening, now: number, random: number): Decision {
  switch (event.type) {
    case 'start':
      return start(watching);
    case 'stop':
      return stop(watching);
    case 'nudge':
      return nudge(watching);
    case 'away':
      return away(watching);
    case 'moved':
      return moved(watching);
    case 'tick':
      return due(watching, now);
    case 'hint':
      return keep({ ...watching, hint: event.via });
    case 'answered':
      return answered(watching, event, now);
    case 'picture':
      return won(watching, event.attempt, now, random);
    case 'stalled':
      return stalled(watching, event.attempt, now, random);
    case 'flowing':
      return flowing(watching, event.attempt, now, random);
    case 'orphaned':
      return orphaned(watching, event.attempt);
    case 'lost':
      return lost(watching, event, now, random);
  }
}

function start(watching: Watching): Decision {
  if (watching.phase === 'idle' || watching.phase === 'refused' || watching.phase === 'waiting') {
    return race({ ...watching, failures: 0, brief: 0, cause: null });
  }
  return keep(watching);
}

function stop(watching: Watching): Decision {
  return { watching: { ...notWatching, next: watching.next, hint: watching.hint }, effects: all(watching) };
}

function nudge(watching: Watching): Decision {
  const hopeful = { ...watching, away: false, cause: watching.away ? null : watching.cause };
  return watching.retryAt === null ? keep(hopeful) : race({ ...hopeful, failures: 0 });
}

/** A picture that flows goes on flowing without any server: the words wait until it stands still. */
function away(watching: Watching): Decision {
  if (watching.phase === 'idle' || watching.phase === 'refused') return keep(watching);
  return keep({ ...watching, away: true, cause: watching.phase === 'live' ? null : 'offline' });
}

/** This device may be on another network, where nothing that was known of the ways holds. */
function moved(watching: Watching): Decision {
  if (watching.phase === 'idle' || watching.phase === 'refused') return keep(watching);
  const here: Watching = {
    ...watching,
    trying: notWatching.trying,
    ways: null,
    hint: null,
    relayAt: null,
    upgrades: 0,
    failures: 0,
    brief: 0,
    replacing: watching.shown !== null,
  };
  return after(closing(watching.trying.direct, watching.trying.relay), race(here));
}

/** The picture stands still: others start beside it. */
function stalled(watching: Watching, attempt: number, now: number, random: number): Decision {
  if (attempt !== watching.shown || watching.phase !== 'live') return keep(watching);
  const still: Watching = { ...watching, phase: 'stalled', cause: watching.away ? 'offline' : null };
  return again(still, now, random, true);
}

/** It may flow until its lease ends, or its old network does: the one that replaces it starts beside it. */
function orphaned(watching: Watching, attempt: number): Decision {
  return attempt === watching.shown ? race({ ...watching, replacing: true }) : keep(watching);
}

/** It moves again by itself: the others are not needed, unless it has no future. */
function flowing(watching: Watching, attempt: number, now: number, random: number): Decision {
  if (attempt !== watching.shown || watching.phase !== 'stalled') return keep(watching);
  const live: Watching = { ...watching, phase: 'live', cause: null, flowsSince: now };
  if (watching.replacing) return keep(live);
  const alone: Watching = { ...live, trying: notWatching.trying, relayAt: null, retryAt: null, failures: 0 };
  const effects = closing(watching.trying.direct, watching.trying.relay);
  return after(effects, upgradeLater({ ...alone, faults: {} }, now, random));
}

function lost(
  watching: Watching,
  event: { attempt: number; cause: Cause },
  now: number,
  random: number,
): Decision {
  const { attempt, cause } = event;
  const via = slotOf(watching, attempt);
  if (attempt !== watching.shown && via === null) return keep(watching);
  if (isFinal(watching, via, cause)) return refuse(watching, cause);
  if (via !== null) return fell(watching, via, cause, now, random);
  const without: Watching = {
    ...watching,
    phase: 'connecting',
    shown: null,
    via: null,
    cause: watching.away ? 'offline' : cause,
    replacing: false,
  };
  return after(closing(attempt), again(without, now, random, WAY_GONE.has(cause)));
}

/** What one racer cannot show, another may: no reason to end that one, or what flows. */
function isFinal({ phase, trying, faults }: Watching, via: Via | null, cause: Cause): boolean {
  if (cause === 'unsealable') return faults.direct === 'closed' && phase !== 'live';
  if (FINAL_FOR_ALL.has(cause) || via === null) return FINAL.has(cause);
  return FINAL.has(cause) && phase !== 'live' && trying[via === 'direct' ? 'relay' : 'direct'] === null;
}

function refuse(watching: Watching, cause: Cause): Decision {
  return {
    watching: { ...notWatching, next: watching.next, phase: 'refused', cause },
    effects: all(watching),
  };
}

const all = ({ shown, trying }: Watching): Decision['effects'] => closing(shown, trying.direct, trying.relay);
