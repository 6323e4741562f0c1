/**
 * One session through the relay: shows what its camera has encrypted for us, and nothing else. Runs in a worker.
 *
 * Frames wait for the camera's word about this session's hello. That is an envelope with the key of the frames, a newer one
 * when the key changes; or a *plain*: the owner allows standard players, so that nothing is encrypted. Once there was an
 * envelope, no plain counts: a server could have kept an old one to send frames of its own.
 */

import { open, type SenderKey } from './envelope';
import { Lane, type Mode, type Pass } from './lane';
import { PLAIN, readPlain } from './plain';
import { typOf } from './statement';
import { Untrue } from './untrue';
import type { Asked, TrackOptions } from './worker-words';

/** Between two reports of how many pictures there were; whether a picture stands still is looked at twice a second. */
const REPORT_MS = 200;

/** What a session tells. `pictures`: how many so far, each encrypted by the camera unless `plain`. */
export interface Listener {
  pictures(pictures: number, plain: boolean): void;
  untrue(detail: string): void;
}

export class Unsealing {
  private mode: Mode = 'waiting';
  private key: SenderKey | null = null;
  private readonly lanes: Lane[] = [];
  private readonly kinds = new Set<TrackOptions['kind']>();
  private pictures = 0;
  private reportedAt = -Infinity;
  private hasShown = false;
  /** Letters count in the order in which they came. */
  private reading: Promise<void> = Promise.resolve();

  constructor(
    private readonly asked: Asked,
    private readonly listener: Listener,
    private readonly now: () => number,
  ) {}

  /** Frames of a track go into what this returns; those that are good come out by `pass`. Null: it has one of this kind. */
  track({ kind, codec }: TrackOptions, pass: Pass): Lane | null {
    // What a second picture brought would be counted, and not be seen.
    if (this.kinds.has(kind)) return null;
    this.kinds.add(kind);
    const counted: Pass = kind === 'audio' ? pass : (frame) => this.picture(pass(frame));
    const lane = new Lane(codec, counted, this.now);
    if (this.hasShown) lane.shown();
    this.lanes.push(lane);
    this.reading = this.reading.then(() => this.tell([lane]));
    return lane;
  }

  /** An envelope or a plain. */
  letter(text: string): Promise<void> {
    this.reading = this.reading.then(() => this.read(text));
    return this.reading;
  }

  /** The first picture is on the screen. */
  shown(): void {
    this.hasShown = true;
    for (const lane of this.lanes) lane.shown();
  }

  private async read(text: string): Promise<void> {
    const { camera, hello, exchange } = this.asked;
    try {
      if (typOf(text) === PLAIN.typ) {
        await readPlain(text, camera, hello);
        if (this.mode === 'waiting') this.mode = 'plain';
      } else {
        this.key = await open(text, camera, hello, exchange);
        this.mode = 'sealed';
      }
      await this.tell(this.lanes);
    } catch (error) {
      if (!(error instanceof Untrue)) throw error;
      this.listener.untrue(error.message);
    }
  }

  private async tell(lanes: readonly Lane[]): Promise<void> {
    const { key } = this;
    if (key) await Promise.all(lanes.map((lane) => lane.learn(key)));
    for (const lane of lanes) lane.enter(this.mode);
  }

  private async picture(passed: void | Promise<void>): Promise<void> {
    await passed;
    this.pictures += 1;
    const now = this.now();
    if (now - this.reportedAt < REPORT_MS) return;
    this.reportedAt = now;
    this.listener.pictures(this.pictures, this.mode === 'plain');
  }
}
