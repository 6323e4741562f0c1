import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Connection } from '../core/connection';
import type { Viewer } from '../core/viewer';
import { fakeBrowser, FakePeer, FakeVideo, realBrowser } from './fake-browser';
import { FakeSocket } from './fake-socket';

beforeEach(fakeBrowser);
afterEach(realBrowser);

const HOUR = 3_600_000;
const socket = (): FakeSocket => FakeSocket.made.at(-1) as FakeSocket;
const connects = (): number => socket().sent.filter(({ method }) => method === 'connect').length;
const pass = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);

/** One that watches over a server that is there. */
async function watching(): Promise<{ connection: Connection; viewer: Viewer }> {
  const connection = new Connection();
  connection.start();
  await pass(0);
  socket().open();
  socket().answer('register', { id: 'me' });
  return { connection, viewer: connection.watch('camera-1') };
}

/** Its picture flows, a packet with every look; the last one has been seen. */
async function flowing(viewer: Viewer): Promise<FakePeer> {
  socket().answer('connect', { session: 's1', iceServers: [] });
  await pass(0);
  const peer = viewer.connection as unknown as FakePeer;
  (viewer.videos[0] as unknown as FakeVideo).firstFrame?.();
  for (peer.packets = 1; peer.packets < 10; peer.packets++) await pass(500);
  await pass(500);
  expect(viewer.phase).toBe('live');
  return peer;
}

describe.each([
  ['goes on', 0],
  ['is set back', -HOUR],
])('where the time of day %s', (_, change) => {
  test('a picture that stands still is called stalled, and another one asked for', async () => {
    const { connection, viewer } = await watching();
    await flowing(viewer);
    vi.setSystemTime(Date.now() + change);
    await pass(3_000);
    expect(viewer.phase).toBe('stalled');
    expect(connects()).toBe(2);
    connection.stop();
  });

  test('a camera that could not be reached is tried again', async () => {
    const { connection, viewer } = await watching();
    socket().refuse('connect', 480, 'away');
    await pass(0);
    expect(viewer.phase).toBe('waiting');
    vi.setSystemTime(Date.now() + change);
    await pass(1_000);
    expect(connects()).toBe(2);
    connection.stop();
  });
});

test('the time of the last frame is a time of day', async () => {
  const { connection, viewer } = await watching();
  await flowing(viewer);
  expect(Math.abs(Date.now() - (viewer.lastFrameAt ?? 0))).toBeLessThan(1_000);
  connection.stop();
});

test('a camera that refuses what this browser showed before it had something else is asked once more', async () => {
  const { connection, viewer } = await watching();
  connection.trustChanged([]);
  socket().refuse('connect', 495, 'this grant was revoked');
  await pass(0);
  expect([viewer.phase, connects()]).toEqual(['connecting', 2]);
  socket().refuse('connect', 495, 'this grant was revoked');
  await pass(10_000);
  expect([viewer.phase, connects()]).toEqual(['refused', 2]);
  connection.stop();
});
