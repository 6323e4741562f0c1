/**
 * Watching one camera, as a table of decisions: when to open a session, when to show it, when to try again.
 *
 *   idle ──start──▶ connecting ──picture──▶ live ──stalled──▶ stalled
 *                      │  ▲                  ▲ ◀──flowing──────┤
 *                    lost nudge/tick         └────picture──────┘   (a new session beside the old one)
 *                      ▼  │
 *                    waiting            refused: nothing but `start` leads out
 *
 * A session is an *attempt*, known by its number. At most two live at once: the one on screen and the one that
 * shall replace it (make before break): the picture on screen is closed only when the next has its first frame.
 * A picture that flows though the server has forgotten its session (`orphaned`) is replaced in the same way, unseen.
 * Nothing here knows sockets, clocks or elements; time and randomness are arguments.
 */

import { backoff } from './backoff';

export type Phase = 'idle' | 'connecting' | 'live' | 'stalled' | 'waiting' | 'refused';

/** Why there is no picture. The page has a sentence for each. */
export type Cause =
  | 'offline' // the camera is not connected to the server
  | 'signaling' // the server cannot be reached
  | 'forbidden' // not, or no longer, allowed to watch
  | 'codec' // camera and browser share no video format
  | 'busy' // the camera serves all viewers it can
  | 'path' // no way through the networks between here and the camera
  | 'silent' // connected, but no picture came
  | 'ended'; // the other side ended it

export interface Watching {
  phase: Phase;
  shown: number | null;
  trying: number | null;
  /** Number of the next attempt. */
  next: number;
  failures: number;
  /** Milliseconds; when to try again by itself. */
  retryAt: number | null;
  cause: Cause | null;
  /** The server has forgotten the session on screen: a replacement is wanted even while it flows. */
  orphaned: boolean;
  /** The server says that the camera is not connected: known before any attempt finds out. */
  away: boolean;
}

export type Happening =
  | { type: 'start' | 'stop' | 'nudge' | 'tick' | 'away' }
  | { type: 'picture' | 'stalled' | 'flowing' | 'orphaned'; attempt: number }
  | { type: 'lost'; attempt: number; cause: Cause };

export type Effect = { type: 'open' | 'show' | 'close'; attempt: number };

export interface Decision {
  watching: Watching;
  effects: Effect[];
}

const RETRY = { first: 1_000, longest: 15_000 };
/** Trying again cannot help: a person has to change something first. */
const FINAL: ReadonlySet<Cause> = new Set<Cause>(['forbidden', 'codec']);

export const notWatching: Watching = {
  phase: 'idle',
  shown: null,
  trying: null,
  next: 1,
  failures: 0,
  retryAt: null,
  cause: null,
  orphaned: false,
  away: false,
};

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
    case 'tick':
      return watching.retryAt !== null && now >= watching.retryAt ? open(watching) : keep(watching);
    case 'picture':
      return picture(watching, event.attempt);
    case 'stalled':
      return stalled(watching, event.attempt);
    case 'flowing':
      return flowing(watching, event.attempt);
    case 'orphaned':
      return orphaned(watching, event.attempt);
    case 'lost':
      return lost(watching, event, now, random);
  }
}

const keep = (watching: Watching): Decision => ({ watching, effects: [] });

function start(watching: Watching): Decision {
  if (watching.phase === 'idle' || watching.phase === 'refused' || watching.phase === 'waiting') {
    return open({ ...watching, failures: 0, cause: null });
  }
  return keep(watching);
}

function stop(watching: Watching): Decision {
  const effects = closing(watching.shown, watching.trying);
  return { watching: { ...notWatching, next: watching.next }, effects };
}

function nudge(watching: Watching): Decision {
  const hopeful = { ...watching, away: false, cause: watching.away ? null : watching.cause };
  return watching.retryAt === null ? keep(hopeful) : open({ ...hopeful, failures: 0 });
}

/** A picture that flows goes on flowing without any server: the words wait until it stands still. */
function away(watching: Watching): Decision {
  if (watching.phase === 'idle' || watching.phase === 'refused') return keep(watching);
  return keep({ ...watching, away: true, cause: watching.phase === 'live' ? null : 'offline' });
}

/** A new attempt, unless one is under way. */
function open(watching: Watching): Decision {
  if (watching.trying !== null) return keep({ ...watching, retryAt: null });
  const attempt = watching.next;
  const phase: Phase = watching.shown === null ? 'connecting' : watching.phase;
  return {
    watching: { ...watching, phase, trying: attempt, next: attempt + 1, retryAt: null },
    effects: [{ type: 'open', attempt }],
  };
}

function picture(watching: Watching, attempt: number): Decision {
  if (attempt !== watching.trying) return keep(watching);
  return {
    watching: {
      ...watching,
      phase: 'live',
      shown: attempt,
      trying: null,
      failures: 0,
      retryAt: null,
      cause: null,
      orphaned: false,
      away: false,
    },
    effects: [{ type: 'show', attempt }, ...closing(watching.shown)],
  };
}

/** The picture stands still: a second session starts beside it. */
function stalled(watching: Watching, attempt: number): Decision {
  if (attempt !== watching.shown || watching.phase !== 'live') return keep(watching);
  return open({ ...watching, phase: 'stalled', cause: watching.away ? 'offline' : null });
}

/** It may flow until its lease ends: the one that replaces it starts beside it. */
function orphaned(watching: Watching, attempt: number): Decision {
  return attempt === watching.shown ? open({ ...watching, orphaned: true }) : keep(watching);
}

/** It moves again by itself: the second session is not needed, unless the server has forgotten the first. */
function flowing(watching: Watching, attempt: number): Decision {
  if (attempt !== watching.shown || watching.phase !== 'stalled') return keep(watching);
  const live: Watching = { ...watching, phase: 'live', cause: null };
  if (watching.orphaned) return keep(live);
  const effects = closing(watching.trying);
  return {
    watching: { ...live, trying: null, retryAt: null, failures: 0 },
    effects,
  };
}

function lost(
  watching: Watching,
  event: { attempt: number; cause: Cause },
  now: number,
  random: number,
): Decision {
  const { attempt, cause } = event;
  const effects = closing(attempt);
  if (attempt !== watching.shown && attempt !== watching.trying) return keep(watching);
  if (FINAL.has(cause)) {
    const all = closing(watching.shown, watching.trying);
    return { watching: { ...notWatching, next: watching.next, phase: 'refused', cause }, effects: all };
  }
  if (attempt === watching.shown) {
    const reason = watching.away ? 'offline' : cause;
    const without = open({ ...watching, shown: null, phase: 'connecting', cause: reason, orphaned: false });
    return { watching: without.watching, effects: [...effects, ...without.effects] };
  }
  const failures = watching.failures + 1;
  const phase: Phase = watching.shown === null ? 'waiting' : watching.phase;
  return {
    watching: {
      ...watching,
      phase,
      trying: null,
      failures,
      retryAt: now + backoff(failures - 1, random, RETRY),
      cause: phase === 'live' ? null : cause,
    },
    effects,
  };
}

const closing = (...attempts: (number | null)[]): Effect[] =>
  attempts.filter((attempt) => attempt !== null).map((attempt) => ({ type: 'close', attempt }));
