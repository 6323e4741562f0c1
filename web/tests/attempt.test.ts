import { expect, test } from 'vitest';
import { sharesVideo } from '../core/attempt';

test('a rejected section, or none at all, shares no video', () => {
  expect(sharesVideo('v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n')).toBe(true);
  expect(sharesVideo('v=0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\n')).toBe(false);
  expect(sharesVideo('v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n')).toBe(false);
});
