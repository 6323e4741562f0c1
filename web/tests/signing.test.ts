import { expect, test } from 'vitest';
import type { Household } from '../ui/household';
import { renewAll } from '../ui/signing';

test('a camera that is gone holds up no other when a device is taken off', async () => {
  const asked: string[] = [];
  const refresh = (id: string): Promise<never> => {
    asked.push(id);
    return Promise.reject(new Error('not found'));
  };
  const mine = { key: 'k', owner: 'ring', orders: -1 };
  const cameras = new Map([
    ['gone', mine],
    ['here', mine],
  ]);
  const circle = { standing: { kind: 'member' }, ring: { name: 'ring' }, cameras, refresh };
  await renewAll({ trust: { circle } } as unknown as Household, 'leaver');
  expect(asked).toEqual(['gone', 'here']);
});
