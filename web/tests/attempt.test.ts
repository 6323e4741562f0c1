import { expect, test } from 'vitest';
import { sharesVideo, withoutStun } from '../core/attempt';

test('on the way to a relay no STUN server is asked, and a TURN server may be', () => {
  const turn = { urls: ['turn:t.example'], username: 'u', credential: 'c' };
  expect(withoutStun([{ urls: ['stun:cameras.example:3480'] }, turn])).toEqual([turn]);
  expect(withoutStun([{ ...turn, urls: ['stun:t.example', 'turn:t.example'] }])).toEqual([turn]);
  expect(withoutStun([{ urls: 'stuns:t.example' }])).toEqual([]);
});

test('a rejected section, or none at all, shares no video', () => {
  expect(sharesVideo('v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n')).toBe(true);
  expect(sharesVideo('v=0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\n')).toBe(false);
  expect(sharesVideo('v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n')).toBe(false);
});
