import { expect, test } from 'vitest';
import { quality, rates, sample, wayOf, type Sample } from '../core/stats';

type Entry = { id: string; type: string } & Record<string, unknown>;
const report = (...entries: Entry[]) => new Map(entries.map((entry) => [entry.id, entry]));

const video: Entry = {
  id: 'v',
  type: 'inbound-rtp',
  kind: 'video',
  codecId: 'c',
  bytesReceived: 1_000_000,
  packetsReceived: 1_000,
  packetsLost: 10,
  framesDecoded: 300,
  frameWidth: 1280,
  frameHeight: 720,
};
const codec: Entry = { id: 'c', type: 'codec', mimeType: 'video/H264' };
const pair: Entry = {
  id: 'p',
  type: 'candidate-pair',
  localCandidateId: 'l',
  remoteCandidateId: 'r',
  currentRoundTripTime: 0.012,
};
const other: Entry = { ...pair, id: 'q', localCandidateId: 'x' };
const host: Entry = { id: 'l', type: 'local-candidate', candidateType: 'host' };
const reflexive: Entry = { id: 'r', type: 'remote-candidate', candidateType: 'srflx' };
const relayed: Entry = { id: 'r', type: 'remote-candidate', candidateType: 'relay' };
const transport: Entry = {
  id: 't',
  type: 'transport',
  selectedCandidatePairId: 'p',
  srtpCipher: 'AEAD_AES_128_GCM',
};

test('Chromium: the transport names the pair', () => {
  const seen = quality(report(video, codec, other, pair, host, reflexive, transport), null, null);
  expect(seen).toMatchObject({
    way: 'direct',
    roundTrip: 12,
    width: 1280,
    height: 720,
    codec: 'H264',
    encryption: 'AEAD_AES_128_GCM',
  });
});

test('Firefox: the pair itself is marked', () => {
  const seen = quality(report(video, other, { ...pair, selected: true }, host, relayed), null, null);
  expect(seen.way).toBe('turn');
});

test('Safari: the nominated pair that succeeded', () => {
  const used = { ...pair, nominated: true, state: 'succeeded' };
  expect(quality(report(other, used, host, reflexive), null, null).way).toBe('direct');
});

test('no pair yet: the way is not known, and nothing is claimed', () => {
  expect(quality(report(video), null, null)).toMatchObject({ way: null, roundTrip: null, loss: null });
});

test.each([
  ['direct', 'host', 'host', 'direct'],
  ['direct', 'prflx', 'srflx', 'direct'],
  ['direct', 'relay', 'host', 'turn'],
  ['direct', 'host', 'relay', 'turn'],
  ['relay', 'host', 'host', 'relay'],
  ['relay', 'relay', 'host', 'relay'],
] as const)('a session via %s, from %s to %s, is %s', (via, local, remote, way) => {
  expect(wayOf(via, local, remote)).toBe(way);
});

test('a browser that counts no pictures has no rate of them', () => {
  const { framesDecoded: _, ...silent } = video;
  const before = sample(report(silent), 10_000) as Sample;
  expect(before.frames).toBeNull();
  const after = { ...before, at: 12_000, packets: 1_100 };
  expect(rates(before, after)).toEqual({ loss: 0, bitrate: 0, framesPerSecond: null });
});

test('rates are taken between two samples', () => {
  const before = sample(report(video), 10_000) as Sample;
  const after: Sample = { at: 12_000, bytes: 1_500_000, packets: 1_396, lost: 14, frames: 360 };
  expect(rates(before, after)).toEqual({ loss: 1, bitrate: 2_000_000, framesPerSecond: 30 });
});

test('duplicates lower the cumulative loss, but no one loses less than nothing', () => {
  const before: Sample = { at: 0, bytes: 0, packets: 100, lost: 5, frames: 0 };
  const after: Sample = { at: 1000, bytes: 10, packets: 200, lost: 3, frames: 30 };
  expect(rates(before, after).loss).toBe(0);
});

test('a clock that stands still divides by nothing', () => {
  const one: Sample = { at: 5, bytes: 1, packets: 1, lost: 0, frames: 1 };
  expect(rates(one, one)).toEqual({ loss: null, bitrate: null, framesPerSecond: null });
});

test('before the first packet there is no sample', () => {
  expect(sample(report(transport), 0)).toBeNull();
});
