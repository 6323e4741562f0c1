import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Api } from '../core/api';
import { Circle } from '../core/trust/circle';
import { CircleKeeper } from '../ui/circle-keeper';
import { Household } from '../ui/household';
import { prepareProof } from '../ui/pages/pairing-proof';
import { fakeBrowser, realBrowser } from './fake-browser';

beforeEach(fakeBrowser);
afterEach(() => {
  realBrowser();
  vi.restoreAllMocks();
});

test('a refused viewer asks who belongs, where this browser is not known to', async () => {
  const asked: string[] = [];
  const standing = { kind: 'alone' };
  const circle = {
    standing,
    catchUp: () => Promise.resolve(void asked.push('who')),
    refresh: (id: string) => Promise.resolve(void asked.push(id)),
  };
  const keeper = new CircleKeeper({} as Api);
  keeper.circle = circle as unknown as Circle;
  keeper.look('c1');
  await vi.waitFor(() => expect(asked).toEqual(['who', 'c1']));
  standing.kind = 'member';
  keeper.look('c2');
  await vi.waitFor(() => expect(asked).toEqual(['who', 'c1', 'c2']));
});

test('what is signed about cameras has the time of this browser, not of the server', async () => {
  vi.setSystemTime(1_800_000_000_000);
  const open = vi.spyOn(Circle, 'open').mockResolvedValue(new EventTarget() as Circle);
  await new CircleKeeper({ now: () => 9e15 } as unknown as Api).open('me');
  expect(open.mock.calls[0]![2]()).toBe(1_800_000_000);
});

test('where there is no circle, or none any more, no server is believed', async () => {
  vi.stubGlobal('indexedDB', undefined);
  const household = new Household();
  const { connection, trust } = household;
  const changed = vi.spyOn(connection, 'trustChanged');
  expect(connection.visits.unable('c1')).toBe('stranger');
  await trust.open('me');
  expect(connection.visits.believesServer('c1')).toBe(true);
  changed.mockClear();
  await expect(trust.forget()).rejects.toThrow();
  expect([connection.visits.unable('c1'), changed.mock.calls.length]).toEqual(['stranger', 1]);
});

test('the first device of an account believes nothing of what the server lists', async () => {
  vi.stubGlobal('navigator', { userAgent: 'x' });
  const believed: string[] = [];
  const circle = {
    standing: { kind: 'alone' },
    begin: () => Promise.resolve(),
    catchUp: () => Promise.resolve(),
    trustServer: (id: string) => Promise.resolve(void believed.push(id)),
  };
  const keeper = new CircleKeeper({} as Api);
  keeper.circle = circle as unknown as Circle;
  keeper.catchUp([{ id: 'ghost', protected: false }] as never);
  await keeper.begin();
  expect(believed).toEqual([]);
});

test('a key is new where a device of ours says so', async () => {
  const cameras = new Map([['c1', { key: 'old' }]]);
  const refresh = vi.fn(() => Promise.resolve());
  const keeper = new CircleKeeper({} as Api);
  keeper.circle = { cameras, catchUp: () => Promise.resolve(), refresh } as unknown as Circle;
  expect(await keeper.hasNewKey('c1', 'old')).toBe(false);
  refresh.mockImplementation(() => Promise.resolve(void cameras.set('c1', { key: 'new' })));
  expect(await keeper.hasNewKey('c1', 'old')).toBe(true);
  expect(await keeper.hasNewKey('c2', null)).toBe(false);
});

test('no code is drawn while the server shows other devices, and none makes it believed', async () => {
  const trustServer = vi.fn();
  const circle = {
    standing: { kind: 'replaced' },
    catchUp: () => Promise.resolve(),
    drawSecret: () => Promise.resolve(null),
    trustServer,
  };
  const household = { trust: { circle } } as unknown as Household;
  await expect(prepareProof(household, 'c1', {} as never, 'belvedere')).rejects.toThrow('other devices');
  await prepareProof(household, 'c1', {} as never, 'generic');
  expect(trustServer).not.toHaveBeenCalled();
});
