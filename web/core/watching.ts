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
}

export type Happening =
  | { type: 'start' | 'stop' | 'nudge' | 'tick' }
  | { type: 'picture' | 'stalled' | 'flowing'; attempt: number }
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
};

/** `now` in milliseconds, `random` in [0, 1). */
export function decide(watching: Watching, event: Happening, now: number, random: number): Decision {
  switch (event.type) {
    case 'start':
      return start(watching);
    case 'stop':
      return stop(watching);
    case 'nudge':
      return watching.retryAt === null ? keep(watching) : open({ ...watching, failures: 0 });
    case 'tick':
      return watching.retryAt !== null && now >= watching.retryAt ? open(watching) : keep(watching);
    case 'picture':
      return picture(watching, event.attempt);
    case 'stalled':
      return stalled(watching, event.attempt);
    case 'flowing':
      return flowing(watching, event.attempt);
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

/** A new attempt, unless one is under way. */
function open(watching: Watching): Decision {
  if (watching.trying !== null) return keep({ ...watching, retryAt: null });
  const attempt = watching.next;
  const phase: Phase = watching.shown === null ? 'connecting' : 'stalled';
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
    },
    effects: [{ type: 'show', attempt }, ...closing(watching.shown)],
  };
}

/** The picture stands still: a second session starts beside it. */
function stalled(watching: Watching, attempt: number): Decision {
  return attempt === watching.shown && watching.phase === 'live' ? open(watching) : keep(watching);
}

/** It moves again by itself: the second session is not needed. */
function flowing(watching: Watching, attempt: number): Decision {
  if (attempt !== watching.shown || watching.phase !== 'stalled') return keep(watching);
  const effects = closing(watching.trying);
  return {
    watching: { ...watching, phase: 'live', trying: null, retryAt: null, failures: 0, cause: null },
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
    const without = open({ ...watching, shown: null, phase: 'connecting', cause });
    return { watching: without.watching, effects: [...effects, ...without.effects] };
  }
  const failures = watching.failures + 1;
  return {
    watching: {
      ...watching,
      phase: watching.shown === null ? 'waiting' : 'stalled',
      trying: null,
      failures,
      retryAt: now + backoff(failures - 1, random, RETRY),
      cause,
    },
    effects,
  };
}

const closing = (...attempts: (number | null)[]): Effect[] =>
  attempts.filter((attempt) => attempt !== null).map((attempt) => ({ type: 'close', attempt }));
