/**
 * One camera being watched: keeps a picture on screen whatever happens to sockets, servers, networks and cameras.
 *
 * `watching.ts` decides, `attempt.ts` does; this file carries out the decisions and measures. It is an
 * `EventTarget`: `change` (phase, cause, way, privacy), `video` (a `<video>` to put into the page, behind the one that shows),
 * `picture` (that one shows now; `firstFrameMs`), `gone` (the one that showed ends, and none follows; its last frame may be kept), `quality` (once a second while live).
 */

import { Attempt, type AttemptOwner, type Privacy } from './attempt';
import { detour, diagnose, type Detour } from './diagnosis';
import type { Evidence } from './evidence';
import type { KnownWays } from './known-ways';
import type { Connected, Via } from './messages';
import type { WaysRule } from './model';
import { Motion } from './motion';
import type { Prepared } from './prepared';
import { dueAt, headStart } from './race';
import type { SignalingClient } from './signaling';
import { quality, sample, type Quality, type Sample } from './stats';
import { canUnseal } from './trust/unsealer';
import type { Key } from './trust/members';
import type { Visits } from './trust/visits';
import { notWatching, type Cause, type Effect, type Happening, type Phase } from './watch-state';
import { decide } from './watching';

const LOOK_MS = 500;
const LOOKS_PER_QUALITY = 2;
/** Without a new picture for this long it is called stalled: a camera sends one a second at the very least. */
const STALL_MS = 2_000;
/** It surely flows where the last two looks saw packets: many a picture is dead for a while before it is called so. */
const FLOWS_MS = 2 * LOOK_MS;
/** A new session begins with the camera's last group of pictures: until it has caught up, the old one is ahead. */
const SETTLE_MS = 500;

/** What credentials can change. */
const WANTS_TRUST: ReadonlySet<Cause | null> = new Set<Cause | null>(['stranger', 'insecure', 'untrusted']);

/** What all viewers of a page share. */
interface Surroundings {
  readonly knownWays: KnownWays;
  readonly rule: WaysRule | null;
  readonly visits: Visits;
  /** Somebody stands between this camera and us. `key`: the camera's, as it was known here. */
  alarm(camera: string, reason: string, key: Key | null): void;
}

export class Viewer extends EventTarget implements AttemptOwner {
  quality: Quality | null = null;
  /** Milliseconds from the start of the session that shows to its first frame. */
  firstFrameMs: number | null = null;
  /** When the last frame arrived, milliseconds since the epoch. */
  lastFrameAt: number | null = null;
  /** Plain words of the party that ended the last attempt, for logs and the curious. */
  detail = '';
  /** The code of what is wrong, as `GET /api/verdicts` has it; null where `cause` is all that is known. */
  verdict: string | null = null;
  private watching = notWatching;
  private readonly attempts = new Map<number, Attempt>();
  private looking: ReturnType<typeof setInterval> | undefined;
  private looks = 0;
  private due: ReturnType<typeof setTimeout> | undefined;
  private before: Sample | null = null;
  private motion = new Motion();
  /** When it last moved: milliseconds by `performance`, for the time of day may be set back. */
  private movedAt = 0;
  private silent = true;
  /** What was told last. */
  private told: Privacy | null = null;
  /** The camera's, as the last attempt knew it. */
  private key: Key | null = null;
  /** The newest attempt that was begun with other credentials than this browser has now. */
  private outdatedTo = -1;
  /** What the last direct attempt saw. */
  private evidence: Evidence | null = null;

  constructor(
    readonly camera: string,
    private readonly signaling: SignalingClient,
    private readonly prepared: Prepared,
    private readonly surroundings: Surroundings,
  ) {
    super();
  }

  get phase(): Phase {
    return this.watching.phase;
  }

  get cause(): Cause | null {
    return this.watching.cause;
  }

  /** How the picture on screen goes. */
  get via(): Via | null {
    return this.watching.via;
  }

  /** What protects the picture on screen. */
  get privacy(): Privacy | null {
    return this.attempt(this.watching.shown)?.privacy ?? null;
  }

  /** Why it goes through the relay; null where it does not. */
  get detour(): Detour | null {
    return detour(this.watching, this.surroundings.rule, this.evidence);
  }

  /** The element that shows, or null. */
  get video(): HTMLVideoElement | null {
    return this.attempt(this.watching.shown)?.video ?? null;
  }

  get connection(): RTCPeerConnection | null {
    const { shown, trying } = this.watching;
    return this.attempt(shown ?? trying.direct ?? trying.relay)?.connection ?? null;
  }

  /** Every element that belongs into the page: the one that shows, and those that may follow it. */
  get videos(): HTMLVideoElement[] {
    return [...this.attempts.values()].map((attempt) => attempt.video);
  }

  /** Starts muted: browsers play nothing else unasked. */
  get muted(): boolean {
    return this.silent;
  }

  set muted(muted: boolean) {
    this.silent = muted;
    this.giveVoice();
  }

  /** Whether the camera sends sound at all. */
  get audible(): boolean {
    const stream = this.video?.srcObject;
    return stream instanceof MediaStream && stream.getAudioTracks().length > 0;
  }

  start(): void {
    this.hint();
    this.happen({ type: 'start' });
    this.looking ??= setInterval(() => void this.look(), LOOK_MS);
    this.signaling.addEventListener('state', this.onSignaling);
  }

  stop(): void {
    clearInterval(this.looking);
    this.looking = undefined;
    this.signaling.removeEventListener('state', this.onSignaling);
    this.happen({ type: 'stop' });
  }

  /** The camera came online, or the network is back: do not wait for the next try. */
  nudge(): void {
    this.happen({ type: 'nudge' });
  }

  /** This device may be on another network. */
  moved(): void {
    // In a closed laptop that clock may stand still: what flowed before says nothing of now.
    this.movedAt -= FLOWS_MS;
    this.happen({ type: 'moved' });
    if (this.signaling.state === 'ready') this.hint();
  }

  /** This browser has other credentials than before: what was refused begins anew, and what was begun on the server's word. */
  trustChanged(): void {
    const refused = this.wantsTrust();
    this.outdatedTo = Math.max(this.outdatedTo, ...this.attempts.keys());
    const outdated = [...this.attempts.values()].some((attempt) => this.isOutdated(attempt));
    if (outdated) this.happen({ type: 'stop' });
    if (refused || outdated) this.start();
  }

  private wantsTrust(): boolean {
    // Under the same key it would be untrue again.
    const isNews = this.cause !== 'untrusted' || this.surroundings.visits.keyOf(this.camera) !== this.key;
    return this.phase === 'refused' && WANTS_TRUST.has(this.cause) && isNews;
  }

  /** Its picture was shown by the server's word, which is not enough any more. */
  private isOutdated({ privacy }: Attempt): boolean {
    return privacy === 'server' && !this.surroundings.visits.believesServer(this.camera);
  }

  /** The server says that the camera is not connected. */
  cameraAway(): void {
    this.happen({ type: 'away' });
  }

  // --- what attempts tell ---

  answered(attempt: Attempt, { via, ways, cameraRoundTripMs }: Connected): void {
    // The answer itself took the first of the round trips that the head start counts.
    const own = this.signaling.roundTripMs ?? 0;
    const headStartMs = headStart(own, cameraRoundTripMs) - own;
    this.happen({ type: 'answered', attempt: attempt.number, via, ways, headStartMs });
  }

  /** Where a picture flows already there is no hurry. */
  picture(attempt: Attempt, firstFrameMs: number): void {
    const flows = this.watching.phase === 'live' && performance.now() - this.movedAt < FLOWS_MS;
    if (flows) attempt.later(SETTLE_MS, () => this.show(attempt, firstFrameMs));
    else this.show(attempt, firstFrameMs);
  }

  lost(attempt: Attempt, cause: Cause, detail: string): void {
    this.detail = detail;
    if (cause === 'untrusted') this.surroundings.alarm(this.camera, detail, this.key);
    if (attempt.via === 'direct' && cause !== 'closed') this.evidence = attempt.witness;
    // Why it had nothing to show may have become known while the camera was asked.
    const why = cause === 'stranger' ? (this.surroundings.visits.unable(this.camera) ?? cause) : cause;
    this.happen({ type: 'lost', attempt: attempt.number, cause: why });
    if (this.wantsTrust() && attempt.number <= this.outdatedTo) this.start();
  }

  connectivity(attempt: Attempt, good: boolean): void {
    this.happen({ type: good ? 'flowing' : 'stalled', attempt: attempt.number });
  }

  orphaned(attempt: Attempt): void {
    this.happen({ type: 'orphaned', attempt: attempt.number });
  }

  // --- decisions carried out ---

  private show(attempt: Attempt, firstFrameMs: number): void {
    this.firstFrameMs = firstFrameMs;
    this.flowed();
    this.before = null;
    this.motion = new Motion();
    this.happen({ type: 'picture', attempt: attempt.number });
    this.giveVoice();
    void this.report(attempt, firstFrameMs);
  }

  private happen(event: Happening): void {
    const before = this.watching;
    const now = performance.now();
    const { watching, effects } = decide(before, event, now, Math.random());
    this.watching = watching;
    const ending = watching.shown === null ? this.attempt(before.shown) : undefined;
    if (ending && !this.isOutdated(ending))
      this.dispatchEvent(new CustomEvent('gone', { detail: ending.video }));
    for (const effect of effects) this.carryOut(effect);
    this.wakeAt(dueAt(watching), now);
    const verdict = this.verdict;
    if (event.type === 'lost' || watching.cause !== before.cause) this.verdict = this.findVerdict();
    const changed = (['phase', 'cause', 'via'] as const).some((name) => watching[name] !== before[name]);
    if (changed || verdict !== this.verdict || this.privacy !== this.told) this.tell();
  }

  private tell(): void {
    this.told = this.privacy;
    this.dispatchEvent(new Event('change'));
  }

  private carryOut(effect: Effect): void {
    const { surroundings, signaling, camera } = this;
    if (effect.type === 'open') this.open(effect.attempt, effect.via);
    else if (effect.type === 'learn') {
      surroundings.knownWays.learn(camera, signaling.network, effect.via, Date.now());
    } else if (effect.type === 'show') {
      this.dispatchEvent(new CustomEvent('picture', { detail: this.attempt(effect.attempt)?.video }));
    } else {
      this.attempt(effect.attempt)?.close('left');
      this.attempts.delete(effect.attempt);
    }
  }

  private open(number: number, via: Via | null): void {
    const visit = this.surroundings.visits.to(this.camera);
    if (typeof visit === 'string') return this.without(number, visit, 'this browser has nothing to show');
    this.key = visit?.camera ?? null;
    if (visit && via === 'relay' && !canUnseal()) return this.without(number, 'unsealable', 'no transforms');
    try {
      const attempt = new Attempt(number, this.camera, via, this.signaling, this.prepared, this, visit);
      this.attempts.set(number, attempt);
      this.dispatchEvent(new CustomEvent('video', { detail: attempt.video }));
    } catch (error) {
      this.without(number, 'webrtc', String(error));
    }
  }

  private without(attempt: number, cause: Cause, detail: string): void {
    this.detail = detail;
    // What was decided is carried out first.
    queueMicrotask(() => this.happen({ type: 'lost', attempt, cause }));
  }

  /** One picture speaks at a time. */
  private giveVoice(): void {
    const shown = this.video;
    for (const video of this.videos) video.muted = this.silent || (shown !== null && video !== shown);
  }

  private attempt(number: number | null): Attempt | undefined {
    return number === null ? undefined : this.attempts.get(number);
  }

  private wakeAt(time: number | null, now: number): void {
    clearTimeout(this.due);
    if (time !== null) this.due = setTimeout(() => this.happen({ type: 'tick' }), Math.max(0, time - now));
  }

  private hint(): void {
    const via = this.surroundings.knownWays.recall(this.camera, this.signaling.network, Date.now());
    this.happen({ type: 'hint', via });
  }

  private findVerdict(): string | null {
    const { cause, faults, ways } = this.watching;
    const { rule } = this.surroundings;
    return cause && diagnose({ cause, faults, ways: ways ?? [], rule, direct: this.evidence });
  }

  private readonly onSignaling = (): void => {
    if (this.signaling.state !== 'ready') return;
    this.hint();
    this.nudge();
  };

  // --- measuring ---

  private async look(): Promise<void> {
    const attempt = this.attempt(this.watching.shown);
    if (!attempt) return;
    const report = await attempt.connection.getStats();
    if (attempt.number !== this.watching.shown) return;
    if (this.privacy !== this.told) this.tell();
    const now = performance.now();
    const after = sample(report as never, now);
    // A hidden page shows nothing, so a browser need not decode for it.
    const decoded = document.hidden ? null : attempt.decoded(after);
    if (this.motion.moves(attempt.arrived(after), decoded)) {
      this.flowed();
      this.happen({ type: 'flowing', attempt: attempt.number });
    } else if (now - this.movedAt > STALL_MS) this.happen({ type: 'stalled', attempt: attempt.number });
    if (++this.looks % LOOKS_PER_QUALITY) return;
    this.measured(attempt, quality(report as never, this.before, after, attempt.via));
    this.before = after;
  }

  private flowed(): void {
    this.movedAt = performance.now();
    this.lastFrameAt = Date.now();
  }

  private async report(attempt: Attempt, firstFrameMs: number): Promise<void> {
    const report = await attempt.connection.getStats();
    const first = quality(report as never, null, null, attempt.via);
    if (attempt.session)
      this.signaling.stats(attempt.session, Math.round(firstFrameMs), first.way ?? attempt.via);
    if (attempt.number === this.watching.shown) this.measured(attempt, first);
  }

  /** The badge does not blink: some way it is, also where the browser does not say. */
  private measured(attempt: Attempt, measured: Quality): void {
    this.quality = { ...measured, way: measured.way ?? attempt.via };
    this.dispatchEvent(new Event('quality'));
  }
}
