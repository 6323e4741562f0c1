import { expect, test } from 'vitest';
import { decode, readCandidate, readConnected, readIceServers, SignalingError } from '../core/messages';

const text = (value: object): string => JSON.stringify({ jsonrpc: '2.0', ...value });

test('requests, notifications, results and failures are told apart', () => {
  expect(decode(text({ id: 1, method: 'invite', params: { a: 1 } }))).toMatchObject({
    kind: 'request',
    id: 1,
  });
  expect(decode(text({ method: 'trickle' }))).toEqual({
    kind: 'notification',
    method: 'trickle',
    params: {},
  });
  expect(decode(text({ id: 'x', result: {} }))).toEqual({ kind: 'result', id: 'x', result: {} });
  expect(decode(text({ id: null, error: { code: 1 } }))).toEqual({
    kind: 'failure',
    id: null,
    code: 1,
    message: '',
  });
});

test.each([
  text({ id: null, method: 'invite' }),
  text({ id: 1.5, method: 'invite' }),
  text({ id: 1, method: 'invite', params: [] }),
  text({ id: 1 }),
  text({ id: 1, result: 5 }),
  text({ id: 1, error: { code: 'x' } }),
  '{',
])('%s is refused', (message) => {
  expect(() => decode(message)).toThrow(SignalingError);
});

test('ICE servers a browser would choke on are left out, the others stay', () => {
  const servers = [
    { urls: ['stun:stun.example'] },
    { urls: ['turn:turn.example?transport=udp'], username: 'u', credential: 'c' },
    { urls: ['http://nonsense'] },
    { urls: 'stun:not-an-array' },
    null,
    { urls: ['turns:turn.example'], username: 5 },
  ];
  expect(readIceServers(servers)).toEqual([
    { urls: ['stun:stun.example'] },
    { urls: ['turn:turn.example?transport=udp'], username: 'u', credential: 'c' },
    { urls: ['turns:turn.example'] },
  ]);
  expect(readIceServers('none')).toEqual([]);
});

test('connect: the session is needed, the rest may be missing', () => {
  expect(readConnected({ session: 's' })).toEqual({
    session: 's',
    iceServers: [],
    expiryTimeSeconds: null,
    ticket: null,
    via: 'direct',
    ways: ['direct'],
    cameraRoundTripMs: null,
  });
  expect(() => readConnected({})).toThrow(SignalingError);
});

test('ways that nobody knows are left out', () => {
  const connected = (belvedere: object): object => readConnected({ session: 's', belvedere });
  const odd = { via: 'pigeon', ways: ['pigeon', 'relay', 5], roundTripMs: -1 };
  expect(connected(odd)).toMatchObject({ via: 'direct', ways: ['relay'], cameraRoundTripMs: null });
  expect(connected({ via: 'relay', ways: 'relay' })).toMatchObject({ via: 'relay', ways: ['relay'] });
});

test('a candidate keeps only what a candidate has', () => {
  expect(readCandidate({ candidate: 'c', sdpMid: '0', sdpMLineIndex: 0, extra: 1 })).toEqual({
    candidate: 'c',
    sdpMid: '0',
    sdpMLineIndex: 0,
  });
  expect(readCandidate({})).toEqual({ candidate: '' });
  expect(() => readCandidate('c')).toThrow(SignalingError);
});
