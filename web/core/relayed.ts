/** What comes over the relay from a camera that knows its owner: all of it goes through the worker. */

import { messageOf } from './refusals';
import { canUnseal, type UnsealedSession } from './trust/unsealer';
import type { Visit } from './trust/visit';
import type { Cause } from './watch-state';

export interface RelayedListener {
  /** More pictures were good. */
  counted(): void;
  /** There will be none. */
  lost(cause: Cause, detail: string): void;
}

export class Relayed {
  /** How many pictures were good; null before the first. */
  pictures: number | null = null;
  /** The camera has said that it encrypts none of them. */
  plain = false;
  private session: UnsealedSession | null = null;

  constructor(private readonly listener: RelayedListener) {}

  /** Whether what arrives is checked here. */
  get isOpen(): boolean {
    return this.session !== null;
  }

  begin(visit: Visit): void {
    const { listener } = this;
    if (!canUnseal()) return listener.lost('unsealable', 'this browser cannot open what the relay passes on');
    try {
      this.session = visit.unseal({
        pictures: (pictures, plain) => {
          this.pictures = pictures;
          this.plain = plain;
          listener.counted();
        },
        untrue: (detail) => listener.lost('untrusted', detail),
      });
    } catch (error) {
      listener.lost('unsealable', messageOf(error));
    }
  }

  /** Anybody could have made what this track brings. False where it cannot be checked: it is not to be shown. */
  guard(receiver: RTCRtpReceiver, kind: string, offer: string): boolean {
    try {
      if (!this.session) throw new Error('no worker stands before this track');
      this.session.attach(receiver, kind as 'video' | 'audio', offer);
      return true;
    } catch (error) {
      this.listener.lost('unsealable', messageOf(error));
      return false;
    }
  }

  /** An envelope or a plain. */
  letter(text: string): void {
    this.session?.letter(text);
  }

  /** The first picture is on the screen. */
  shown(): void {
    this.session?.shown();
  }

  end(): void {
    this.session?.end();
  }
}
