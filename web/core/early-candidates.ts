/** Bounded hold for candidates that arrive before the offer (DESIGN §4). */

import { MAX_CANDIDATES } from './messages';

export class EarlyCandidates {
  private readonly held: RTCIceCandidateInit[] = [];

  add(candidate: RTCIceCandidateInit): void {
    if (this.held.length < MAX_CANDIDATES) this.held.push(candidate);
  }

  take(): RTCIceCandidateInit[] {
    return this.held.splice(0);
  }
}
