/**
 * The live list of cameras: the server's event stream, read by fetch, for ever.
 *
 * Events: `open` (the stream stands; changes while it was away are unknown, so read the list again), `camera`,
 * `removed`, `ended` (the login is no longer valid), `down` (no answer; trying again).
 */

import type { Api } from './api';
import { backoff } from './backoff';
import type { Camera } from './model';
import { EventReader, type ServerEvent } from './sse';

/** The server says something every 15 s: two missed and a bit. */
const SILENCE_MS = 35_000;
/** A browser grants six connections to a server, all its tabs together: one that nobody looks at gives its own back. */
const HIDDEN_MS = 20_000;
const RECONNECT = { first: 500, longest: 10_000 };

export class CameraEvents extends EventTarget {
  private abort: AbortController | null = null;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watchdog: ReturnType<typeof setTimeout> | undefined;
  private hidden: ReturnType<typeof setTimeout> | undefined;
  private wanted = false;

  constructor(
    private readonly api: Api,
    private readonly random: () => number = Math.random,
  ) {
    super();
  }

  start(): void {
    if (this.wanted) return;
    this.wanted = true;
    window.addEventListener('pagehide', this.rest);
    window.addEventListener('pageshow', this.wake);
    document.addEventListener('visibilitychange', this.onVisibility);
    this.wake();
  }

  stop(): void {
    this.wanted = false;
    window.removeEventListener('pagehide', this.rest);
    window.removeEventListener('pageshow', this.wake);
    document.removeEventListener('visibilitychange', this.onVisibility);
    this.rest();
  }

  /** Do not wait: the network may be back. */
  refresh(): void {
    if (!this.abort) return;
    this.rest();
    this.wake();
  }

  private readonly wake = (): void => {
    clearTimeout(this.hidden);
    if (this.wanted && !this.abort) void this.follow();
  };

  private readonly rest = (): void => {
    clearTimeout(this.hidden);
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
    this.abort?.abort();
    this.abort = null;
    this.failures = 0;
  };

  private readonly onVisibility = (): void => {
    if (!document.hidden) return this.wake();
    clearTimeout(this.hidden);
    this.hidden = setTimeout(this.rest, HIDDEN_MS);
  };

  private async follow(): Promise<void> {
    const abort = (this.abort = new AbortController());
    this.alive(abort);
    try {
      const init = this.api.requestInit();
      const response = await fetch(`${this.api.server}/api/events`, { ...init, signal: abort.signal });
      if (response.status === 401) return this.end();
      if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
      this.failures = 0;
      this.dispatchEvent(new Event('open'));
      await this.read(response.body, abort);
    } catch {
      if (abort.signal.aborted && this.abort !== abort) return;
      this.dispatchEvent(new Event('down'));
    }
    if (this.abort !== abort) return;
    clearTimeout(this.watchdog);
    this.timer = setTimeout(() => void this.follow(), backoff(this.failures++, this.random(), RECONNECT));
  }

  private async read(body: ReadableStream<Uint8Array>, abort: AbortController): Promise<void> {
    const text = body.pipeThrough(new TextDecoderStream() as never) as unknown as ReadableStream<string>;
    const reader = text.getReader();
    const events = new EventReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.abort !== abort) return;
      this.alive(abort);
      for (const event of events.read(value)) this.deliver(event);
    }
  }

  private alive(abort: AbortController): void {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
  }

  private deliver({ event, data }: ServerEvent): void {
    if (event === 'session_ended') return this.end();
    if (event !== 'camera' && event !== 'removed') return;
    const detail = JSON.parse(data) as Camera | { id: string };
    this.dispatchEvent(new CustomEvent(event, { detail }));
  }

  private end(): void {
    this.stop();
    this.dispatchEvent(new Event('ended'));
  }
}
