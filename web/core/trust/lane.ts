/**
 * One track of a session through the relay, frame by frame in the order in which they came. Runs in a worker.
 *
 * What comes before the camera's word waits. Where too much waits, all of it goes: a picture that lacks one before it
 * cannot be decoded, and the browser asks for a key frame by itself.
 */

import type { SenderKey } from './envelope';
import type { Codec } from './sealed-frames';
import { SealedTrack } from './track';
import { Untrue } from './untrue';

/** The longest cached group (10 s) at 60 pictures a second, or its sound, and time to spare. */
const MAX_HELD = 1024;
/** Ten seconds at 12 Mbit/s. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

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
      if (await this.opened(frame)) await this.pass(frame);
    }
    this.working = false;
  }

  private async opened(frame: Frame): Promise<boolean> {
    if (this.mode === 'plain') return true;
    if (this.track === null) return false;
    try {
      frame.data = (await this.track.open(new Uint8Array(frame.data), this.now())).buffer;
      return true;
    } catch (error) {
      if (error instanceof Untrue) return false;
      throw error;
    }
  }
}
