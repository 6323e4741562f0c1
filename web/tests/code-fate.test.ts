import { expect, test } from 'vitest';
import { codeFate, type CodeFate } from '../core/code-fate';
import type { Camera, PairingStep } from '../core/model';

const END = Date.parse('2026-01-31T12:05:00Z');
const NOW = END - 1;

function camera(step: PairingStep | null, change: Partial<Camera> = {}, id = 'shown'): Camera {
  const expires_at = new Date(END).toISOString();
  const pairing = {
    id,
    expires_at,
    server_url: 'https://cameras.example',
    pin: null,
    ssid: 'net',
    allowed_networks: [],
    hidden: false,
  };
  return {
    id: 'c',
    name: 'Garden',
    model: 'belvedere',
    state: 'pending',
    online: false,
    pairing: step && { ...pairing, step },
    confirmed: false,
    created_at: '2026-01-31T11:00:00Z',
    last_seen_at: null,
    hardware_id: null,
    local_ip: null,
    capabilities: {},
    problem: null,
    first_frame: false,
    direct_viewers: 2,
    access: { role: 'owner', owner: 'me@example.org', scopes: [], expires_at: null, grant: null },
    ...change,
  };
}

const BY_STEP: [PairingStep, CodeFate][] = [
  ['waiting', 'good'],
  ['seen', 'good'],
  ['activated', 'used'],
  ['online', 'used'],
  ['first_frame', 'used'],
  ['expired', 'expired'],
  ['failed', 'failed'],
];

test.each(BY_STEP)('the shown code at %s: %s', (step, fate) => {
  expect(codeFate('shown', camera(step), NOW)).toBe(fate);
});

test.each([
  ['waiting', 'replaced'],
  ['seen', 'replaced'],
  ['expired', 'replaced'],
  ['failed', 'replaced'],
  ['activated', 'used'],
] as const)('another code at %s leaves the shown one: %s', (step, fate) => {
  expect(codeFate('shown', camera(step, {}, 'another'), NOW)).toBe(fate);
});

test('it runs out by the clock before the server says so', () => {
  expect(codeFate('shown', camera('waiting'), END)).toBe('expired');
  expect(codeFate('shown', camera('seen'), END)).toBe('expired');
  expect(codeFate('shown', camera('activated'), END)).toBe('used');
});

test('a camera without a code has had its own taken back', () => {
  expect(codeFate('shown', camera(null), NOW)).toBe('cancelled');
  expect(codeFate('shown', camera(null, { state: 'active', confirmed: true }), NOW)).toBe('cancelled');
  expect(codeFate(null, camera(null, { state: 'unpaired' }), NOW)).toBe('cancelled');
});

test('a camera that is gone', () => expect(codeFate('shown', undefined, NOW)).toBe('removed'));

test.each([
  ['seen', 'used'],
  ['activated', 'used'],
  ['expired', 'expired'],
  ['waiting', 'replaced'],
] as const)('a page that only follows, at %s: %s', (step, fate) => {
  expect(codeFate(null, camera(step), NOW)).toBe(fate);
});

test('a page that follows an active camera needs no code', () => {
  expect(codeFate(null, camera(null, { state: 'active' }), NOW)).toBe('used');
});
