/** How long the server keeps a session for us: asked for more while it is wanted. */

/** It is extended when this part of it is left. */
const EXTEND_AT = 0.5;
const RETRY_MS = 30_000;
/** A timer cannot hold more than 2^31 ms; a lease longer than a day is extended daily. */
const LONGEST_MS = 86_400_000;

export class Lease {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private over = false;

  /** `extend`: resolves to the seconds from then on, null for ever. `refused`: whether this error ends it. */
  constructor(
    private readonly extend: () => Promise<number | null>,
    private readonly refused: (error: unknown) => boolean,
  ) {}

  /** `seconds` null: it needs no lease. */
  keep(seconds: number | null): void {
    if (seconds !== null) this.later(Math.min(seconds * 1000, LONGEST_MS) * EXTEND_AT);
  }

  end(): void {
    this.over = true;
    clearTimeout(this.timer);
  }

  private later(milliseconds: number): void {
    if (!this.over) this.timer = setTimeout(() => void this.ask(), milliseconds);
  }

  private async ask(): Promise<void> {
    try {
      this.keep(await this.extend());
    } catch (error) {
      if (!this.over && !this.refused(error)) this.later(RETRY_MS);
    }
  }
}
