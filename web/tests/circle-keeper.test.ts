import { expect, test, vi } from 'vitest';
import type { Api } from '../core/api';
import type { Circle } from '../core/trust/circle';
import { CircleKeeper } from '../ui/circle-keeper';

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
