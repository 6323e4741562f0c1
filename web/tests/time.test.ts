import { expect, test } from 'vitest';
import { ago, countdown, lasted, since } from '../ui/time';

const MINUTE = 60_000;

test.each([
  [0, 'just now'],
  [59_000, 'just now'],
  [MINUTE, '1 minute ago'],
  [59 * MINUTE, '59 minutes ago'],
  [3 * 60 * MINUTE, '3 hours ago'],
  [24 * 60 * MINUTE, 'yesterday'],
  [-5_000, 'just now'],
])('%d ms', (distance, words) => {
  expect(ago(1e12 - distance, 1e12, 'en')).toBe(words);
});

test('the day is named only when it is another one', () => {
  const noon = new Date(2026, 0, 31, 12, 0).getTime();
  expect(since(new Date(2026, 0, 31, 9, 5).getTime(), noon, 'en-GB')).toBe('09:05');
  expect(since(new Date(2026, 0, 30, 9, 5).getTime(), noon, 'en-GB')).toContain('30 Jan');
});

test('a countdown promises no more than there is, and stops at nothing', () => {
  expect(countdown(600_000, 0)).toEqual({ minutes: 10, seconds: 0 });
  expect(countdown(600_999, 0)).toEqual({ minutes: 10, seconds: 0 });
  expect(countdown(61_999, 1_000)).toEqual({ minutes: 1, seconds: 0 });
  expect(countdown(0, 5_000)).toEqual({ minutes: 0, seconds: 0 });
});

test.each([
  [0, '0 s'],
  [-5, '0 s'],
  [40_000, '40 s'],
  [12 * MINUTE + 30_000, '12 min 30 s'],
  [2 * 60 * MINUTE + 5 * MINUTE + 7_000, '2 h 5 min'],
  [26 * 60 * MINUTE, '26 h'],
])('%d ms lasted %s', (length, words) => {
  expect(lasted(length)).toBe(words);
});
