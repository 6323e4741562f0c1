/** When to try again: exponential with full jitter, so that a thousand clients do not return in step. */

export interface BackoffBounds {
  /** Upper end of the first wait, milliseconds. */
  first: number;
  /** No wait is longer, milliseconds. */
  longest: number;
}

/**
 * The wait before attempt `failures` + 1, in milliseconds.
 * `random` is uniform in [0, 1). A tenth of the upper end is kept as a floor: never a hot loop.
 */
export function backoff(failures: number, random: number, bounds: BackoffBounds): number {
  const upper = Math.min(bounds.longest, bounds.first * 2 ** Math.min(failures, 20));
  return upper * (0.1 + 0.9 * random);
}
