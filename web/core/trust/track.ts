/**
 * One encrypted track as its viewer receives it: the keys of the newest epochs, and for each what is new under it.
 * Runs in a worker, without a page; joins `sealed-frames.ts` and `replay.ts`. `now`: milliseconds of a clock that never
 * goes back.
 */

import type { Bytes } from './bytes';
import type { SenderKey } from './envelope';
import { Replay } from './replay';
import { openFrame, type Codec } from './sealed-frames';
import { derive, type FrameKey } from './sframe';
import { Untrue } from './untrue';

/**
 * How long the epoch before counts beside a new one, for frames on their way; the first frame of the new one ends it at
 * once. Who was shut out by the new epoch still has the old key, and could make pictures with it.
 */
export const OLD_EPOCH_MS = 5_000;

/** It names a key that is newer than all that we have: its envelope may be on the way. */
export class Early extends Untrue {}

interface Epoch {
  number: number;
  key: FrameKey;
  replay: Replay;
}

export class SealedTrack {
  private present: Epoch | null = null;
  private before: Epoch | null = null;
  private beforeEnds = 0;
  private hasShown: boolean;

  constructor(private readonly codec: Codec) {
    this.hasShown = codec === 'opus';
  }

  /** Of an envelope. One that is no newer than what is known changes nothing: it may be an old one, shown again. */
  async learn({ epoch, secret, counter }: SenderKey, now: number): Promise<void> {
    const key = await derive(epoch, secret);
    if (this.present !== null && epoch <= this.present.number) return;
    const replay = new Replay(counter);
    if (this.hasShown) replay.shown();
    this.before = this.present;
    this.beforeEnds = now + OLD_EPOCH_MS;
    this.present = { number: epoch, key, replay };
  }

  /** The frame as the decoder takes it. Throws `Untrue`: the frame is then to be dropped; or `Early`: to be kept for a while. */
  async open(data: Uint8Array, now: number): Promise<Bytes> {
    if (now >= this.beforeEnds) this.before = null;
    const frame = await openFrame(this.codec, data, (kid) => this.key(kid));
    const epoch = this.epoch(frame.kid);
    if (!epoch?.replay.take(frame.counters, frame.keyFrame)) throw new Untrue('this frame was sent before');
    if (epoch === this.present) this.before = null;
    return frame.data;
  }

  /** The first picture is on the screen. */
  shown(): void {
    this.hasShown = true;
    this.present?.replay.shown();
    this.before?.replay.shown();
  }

  private key(kid: number): FrameKey | undefined {
    const epoch = this.epoch(kid);
    if (epoch === undefined && this.present && kid > this.present.number)
      throw new Early('its key is not here yet');
    return epoch?.key;
  }

  private epoch(kid: number): Epoch | undefined {
    return [this.present, this.before].find((epoch) => epoch?.number === kid) ?? undefined;
  }
}
