import { expect, test } from 'vitest';
import { backoff } from '../core/backoff';

const bounds = { first: 500, longest: 15_000 };

test('the upper end doubles until the longest wait', () => {
  expect([0, 1, 2, 3].map((failures) => backoff(failures, 1, bounds))).toEqual([500, 1000, 2000, 4000]);
  expect(backoff(9, 1, bounds)).toBe(15_000);
});

test('thousands of failures stay at the longest wait', () => {
  expect(backoff(5_000, 1, bounds)).toBe(15_000);
});

test('chance spreads the wait over the whole range but never makes a hot loop', () => {
  expect(backoff(3, 0, bounds)).toBe(400);
  expect(backoff(3, 0.5, bounds)).toBeCloseTo(2200);
});
