/** The wire as data: the same files that the server's tests read. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  decode,
  readCandidate,
  readConnected,
  readEnvelope,
  readProof,
  readRegistered,
  SignalingError,
  type Params,
} from '../core/messages';

const folder = join(import.meta.dirname, '../../tests/vectors');

interface Vector {
  name: string;
  to?: string;
  type?: string;
  message?: Params;
  text?: string;
}

const extra = (wire: Params): Params => (wire['belvedere'] ?? {}) as Params;
const read = (file: string): Vector[] => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Vector[];

describe('valid messages', () => {
  test.each(read('messages.json').map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const message = decode(JSON.stringify(vector.message));
    if (vector.to !== 'client') return;
    if (vector.type === 'RegisterResult' && message.kind === 'result') {
      const wire = vector.message?.['result'] as Params;
      const network = extra(wire)['network'] ?? null;
      expect(readRegistered(message.result)).toMatchObject({ id: wire['id'], network });
    }
    if (vector.type === 'ConnectResult' && message.kind === 'result') {
      const wire = vector.message?.['result'] as Params;
      expect(readConnected(message.result)).toMatchObject({
        session: wire['session'],
        iceServers: wire['iceServers'],
        via: extra(wire)['via'] ?? 'direct',
        ways: extra(wire)['ways'] ?? ['direct'],
        cameraRoundTripMs: extra(wire)['roundTripMs'] ?? null,
      });
    }
    if (vector.type === 'InviteParams' && message.kind === 'request') {
      const wire = vector.message?.['params'] as Params;
      expect(readProof(message.params)).toBe(extra(wire)['proof'] ?? null);
    }
    if (vector.type === 'EnvelopeParams' && message.kind === 'notification') {
      expect(readEnvelope(message.params)).toBe((vector.message?.['params'] as Params)['envelope']);
    }
    if (vector.type === 'TrickleParams' && message.kind === 'notification') {
      const wire = (vector.message?.['params'] as Params)['candidate'];
      expect(readCandidate(message.params['candidate'])).toMatchObject(wire as object);
    }
  });
});

describe('what says nothing sensible', () => {
  const vectors = read('malformed.json').filter(({ to }) => to === 'client');
  test.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const message = decode(JSON.stringify(vector.message));
    expect(() => message.kind === 'notification' && readEnvelope(message.params)).toThrow(SignalingError);
  });

  test('of an offer it is no proof', () => {
    const offers = read('malformed.json').filter(({ type }) => type === 'InviteParams');
    const proofs = offers.map(({ message }) => readProof(message?.['params'] as Params));
    expect(proofs).toEqual([null, null]);
  });
});

describe('what is no message', () => {
  // JavaScript's texts may hold half a pair; Python's may not.
  const vectors = read('unreadable.json').filter((vector) => vector.name !== 'half a surrogate pair');
  test.each(vectors.map((vector) => [vector.name, vector.text ?? ''] as const))('%s', (_, text) => {
    expect(() => decode(text)).toThrow(SignalingError);
  });
});

test('the vectors are there', () => {
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(['messages.json', 'unreadable.json']));
});
