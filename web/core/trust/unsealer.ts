/**
 * The page's end of the worker through which all video of the relay goes (`worker.ts`). Made before anybody clicks, for a
 * worker takes some 40 ms to start.
 */

import type { Asked, News, Order, TrackOptions } from './worker-words';

/** Told of a session. `pictures`: how many were good so far; `plain`: the camera does not encrypt them. */
export interface UnsealedListener {
  pictures(pictures: number, plain: boolean): void;
  /** Somebody gave us a letter that the camera has not written. */
  untrue(detail: string): void;
}

/** This browser can put a worker between the relay and its decoder. */
export const canUnseal = (): boolean => typeof RTCRtpScriptTransform === 'function';

const ownWorker = (): Worker => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });

export class Unsealer {
  private worker: Worker | null = null;
  private readonly listeners = new Map<number, UnsealedListener>();
  private last = 0;

  constructor(private readonly make: () => Worker = ownWorker) {}

  /** Cheap to call often. */
  warm(): void {
    if (canUnseal()) this.ready();
  }

  begin(asked: Asked, listener: UnsealedListener): UnsealedSession {
    const worker = this.ready();
    const id = (this.last += 1);
    this.listeners.set(id, listener);
    worker.postMessage({ type: 'begin', id, ...asked } satisfies Order);
    return new UnsealedSession(id, worker, () => this.listeners.delete(id));
  }

  /** Whatever still goes through it shows no further picture. */
  close(): void {
    this.worker?.terminate();
    this.worker = null;
    this.listeners.clear();
  }

  private ready(): Worker {
    if (this.worker) return this.worker;
    const worker = (this.worker = this.make());
    worker.onmessage = ({ data }: MessageEvent<News>) => this.heard(data);
    // It could not be loaded, or has broken: the next session gets another.
    worker.onerror = () => {
      if (this.worker === worker) this.worker = null;
    };
    return worker;
  }

  private heard(news: News): void {
    const listener = this.listeners.get(news.id);
    if (news.type === 'pictures') listener?.pictures(news.pictures, news.plain);
    else listener?.untrue(news.detail);
  }
}

export class UnsealedSession {
  constructor(
    private readonly id: number,
    private readonly worker: Worker,
    private readonly ended: () => void,
  ) {}

  /** Call it inside `ontrack`: later, frames would go past the worker. `offer` names the codec, of which there is one. */
  attach(receiver: RTCRtpReceiver, kind: 'video' | 'audio', offer: string): void {
    const options: TrackOptions = { id: this.id, kind, codec: codecOf(kind, offer) };
    receiver.transform = new RTCRtpScriptTransform(this.worker, options);
  }

  letter(text: string): void {
    this.order({ type: 'letter', id: this.id, text });
  }

  /** The first picture is on the screen. */
  shown(): void {
    this.order({ type: 'shown', id: this.id });
  }

  end(): void {
    this.ended();
    this.order({ type: 'end', id: this.id });
  }

  private order(order: Order): void {
    this.worker.postMessage(order);
  }
}

/** Of the relay's offers, which name one of each kind: as it came from the camera. */
export function codecOf(kind: 'video' | 'audio', offer: string): TrackOptions['codec'] {
  if (kind === 'audio') return /^a=rtpmap:\d+ opus\//im.test(offer) ? 'opus' : null;
  const [, name] = /^a=rtpmap:\d+ (H264|VP8)\//im.exec(offer) ?? [];
  return name ? (name.toLowerCase() as 'h264' | 'vp8') : null;
}
