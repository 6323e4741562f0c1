/** The words of watching: what is known about one picture, what may happen to it, what is to be done. */

import type { Via } from './messages';

export type Phase = 'idle' | 'connecting' | 'live' | 'stalled' | 'waiting' | 'refused';

/** Why there is no picture. The page has a sentence for each. */
export type Cause =
  | 'offline' // the camera is not connected to the server
  | 'asleep' // it is, but makes no offer
  | 'signaling' // the server cannot be reached
  | 'forbidden' // not, or no longer, allowed to watch
  | 'codec' // camera and browser share no video format
  | 'busy' // camera or relay serves all viewers it can
  | 'closed' // the server does not offer this way
  | 'path' // no way through the networks
  | 'silent' // connected, but no picture came
  | 'webrtc' // this browser makes no peer connections
  | 'untrusted' // what came was not made by this camera
  | 'stranger' // the camera does not know this browser, or knows that it may not
  | 'insecure' // the camera wants signatures, and this page came without encryption
  | 'unsealable' // this browser cannot open what the camera sends over the relay
  | 'ended'; // the other side ended it

/** Why each way failed, since the last time that there was a picture or nothing under way. */
export type Faults = Readonly<Partial<Record<Via, Cause>>>;

export interface Watching {
  phase: Phase;
  shown: number | null;
  /** How the session on screen goes. */
  via: Via | null;
  /** The racers: at most one for each way. */
  trying: Readonly<Record<Via, number | null>>;
  /** Number of the next attempt. */
  next: number;
  /** What the server offered last; null before it said anything. */
  ways: readonly Via[] | null;
  /** What won on this network before. */
  hint: Via | null;
  faults: Faults;
  /** Milliseconds; when the relay joins the race. */
  relayAt: number | null;
  /** Milliseconds; when the direct way is tried again beside the relay's picture. */
  directAt: number | null;
  /** How often that was in vain. */
  upgrades: number;
  failures: number;
  /** Milliseconds; since when the picture flows. Null where its end is counted already. */
  flowsSince: number | null;
  /** Pictures in a row that did not flow for long. */
  brief: number;
  /** Milliseconds; when to try again by itself. */
  retryAt: number | null;
  cause: Cause | null;
  /** The session on screen has no future (forgotten by the server, or its network is left): replace it unseen. */
  replacing: boolean;
  /** The server says that the camera is not connected: known before any attempt finds out. */
  away: boolean;
}

export type Happening =
  | { type: 'start' | 'stop' | 'nudge' | 'tick' | 'away' | 'moved' }
  | { type: 'hint'; via: Via | null }
  | { type: 'answered'; attempt: number; via: Via; ways: readonly Via[]; headStartMs: number }
  | { type: 'picture' | 'stalled' | 'flowing' | 'orphaned'; attempt: number }
  | { type: 'lost'; attempt: number; cause: Cause };

export type Effect =
  /** `via` null: the server picks. */
  | { type: 'open'; attempt: number; via: Via | null }
  | { type: 'show' | 'close'; attempt: number }
  /** What to remember about this camera on this network. */
  | { type: 'learn'; via: Via };

export interface Decision {
  watching: Watching;
  effects: Effect[];
}

export const notWatching: Watching = {
  phase: 'idle',
  shown: null,
  via: null,
  trying: { direct: null, relay: null },
  next: 1,
  ways: null,
  hint: null,
  faults: {},
  relayAt: null,
  directAt: null,
  upgrades: 0,
  failures: 0,
  flowsSince: null,
  brief: 0,
  retryAt: null,
  cause: null,
  replacing: false,
  away: false,
};

export const keep = (watching: Watching): Decision => ({ watching, effects: [] });

/** The same decision with effects before its own. */
export const after = (effects: Effect[], decision: Decision): Decision => ({
  watching: decision.watching,
  effects: [...effects, ...decision.effects],
});

export const closing = (...attempts: (number | null)[]): Effect[] =>
  attempts.filter((attempt) => attempt !== null).map((attempt) => ({ type: 'close', attempt }));

export const isRacing = ({ trying }: Watching): boolean => trying.direct !== null || trying.relay !== null;
