/**
 * Which frames are new. A relay cannot make frames, but could send old ones again: the empty drive of an hour ago.
 *
 * No counter is taken twice, and none that is `WINDOW` or more below the highest taken. Within the window they may come in
 * any order: a newcomer hears the cached group beside the present, and what was lost on the way comes later.
 *
 * One exception, for pictures alone and only as long as the viewer has shown none: a whole group may come again, from its
 * key frame on, as often as `MAX_AGAIN`. The first may have reached the worker with gaps, so that nothing could be
 * decoded; the viewer then asks for a key frame and a relay answers with the same group. Who has shown nothing cannot be
 * deceived by seeing it once more. After the first picture the same question is answered with new counters or not at
 * all: the picture stands still, which everybody sees, and never goes back.
 *
 * One of these for each track of each epoch: sound that was heard is not heard again with a group of pictures. Pure.
 */

/**
 * In counters, of pictures and sound together. The longest group that is resent has 10 s (`MAX_GROUP_SECONDS` of the
 * relay): at 60 pictures of 4 slices and 50 packets of sound in a second, 2,900 counters; rounded up. A relay can hold
 * back what was never shown for as long: 50 s of one picture of one slice with sound, and nothing older.
 */
export const WINDOW = 4096;
/** Loss so bad that a third repetition fails as well is no matter of repetition. */
export const MAX_AGAIN = 3;

export class Replay {
  /** Counter modulo window → the counter that was taken there last. */
  private readonly taken = new Float64Array(WINDOW).fill(-1);
  private again = MAX_AGAIN;
  private highest: number;

  /** `next`: the camera's next counter when it handed out the key, or 0. */
  constructor(next: number) {
    this.highest = next - 1;
  }

  /** Sound has nothing to wait for: call it at once. For pictures: when the first is on the screen. */
  shown(): void {
    this.again = 0;
  }

  /**
   * Whether a frame with these counters is new; if so, it is not from now on. All or none are taken.
   *
   * Call it after the frame was authenticated: else anybody could use counters up.
   */
  take(counters: readonly number[], keyFrame: boolean): boolean {
    if (counters.length === 0 || new Set(counters).size !== counters.length) return false;
    const least = Math.min(...counters);
    if (least <= Math.max(...counters, this.highest) - WINDOW) return false;
    if (counters.some((counter) => this.isTaken(counter)) && !this.mayRepeat(least, keyFrame)) return false;
    for (const counter of counters) this.taken[counter % WINDOW] = counter;
    this.highest = Math.max(this.highest, ...counters);
    return true;
  }

  private isTaken(counter: number): boolean {
    return this.taken[counter % WINDOW] === counter;
  }

  /** A group begins again: what was taken of it is forgotten. */
  private mayRepeat(from: number, keyFrame: boolean): boolean {
    if (!keyFrame || this.again === 0) return false;
    this.again -= 1;
    this.taken.forEach((counter, at) => {
      if (counter >= from) this.taken[at] = -1;
    });
    return true;
  }
}
