import { expect, test } from 'vitest';
import { KnownWays, type Store } from '../core/known-ways';

const DAY = 86_400_000;

function store(text: string | null = null): Store & { text: string | null } {
  return {
    text,
    getItem() {
      return this.text;
    },
    setItem(_: string, value: string) {
      this.text = value;
    },
  };
}

test('what won is known for this camera on this network alone, also after a reload', () => {
  const kept = store();
  new KnownWays(kept).learn('garden', 'home', 'relay', 0);
  const ways = new KnownWays(kept);
  expect(ways.recall('garden', 'home', DAY)).toBe('relay');
  expect(ways.recall('garden', 'office', DAY)).toBeNull();
  expect(ways.recall('door', 'home', DAY)).toBeNull();
  expect(ways.recall('garden', null, DAY)).toBeNull();
});

test('it is news for thirty days', () => {
  const ways = new KnownWays(store());
  ways.learn('garden', 'home', 'relay', 0);
  expect(ways.recall('garden', 'home', 30 * DAY - 1)).toBe('relay');
  expect(ways.recall('garden', 'home', 30 * DAY)).toBeNull();
});

test('it is bounded: the longest unheard goes first', () => {
  const kept = store();
  const ways = new KnownWays(kept);
  for (let i = 0; i < 250; i++) {
    ways.learn(`camera-${i}`, 'home', 'relay', i);
    ways.learn('camera-0', 'home', 'relay', i);
  }
  expect(Object.keys(JSON.parse(kept.text ?? '{}') as object)).toHaveLength(200);
  expect(ways.recall('camera-0', 'home', 250)).toBe('relay');
  expect(ways.recall('camera-1', 'home', 250)).toBeNull();
});

test('nothing is learnt without a network’s name', () => {
  const kept = store();
  new KnownWays(kept).learn('garden', null, 'relay', 0);
  expect(kept.text).toBeNull();
});

test.each([
  '{',
  '[1]',
  '"x"',
  '{"a+b":{"way":"teleport","at":1}}',
  '{"a+b":{"way":"relay"}}',
  '{"a+b":null}',
])('a store that holds %s is as good as empty', (text) => {
  expect(new KnownWays(store(text)).recall('a', 'b', 0)).toBeNull();
});

test('a full or closed store does no harm', () => {
  const closed: Store = {
    getItem: () => null,
    setItem: () => {
      throw new Error('QuotaExceededError');
    },
  };
  const ways = new KnownWays(closed);
  ways.learn('garden', 'home', 'relay', 0);
  expect(ways.recall('garden', 'home', 0)).toBe('relay');
  expect(new KnownWays(null).recall('garden', 'home', 0)).toBeNull();
});
