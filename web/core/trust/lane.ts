/**
 * One track of a session through the relay, frame by frame in the order in which they came. Runs in a worker.
 *
 * What comes before the camera's word waits, and what is under a newer key than we have: media is quicker than signaling.
 * Where too much waits, all of it goes: a picture that lacks one before it cannot be decoded, and the browser asks for a
 * key frame by itself.
 */

import type { SenderKey } from './envelope';
import type { Codec } from './sealed-frames';
import { Early, SealedTrack } from './track';
import { Untrue } from './untrue';

/** The longest cached group (10 s) at 60 pictures a second, or its sound, and time to spare. */
const MAX_HELD = 1024;
/** Ten seconds at 12 Mbit/s. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

/** For the envelope of a new epoch; a frame that names a key which nobody sends holds the picture up no longer, and once. */
const EARLY_MS = 2_000;

/** The part of the browser's encoded frames that is used here. */
export interface Frame {
  data: ArrayBuffer;
}

/** Hands a frame on to the decoder. */
export type Pass = (frame: Frame) => void | Promise<void>;

/** `waiting`: the camera has said nothing yet. `plain`: it has said that it encrypts nothing. */
export type Mode = 'waiting' | 'sealed' | 'plain';

export class Lane {
  private readonly track: SealedTrack | null;
  private held: Frame[] = [];
  private heldBytes = 0;
  private working = false;
  private mode: Mode = 'waiting';
  /** Since when frames wait for a newer key. */
  private earlySince: number | null = null;

  /** `codec` null: nobody encrypts this kind, so it goes on only where nothing is. */
  constructor(
    codec: Codec | null,
    private readonly pass: Pass,
    private readonly now: () => number,
  ) {
    this.track = codec && new SealedTrack(codec);
  }

  async learn(key: SenderKey): Promise<void> {
    await this.track?.learn(key, this.now());
    this.earlySince = null;
  }

  /** Frames that wait go on by what the camera has said. */
  enter(mode: Mode): void {
    this.mode = mode;
    void this.work();
  }

  shown(): void {
    this.track?.shown();
  }

  take(frame: Frame): void {
    const bytes = frame.data.byteLength;
    if (this.held.length === MAX_HELD || this.heldBytes + bytes > MAX_HELD_BYTES) return this.drop();
    this.held.push(frame);
    this.heldBytes += bytes;
    void this.work();
  }

  private drop(): void {
    this.held = [];
    this.heldBytes = 0;
  }

  private async work(): Promise<void> {
    if (this.working || this.mode === 'waiting') return;
    this.working = true;
    for (let frame = this.held.shift(); frame; frame = this.held.shift()) {
      this.heldBytes -= frame.data.byteLength;
      const fate = await this.fate(frame);
      if (fate === 'good') await this.pass(frame);
      else if (fate === 'early' && this.mayWait()) {
        this.held.unshift(frame);
        this.heldBytes += frame.data.byteLength;
        break;
      }
    }
    this.working = false;
  }

  private mayWait(): boolean {
    this.earlySince ??= this.now();
    return this.now() - this.earlySince < EARLY_MS;
  }

  private async fate(frame: Frame): Promise<'good' | 'early' | 'untrue'> {
    if (this.mode === 'plain') return 'good';
    if (this.track === null) return 'untrue';
    try {
      frame.data = (await this.track.open(new Uint8Array(frame.data), this.now())).buffer;
      return 'good';
    } catch (error) {
      if (!(error instanceof Untrue)) throw error;
      return error instanceof Early ? 'early' : 'untrue';
    }
  }
}
