/** What `core/` uses of a browser, as far as tests go: peer connections, players, a page. */

import { vi } from 'vitest';
import { FakeSocket } from './fake-socket';

export class FakePeer extends EventTarget {
  /** Those that nobody has closed. */
  static readonly open = new Set<FakePeer>();
  signalingState = 'stable';
  /** What has come so far, where video does. */
  packets: number | null = null;
  /** Pictures, where it counts them. */
  decoded: number | undefined;

  constructor() {
    super();
    FakePeer.open.add(this);
  }

  getConfiguration = (): object => ({});
  setConfiguration = (): void => undefined;

  getStats(): Promise<Map<string, object>> {
    const video = {
      id: 'v',
      type: 'inbound-rtp',
      kind: 'video',
      packetsReceived: this.packets,
      framesDecoded: this.decoded,
    };
    return Promise.resolve(new Map(this.packets === null ? [] : [['v', video]]));
  }

  close(): void {
    FakePeer.open.delete(this);
  }
}

export class FakeVideo extends EventTarget {
  muted = false;
  /** Call it to have the first frame on screen. */
  firstFrame: (() => void) | undefined;
  remove = (): void => undefined;

  requestVideoFrameCallback(call: () => void): void {
    this.firstFrame = call;
  }
}

/** Before each test; the clock is the test's. */
export function fakeBrowser(): void {
  vi.useFakeTimers();
  FakePeer.open.clear();
  FakeSocket.made = [];
  const page = { hidden: false, readyState: 'complete', createElement: () => new FakeVideo() };
  vi.stubGlobal('location', { origin: 'https://cameras.example' });
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('document', Object.assign(new EventTarget(), page));
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('MediaStream', class {});
  vi.stubGlobal('RTCPeerConnection', FakePeer);
  vi.stubGlobal('WebSocket', FakeSocket);
}

export function realBrowser(): void {
  vi.useRealTimers();
  vi.unstubAllGlobals();
}
