import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Attempt, type AttemptOwner } from '../core/attempt';
import { EarlyCandidates } from '../core/early-candidates';
import { MAX_CANDIDATES } from '../core/messages';
import type { Prepared } from '../core/prepared';
import type { SignalingClient } from '../core/signaling';
import { fakeBrowser, FakePeer, FakeVideo, realBrowser } from './fake-browser';

const VIDEO = 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n';

/** Takes its time over the offer, and as a browser refuses candidates until then. */
class SlowPeer extends FakePeer {
  remoteDescription: object | null = null;
  readonly added: string[] = [];
  /** Call it to have the offer set. */
  described: () => void = () => undefined;

  setRemoteDescription = (offer: object): Promise<void> =>
    new Promise((resolve) => {
      this.described = () => {
        this.remoteDescription = offer;
        resolve();
      };
    });

  createAnswer = (): Promise<object> => Promise.resolve({ type: 'answer', sdp: VIDEO });
  setLocalDescription = (): Promise<void> => Promise.resolve();

  addIceCandidate({ candidate }: RTCIceCandidateInit): Promise<void> {
    if (!this.remoteDescription) return Promise.reject(new Error('InvalidStateError'));
    this.added.push(candidate ?? '');
    return Promise.resolve();
  }
}

const candidate = (name: string): RTCIceCandidateInit => ({ candidate: `candidate:${name}`, sdpMid: '0' });

function attempted(connection: SlowPeer): Attempt {
  const signaling: Partial<SignalingClient> = { connect: () => new Promise(() => undefined) };
  const prepared = { take: () => ({ connection, video: new FakeVideo(), stream: {} }) };
  const [line, stock, owner] = [signaling, prepared, {}] as unknown[];
  return new Attempt(1, 'camera', null, line as SignalingClient, stock as Prepared, owner as AttemptOwner);
}

beforeEach(fakeBrowser);
afterEach(realBrowser);

test('candidates before and amid the description are used once it is there, in order', async () => {
  const peer = new SlowPeer();
  const attempt = attempted(peer);
  attempt.candidate(candidate('before'));
  const replied = vi.fn();
  attempt.invited(VIDEO, null, replied, vi.fn());
  attempt.candidate(candidate('amid'));
  await vi.advanceTimersByTimeAsync(0);
  expect([peer.added, replied.mock.calls]).toEqual([[], []]);
  peer.described();
  await vi.advanceTimersByTimeAsync(0);
  attempt.candidate(candidate('after'));
  expect(replied).toHaveBeenCalledWith(VIDEO, null);
  expect(peer.added).toEqual(['candidate:before', 'candidate:amid', 'candidate:after']);
});

test('so many are held at most', () => {
  const early = new EarlyCandidates();
  for (let number = 0; number < MAX_CANDIDATES + 5; number++) early.add(candidate(String(number)));
  expect(early.take().length).toBe(MAX_CANDIDATES);
  expect(early.take()).toEqual([]);
});
