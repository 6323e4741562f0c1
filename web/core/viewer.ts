/**
 * One camera being watched: keeps a picture on screen whatever happens to sockets, servers and cameras.
 *
 * `watching.ts` decides, `attempt.ts` does; this file carries out the decisions and measures. It is an
 * `EventTarget`: `change` (phase, cause), `video` (a `<video>` to put into the page, behind the one that shows),
 * `picture` (that one shows now; `firstFrameMs`), `gone` (the one that showed ends, and none follows), `quality` (once a second while live).
 */

import { Attempt, type AttemptOwner } from './attempt';
import type { Prepared } from './prepared';
import type { SignalingClient } from './signaling';
import { quality, sample, type Quality, type Sample } from './stats';
import { decide, notWatching, type Cause, type Effect, type Happening, type Phase } from './watching';

const MEASURE_MS = 1_000;
/** Without a packet for this long the picture is called stalled: a camera sends one a second at the very least. */
const STALL_MS = 2_000;

export class Viewer extends EventTarget implements AttemptOwner {
  quality: Quality | null = null;
  /** Milliseconds from the start of the session that shows to its first frame. */
  firstFrameMs: number | null = null;
  /** When the last frame arrived, milliseconds since the epoch. */
  lastFrameAt: number | null = null;
  /** Plain words of the party that ended the last attempt, for logs and the curious. */
  detail = '';
  private watching = notWatching;
  private readonly attempts = new Map<number, Attempt>();
  private timer: ReturnType<typeof setInterval> | undefined;
  private before: Sample | null = null;
  private movedAt = 0;
  private silent = true;

  constructor(
    readonly camera: string,
    private readonly signaling: SignalingClient,
    private readonly prepared: Prepared,
  ) {
    super();
  }

  get phase(): Phase {
    return this.watching.phase;
  }

  get cause(): Cause | null {
    return this.watching.cause;
  }

  /** The element that shows, or null. */
  get video(): HTMLVideoElement | null {
    return this.attempt(this.watching.shown)?.video ?? null;
  }

  get connection(): RTCPeerConnection | null {
    return this.attempt(this.watching.shown ?? this.watching.trying)?.connection ?? null;
  }

  /** Every element that belongs into the page: the one that shows, and the one that may follow it. */
  get videos(): HTMLVideoElement[] {
    return [...this.attempts.values()].map((attempt) => attempt.video);
  }

  /** Starts muted: browsers play nothing else unasked. */
  get muted(): boolean {
    return this.silent;
  }

  set muted(muted: boolean) {
    this.silent = muted;
    for (const video of this.videos) video.muted = muted;
  }

  /** Whether the camera sends sound at all. */
  get audible(): boolean {
    const stream = this.video?.srcObject;
    return stream instanceof MediaStream && stream.getAudioTracks().length > 0;
  }

  start(): void {
    this.happen({ type: 'start' });
    this.timer ??= setInterval(() => void this.measure(), MEASURE_MS);
    this.signaling.addEventListener('state', this.onSignaling);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.signaling.removeEventListener('state', this.onSignaling);
    this.happen({ type: 'stop' });
  }

  /** The camera came online, or the network is back: do not wait for the next try. */
  nudge(): void {
    this.happen({ type: 'nudge' });
  }

  /** The server says that the camera is not connected. */
  cameraAway(): void {
    this.happen({ type: 'away' });
  }

  // --- what attempts tell ---

  picture(attempt: Attempt, firstFrameMs: number): void {
    this.firstFrameMs = firstFrameMs;
    this.movedAt = this.lastFrameAt = Date.now();
    this.before = null;
    this.happen({ type: 'picture', attempt: attempt.number });
    void this.report(attempt, firstFrameMs);
  }

  lost(attempt: Attempt, cause: Cause, detail: string): void {
    this.detail = detail;
    this.happen({ type: 'lost', attempt: attempt.number, cause });
  }

  connectivity(attempt: Attempt, good: boolean): void {
    this.happen({ type: good ? 'flowing' : 'stalled', attempt: attempt.number });
  }

  orphaned(attempt: Attempt): void {
    this.happen({ type: 'orphaned', attempt: attempt.number });
  }

  // --- decisions carried out ---

  private happen(event: Happening): void {
    const before = this.watching;
    const { watching, effects } = decide(before, event, Date.now(), Math.random());
    this.watching = watching;
    const ending = watching.shown === null ? this.attempt(before.shown)?.video : undefined;
    if (ending) this.dispatchEvent(new CustomEvent('gone', { detail: ending }));
    for (const effect of effects) this.carryOut(effect);
    if (watching.phase !== before.phase || watching.cause !== before.cause) {
      this.dispatchEvent(new Event('change'));
    }
  }

  private carryOut({ type, attempt: number }: Effect): void {
    if (type === 'open') {
      const attempt = new Attempt(number, this.camera, this.signaling, this.prepared, this);
      this.attempts.set(number, attempt);
      attempt.video.muted = this.silent;
      this.dispatchEvent(new CustomEvent('video', { detail: attempt.video }));
    } else if (type === 'show') {
      this.dispatchEvent(new CustomEvent('picture', { detail: this.attempt(number)?.video }));
    } else {
      this.attempt(number)?.close('left');
      this.attempts.delete(number);
    }
  }

  private attempt(number: number | null): Attempt | undefined {
    return number === null ? undefined : this.attempts.get(number);
  }

  private readonly onSignaling = (): void => {
    if (this.signaling.state === 'ready') this.nudge();
  };

  // --- measuring ---

  private async measure(): Promise<void> {
    this.happen({ type: 'tick' });
    const attempt = this.attempt(this.watching.shown);
    if (!attempt) return;
    const report = await attempt.connection.getStats();
    if (attempt.number !== this.watching.shown) return;
    const now = Date.now();
    const after = sample(report as never, now);
    if (after && after.packets !== this.before?.packets) {
      this.movedAt = this.lastFrameAt = now;
      this.happen({ type: 'flowing', attempt: attempt.number });
    } else if (now - this.movedAt > STALL_MS) this.happen({ type: 'stalled', attempt: attempt.number });
    this.quality = quality(report as never, this.before, after);
    this.before = after;
    this.dispatchEvent(new Event('quality'));
  }

  private async report(attempt: Attempt, firstFrameMs: number): Promise<void> {
    const report = await attempt.connection.getStats();
    this.quality = quality(report as never, null, null);
    this.dispatchEvent(new Event('quality'));
    const way = this.quality.way ?? 'direct';
    if (attempt.session) this.signaling.stats(attempt.session, Math.round(firstFrameMs), way);
  }
}
