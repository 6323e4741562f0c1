import { expect, test } from 'vitest';
import type { Quality } from '../core/stats';
import { factList } from '../ui/facts';

const quality: Quality = {
  way: 'direct',
  roundTrip: 3.26,
  loss: 0,
  bitrate: 1_540_000,
  framesPerSecond: 29.8,
  width: 1280,
  height: 720,
  codec: 'H264',
  encryption: 'SRTP_AEAD_AES_128_GCM',
  localKind: 'host',
  remoteKind: 'host',
};

test('numbers come with their units, rounded as people read them', () => {
  expect(factList(quality, 71.6).map(([, value]) => value)).toEqual([
    '72 ms',
    '3.3 ms',
    '0.0 %',
    '1.5 Mbit/s',
    '1280 × 720, 30/s, H264',
    'DTLS-SRTP, AES-128-GCM',
  ]);
});

test('sealed frames are encrypted twice', () => {
  expect(factList(quality, null, 'sealed').at(-1)?.[1]).toBe(
    'SFrame (AES-128-GCM), in DTLS-SRTP, AES-128-GCM',
  );
});

test('what is not known is not made up', () => {
  const nothing = { ...quality, roundTrip: null, loss: null, bitrate: null, width: 0, encryption: null };
  expect(factList(nothing, null).map(([, value]) => value)).toEqual(['–', '–', '–', '–', '–', 'DTLS-SRTP']);
  expect(factList(null, null)[0]?.[1]).toBe('–');
});
