import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Connection } from '../core/connection';
import { fakeBrowser, FakePeer, realBrowser } from './fake-browser';
import { FakeSocket } from './fake-socket';

function started(): Connection {
  const connection = new Connection();
  connection.start();
  return connection;
}

beforeEach(fakeBrowser);
afterEach(realBrowser);

test('stopped while somebody watches, whose page leaves afterwards: nothing is left open', async () => {
  const connection = started();
  const viewer = connection.watch('camera-1');
  await vi.advanceTimersByTimeAsync(3_000);
  expect(FakePeer.open.size).toBe(2);
  connection.stop();
  connection.leave(viewer);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakePeer.open.size).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test('a camera that nobody answers for is left with all that was opened for it', async () => {
  const connection = started();
  const viewer = connection.watch('camera-1');
  await vi.advanceTimersByTimeAsync(600_000);
  expect(FakePeer.open.size).toBeLessThan(5);
  connection.leave(viewer);
  expect(FakePeer.open.size).toBe(1);
  connection.stop();
  expect(FakePeer.open.size).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

describe('a browser whose peer connections are switched off', () => {
  beforeEach(() => {
    class SwitchedOff {
      constructor() {
        throw new DOMException('not allowed here', 'NotAllowedError');
      }
    }
    vi.stubGlobal('RTCPeerConnection', SwitchedOff);
  });

  test('says so at once, and leaves the session that was asked for', async () => {
    const connection = started();
    await vi.advanceTimersByTimeAsync(0);
    const socket = FakeSocket.made[0] as FakeSocket;
    socket.open();
    socket.answer('register', { id: 'me' });
    const viewer = connection.watch('camera-1');
    await vi.advanceTimersByTimeAsync(0);
    expect([viewer.phase, viewer.cause]).toEqual(['refused', 'webrtc']);
    socket.answer('connect', { session: 's1', iceServers: [] });
    socket.say({ id: 'd1', method: 'invite', params: { session: 's1', offer: 'v=0' } });
    await vi.advanceTimersByTimeAsync(0);
    expect(socket.last('belvedere.close')).toMatchObject({ params: { session: 's1' } });
    expect(viewer.phase).toBe('refused');
    connection.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('shows the picture once they are allowed and somebody asks again', async () => {
    const connection = started();
    const viewer = connection.watch('camera-1');
    await vi.advanceTimersByTimeAsync(0);
    vi.stubGlobal('RTCPeerConnection', FakePeer);
    viewer.start();
    await vi.advanceTimersByTimeAsync(0);
    expect([viewer.phase, viewer.cause, viewer.videos.length]).toEqual(['connecting', null, 1]);
    connection.stop();
  });
});

test.each([
  [200, 2, 'connecting'],
  [401, 1, 'unauthorized'],
  [503, 2, 'connecting'],
])('refused by the socket, while its API says %i: %i tries', async (status, tries, state) => {
  const asked = vi.fn(async () => Response.json({}, { status }));
  vi.stubGlobal('fetch', asked);
  const connection = started();
  await vi.advanceTimersByTimeAsync(0);
  const socket = FakeSocket.made[0] as FakeSocket;
  socket.open();
  socket.refuse('register', 401, 'no');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked).toHaveBeenCalledExactlyOnceWith('/api/me', expect.anything());
  expect([FakeSocket.made.length, connection.signaling.state]).toEqual([tries, state]);
  connection.stop();
});

test('a page that comes back by “back” goes on with what it watched, and with nothing else', () => {
  const connection = started();
  const [seen, unseen, left] = ['a', 'b', 'c'].map((camera) => connection.watch(camera));
  unseen?.stop();
  window.dispatchEvent(new Event('pagehide'));
  expect([seen?.phase, FakePeer.open.size]).toEqual(['idle', 0]);
  if (left) connection.leave(left);
  window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  expect([seen?.phase, unseen?.phase, left?.phase]).toEqual(['connecting', 'idle', 'idle']);
  connection.stop();
  expect(FakePeer.open.size).toBe(0);
});
