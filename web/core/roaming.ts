/**
 * Tells when this device may be on another network than a moment ago: its system says so, or it has slept (the clock
 * jumped, for timers stand still in a closed laptop).
 */

const LOOK_MS = 1_000;
/** A busy page is seconds late, a sleeping one longer. */
const SLEPT_MS = 5_000;
/** Unseen for longer, it may have been anywhere: nobody minds a new socket then. */
const HIDDEN_MS = 60_000;

interface NetworkInformation extends EventTarget {
  /** `wifi`, `cellular` …; phones alone tell. */
  type?: string;
}

export class Roaming {
  private timer: ReturnType<typeof setInterval> | undefined;
  private lookedAt = 0;
  private hiddenAt = 0;
  private slept = false;
  private readonly network = (navigator as { connection?: NetworkInformation }).connection;
  private type = this.network?.type;

  constructor(private readonly moved: () => void) {}

  start(): void {
    if (this.timer !== undefined) return;
    this.lookedAt = this.hiddenAt = Date.now();
    this.timer = setInterval(() => this.look(), LOOK_MS);
    window.addEventListener('online', this.moved);
    document.addEventListener('visibilitychange', this.onVisibility);
    this.network?.addEventListener('change', this.onNetwork);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    window.removeEventListener('online', this.moved);
    document.removeEventListener('visibilitychange', this.onVisibility);
    this.network?.removeEventListener('change', this.onNetwork);
  }

  private look(): void {
    const now = Date.now();
    this.slept ||= now - this.lookedAt > SLEPT_MS;
    this.lookedAt = now;
    if (this.slept && !document.hidden) this.tell();
  }

  private tell(): void {
    this.slept = false;
    // The look that is late by as much has nothing to add.
    this.lookedAt = Date.now();
    this.moved();
  }

  private readonly onVisibility = (): void => {
    const now = Date.now();
    if (document.hidden) this.hiddenAt = now;
    else if (this.slept || now - this.hiddenAt > HIDDEN_MS) this.tell();
  };

  /** It also changes with every new guess of the speed, which is no news. */
  private readonly onNetwork = (): void => {
    if (this.network?.type === this.type) return;
    this.type = this.network?.type;
    this.moved();
  };
}
