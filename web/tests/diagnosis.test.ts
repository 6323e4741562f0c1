import { expect, test } from 'vitest';
import { detour, diagnose, type Case } from '../core/diagnosis';
import { Witness } from '../core/evidence';
import { notWatching, type Watching } from '../core/watch-state';

const STUN = { urls: ['stun:cameras.example:3480'] };
const TURN = { urls: ['turn:turn.example:3478?transport=udp'] };

/** A browser that asked `servers`, gathered `ours` and heard of `theirs`. */
function saw(servers: RTCIceServer[], ours: string, theirs: string, ...errors: [string, number][]): Witness {
  const witness = new Witness();
  witness.asked(servers);
  for (const kind of ours.split(' '))
    witness.made({ candidate: `candidate:1 1 udp 1 192.0.2.1 4 typ ${kind}` });
  for (const kind of theirs.split(' ')) witness.heard(`a=candidate:1 1 udp 1 192.0.2.2 5 typ ${kind}\r\n`);
  for (const [url, errorCode] of errors) witness.failed({ url, errorCode });
  witness.made(null);
  return witness;
}

const blocked: Case = {
  cause: 'path',
  faults: { direct: 'path' },
  ways: ['direct'],
  rule: 'auto',
  direct: null,
};
const silent = saw([STUN], 'host', 'host', ['stun:cameras.example:3480', 701]);
const mapped = saw([STUN], 'host srflx', 'host srflx');

test.each([
  [{ cause: 'offline' }, 'camera_unavailable'],
  [{ cause: 'asleep' }, 'camera_asleep'],
  [{ cause: 'signaling' }, 'server_away'],
  [{ cause: 'codec' }, 'no_common_codec'],
  [{ cause: 'silent' }, 'source_failed'],
  [{ cause: 'ended' }, null],
  [{ cause: 'forbidden' }, null],
  [{ cause: 'busy', faults: { direct: 'busy' } }, 'too_many_viewers'],
  [{ faults: { direct: 'path', relay: 'busy' } }, 'relay_full'],
  [{ cause: 'closed', faults: { direct: 'closed', relay: 'closed' } }, 'relay_unreachable'],
  [{ rule: 'never_relay' }, 'relay_off'],
  [{ rule: 'never_relay', direct: silent }, 'relay_off'],
  [
    { direct: saw([STUN, TURN], 'host srflx', 'host', ['turn:turn.example:3478?transport=udp', 401]) },
    'turn_refused',
  ],
  [{ direct: saw([STUN, TURN], 'host', 'host', ['stun:cameras.example:3480', 701]) }, 'udp_blocked'],
  [{ direct: silent, faults: { direct: 'path', relay: 'path' }, ways: ['direct', 'relay'] }, 'udp_blocked'],
  [{ direct: silent }, 'stun_silent'],
  [{ direct: mapped, faults: { direct: 'path', relay: 'path' } }, 'relay_unreachable'],
  [{ direct: mapped, faults: { direct: 'path', relay: 'offline' } }, 'relay_unreachable'],
  [{ direct: mapped }, 'camera_symmetric_nat'],
  [{ direct: saw([STUN], 'host srflx', 'host') }, 'no_direct_way'],
  [{}, 'no_direct_way'],
] as [Partial<Case>, string | null][])('%o is %s', (found, code) => {
  expect(diagnose({ ...blocked, ...found })).toBe(code);
});

test('a server that has not answered when the attempt ends is silent, one that said no is not', () => {
  const waiting = new Witness();
  waiting.asked([STUN]);
  waiting.made({ candidate: 'candidate:1 1 udp 1 192.0.2.1 4 typ host' });
  expect(diagnose({ ...blocked, direct: waiting })).toBe('stun_silent');
  // On a public address the mapped one is the same, and is left out.
  expect(diagnose({ ...blocked, direct: saw([STUN], 'host', 'host') })).toBe('no_direct_way');
});

test('what a broken server may make a browser say is bounded', () => {
  const witness = new Witness();
  for (let i = 0; i < 100; i++) witness.failed({ url: 'turn:t', errorCode: 401 });
  expect(witness.errors).toHaveLength(32);
});

const relayed: Watching = { ...notWatching, phase: 'live', via: 'relay', shown: 2 };

test.each([
  [{ ...relayed, via: 'direct' }, 'auto', null, null],
  [relayed, 'always_relay', null, 'rule'],
  [{ ...relayed, faults: { direct: 'closed' } }, 'auto', null, 'limit'],
  [{ ...relayed, trying: { direct: 1, relay: null } }, 'auto', null, 'trying'],
  [{ ...relayed, faults: { direct: 'path' } }, 'auto', silent, 'blocked'],
  [{ ...relayed, faults: { direct: 'path' } }, null, mapped, 'path'],
] as [Watching, 'auto' | null, Witness | null, string | null][])(
  'case %#: why the relay',
  (watching, rule, direct, why) => {
    expect(detour(watching, rule, direct)).toBe(why);
  },
);
