import { expect, test } from 'vitest';
import type { Camera, Pairing } from '../core/model';
import { isCancellable, isContested, pairingProgress, standing, stuckAt } from '../core/states';

const NOW = Date.parse('2026-01-31T12:00:00Z');
const pairing: Pairing = {
  id: 'p1',
  step: 'waiting',
  expires_at: '2026-01-31T12:05:00Z',
  server_url: 'https://cameras.example',
  pin: null,
  ssid: 'net',
  hidden: false,
  allowed_networks: [],
};
const camera: Camera = {
  id: 'c',
  name: 'Garden',
  model: 'belvedere',
  state: 'active',
  online: true,
  pairing: null,
  confirmed: true,
  created_at: '2026-01-31T11:00:00Z',
  last_seen_at: '2026-01-31T11:59:00Z',
  hardware_id: null,
  local_ip: null,
  capabilities: {},
  problem: null,
  first_frame: true,
  direct_viewers: 2,
  access: { role: 'owner', owner: 'me@example.org', scopes: [], expires_at: null, grant: null },
};

test.each([
  ['online', {}],
  ['offline', { online: false }],
  ['confirm', { confirmed: false, pairing: { ...pairing, step: 'online' } }],
  ['pairing', { online: false, confirmed: false, last_seen_at: null }],
  ['waiting', { state: 'pending', online: false, pairing }],
  ['pairing', { state: 'pending', online: false, pairing: { ...pairing, step: 'seen' } }],
  ['expired', { state: 'pending', online: false, pairing: { ...pairing, step: 'expired' } }],
  ['expired', { state: 'pending', pairing: { ...pairing, expires_at: '2026-01-31T11:59:59Z' } }],
  ['unpaired', { state: 'unpaired', online: false }],
] as const)('%s', (expected, change) => {
  expect(standing({ ...camera, ...change }, NOW)).toBe(expected);
});

test('a step is under way until the next one has come', () => {
  expect(['waiting', 'seen', 'activated', 'online', 'first_frame'].map(pairingProgress)).toEqual([
    0, 2, 3, 4, 5,
  ]);
});

test.each([
  ['waiting', true],
  ['seen', true],
  ['expired', true],
  ['failed', true],
  ['activated', false],
  ['online', false],
  ['first_frame', false],
] as const)('a pairing that is %s can be cancelled: %s', (step, can) => {
  expect(isCancellable({ ...pairing, step })).toBe(can);
});

test('no pairing cannot be cancelled', () => expect(isCancellable(null)).toBe(false));

test.each([
  ['waiting', 'code'],
  ['seen', 'server'],
  ['activated', 'server'],
  ['online', null],
] as const)('a minute of silence at %s points to: %s', (step, where) => {
  expect(stuckAt(step, 59_999)).toBe(null);
  expect(stuckAt(step, 60_000)).toBe(where);
});

test('a contested key is told whether the camera is online or not', () => {
  const problem = { code: 'identity_contested', detail: '' };
  expect(isContested({ ...camera, problem })).toBe(true);
  expect(isContested({ ...camera, online: false, problem })).toBe(true);
  expect(isContested(camera)).toBe(false);
});
