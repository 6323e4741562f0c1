import { expect, test } from 'vitest';
import { chosenScopes, endOf, hasEnded, type Grant } from '../core/sharing';
import { readTerms } from '../ui/pages/terms';

const NOW = Date.parse('2026-01-31T12:00:00Z');
const DAY = 86_400_000;
const grant = (expires_at: string | null): Grant => ({
  id: 'g',
  email: 'guest@example.org',
  scopes: ['live'],
  history_since: null,
  expires_at,
  created_at: '2026-01-01T00:00:00Z',
  chain: [],
});

test('what the page does not offer stays as it was', () => {
  expect(chosenScopes([], false)).toEqual(['live']);
  expect(chosenScopes([], true)).toEqual(['live', 'manage']);
  expect(chosenScopes(['history', 'live', 'manage', 'talk'], false)).toEqual(['live', 'history', 'talk']);
});

test('a right lasts as long as was said', () => {
  expect(endOf('forever', '', NOW)).toBeNull();
  expect(endOf('day', '', NOW)).toBe(new Date(NOW + DAY).toISOString());
  expect(endOf('week', '', NOW)).toBe(new Date(NOW + 7 * DAY).toISOString());
});

test('a last day is a whole day where the person is', () => {
  const end = new Date(endOf('date', '2026-02-03', NOW) ?? '');
  expect([end.getFullYear(), end.getMonth(), end.getDate(), end.getHours(), end.getMinutes()]).toEqual([
    2026, 1, 3, 23, 59,
  ]);
});

test.each(['2026-01-29', '', 'tomorrow', '2026-13-01'])('“%s” is no last day', (date) => {
  expect(endOf('date', date, NOW)).toBeUndefined();
});

test('a grant ends with its moment', () => {
  expect(hasEnded(grant(null), NOW)).toBe(false);
  expect(hasEnded(grant('2026-01-31T12:00:01Z'), NOW)).toBe(false);
  expect(hasEnded(grant('2026-01-31T12:00:00Z'), NOW)).toBe(true);
});

test('a form says what to give, leaves the end alone, or names no day', () => {
  expect(readTerms({ right: 'manage', lasting: 'forever' }, [], NOW)).toEqual({
    scopes: ['live', 'manage'],
    until: null,
  });
  expect(readTerms({ right: 'live', lasting: 'same' }, ['live', 'talk'], NOW)).toEqual({
    scopes: ['live', 'talk'],
  });
  expect(readTerms({ right: 'live', lasting: 'date', date: '2020-01-01' }, [], NOW)).toBeNull();
});
