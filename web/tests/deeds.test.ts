import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { AuditEntry } from '../core/audit';
import { byDay, deedSentence } from '../ui/deeds';
import { deeds } from '../ui/words/activity';

const entry = (more: Partial<AuditEntry>): AuditEntry => ({
  number: 1,
  at: '2026-01-31T12:00:00Z',
  deed: 'camera_added',
  camera: 'id',
  by: 'me@example.org',
  address: '',
  details: {},
  erased: false,
  ...more,
});
const say = (more: Partial<AuditEntry>): string =>
  deedSentence(entry(more), 'me@example.org', (camera) => (camera === 'id' ? 'Garden' : null));

/** The names in `Deed = Literal[…]` of the server. */
function knownDeeds(): string[] {
  const source = readFileSync(new URL('../../signaling/audit.py', import.meta.url), 'utf8');
  const literal = /^Deed = Literal\[([^\]]*)\]/m.exec(source)?.[1] ?? '';
  return [...literal.matchAll(/"(\w+)"/g)].map((found) => found[1] ?? '');
}

test('every deed of the server has its sentence', () => {
  const known = knownDeeds();
  expect(known.length).toBeGreaterThan(10);
  const mute = known.filter((deed) => !(deed in deeds));
  expect(mute, 'deeds without a sentence: add one for each to `deeds` in web/ui/words/activity.ts').toEqual(
    [],
  );
});

test('a sentence is one, whoever acted and whatever is known', () => {
  for (const deed of Object.keys(deeds)) {
    for (const by of ['me@example.org', 'camera', 'visitor', 'server', 'other@example.org']) {
      expect(say({ deed, by }), deed).toMatch(/^([A-Z“]|other@).*\.$/);
      expect(say({ deed, by }), deed).not.toMatch(/undefined|null|\.\./);
    }
  }
});

test('the reader is “you”, others are named', () => {
  expect(say({})).toBe('You added “Garden”.');
  expect(say({ by: 'other@example.org' })).toBe('other@example.org added “Garden”.');
  expect(say({ deed: 'camera_removed', camera: 'gone' })).toBe('You removed a camera that is gone.');
  expect(say({ deed: 'camera_removed', camera: 'gone', details: { name: 'Yard' } })).toBe(
    'You removed “Yard”.',
  );
});

test('whoever watched did so for a while', () => {
  const details = { from: '2026-01-31T11:00:00Z', to: '2026-01-31T11:12:30Z', way: 'relay' };
  expect(say({ deed: 'watched', details })).toBe('You watched “Garden” for 12 min 30 s, through the relay.');
});

test('an entry whose words were taken away says so', () => {
  expect(say({ deed: 'signed_in', by: '', erased: true })).toBe(
    'Signed in: somebody erased from the database who did it and what it was.',
  );
});

test('a deed that nobody has told the app of says its name', () => {
  expect(say({ deed: 'moon_landed' })).toBe('Moon landed.');
});

test('entries stand under their day, in their order', () => {
  const at = (day: number, hour: number): string => new Date(2026, 0, day, hour).toISOString();
  const list = [entry({ at: at(2, 9) }), entry({ at: at(2, 8) }), entry({ at: at(1, 23) })];
  const days = byDay(list, 'en-GB');
  expect(days.map(({ entries }) => entries.length)).toEqual([2, 1]);
  expect(days[0]?.day).toContain('2 January 2026');
});
