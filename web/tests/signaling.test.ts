import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConnectionLost, Fault, SignalingError } from '../core/messages';
import type { SessionHandler } from '../core/sessions';
import { SignalingClient, signalingUrl, type SignalingOptions } from '../core/signaling';
import { FakeSocket } from './fake-socket';

const newest = (): FakeSocket => FakeSocket.made.at(-1) as FakeSocket;
const flush = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

const trust = { hello: 'hello.of.viewer', keyring: ['first.of.ring'], chain: [] };

type Rights = Pick<SignalingOptions, 'authorize' | 'isSignedIn'>;

function client(rights: Rights = {}): SignalingClient {
  return new SignalingClient({
    url: 'wss://cameras.example/api/signaling',
    socket: (url, protocol) => new FakeSocket(url, protocol),
    random: () => 1,
    ...rights,
  });
}

function handler(): SessionHandler & { log: unknown[][] } {
  const log: unknown[][] = [];
  return {
    log,
    invited: (offer, proof, reply) => {
      log.push(['invited', offer, ...(proof ? [proof] : [])]);
      reply('the answer', proof && `to.${proof}`);
    },
    enveloped: (text) => log.push(['enveloped', text]),
    candidate: (candidate) => log.push(['candidate', candidate]),
    faulted: (code, message) => log.push(['faulted', code, message]),
    closed: (reason) => log.push(['closed', reason]),
    orphaned: () => log.push(['orphaned']),
  };
}

/** Its first socket waits to open. */
async function dialling(rights: Rights = {}): Promise<SignalingClient> {
  const signaling = client(rights);
  signaling.start();
  await flush();
  return signaling;
}

/** The server took so many milliseconds to answer. */
async function ready(afterMs = 0): Promise<SignalingClient> {
  const signaling = await dialling();
  await accept([], undefined, afterMs);
  return signaling;
}

async function accept(adopted: string[] = [], network?: string, afterMs = 0): Promise<void> {
  newest().open();
  await vi.advanceTimersByTimeAsync(afterMs);
  newest().answer('register', { id: 'me', belvedere: { adopted, network } });
  await flush();
}

/** The socket is lost, and the next one asks to register. */
async function reopen(afterMs = 500): Promise<void> {
  newest().drop();
  await vi.advanceTimersByTimeAsync(afterMs);
  newest().open();
}

/** Each `register` is answered with 401. */
async function refuseFor(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await vi.advanceTimersByTimeAsync(1_000);
    if (newest().readyState !== 0) continue;
    newest().open();
    newest().refuse('register', 401, 'no');
  }
  await flush();
}

async function session(signaling: SignalingClient, name = 's1', ticket = 't1') {
  const hears = handler();
  const connected = signaling.connect('camera-1', hears);
  newest().answer('connect', { session: name, iceServers: [], belvedere: { ticket } });
  return { hears, connected: await connected };
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
});
afterEach(() => vi.useRealTimers());

describe('registering', () => {
  test('is the first message, over the right subprotocol', async () => {
    const signaling = await ready();
    expect(newest().protocol).toBe('webrtc.onvif.org');
    expect(newest().sent[0]).toMatchObject({ jsonrpc: '2.0', method: 'register', params: { belvedere: {} } });
    expect(signaling.state).toBe('ready');
  });

  test('asks for a new ticket for each connection', async () => {
    let number = 0;
    await dialling({ authorize: async () => `Ticket ${++number}` });
    await accept();
    await reopen();
    expect(newest().last('register')).toMatchObject({ params: { authorization: 'Ticket 2' } });
  });

  test('a 401 ends it: no storm of retries with a dead login', async () => {
    const signaling = await dialling();
    newest().open();
    newest().say({ id: 1, error: { code: 401, message: 'no' } });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(signaling.state).toBe('unauthorized');
    expect(FakeSocket.made).toHaveLength(1);
  });

  test('a 401 although the login holds is no reason to give up: the server is asked ever more rarely', async () => {
    const signaling = client({ isSignedIn: () => Promise.resolve(true) });
    signaling.start();
    await refuseFor(120);
    expect(signaling.state).toBe('offline');
    expect(FakeSocket.made.length).toBeGreaterThan(8);
    expect(FakeSocket.made.length).toBeLessThan(16);
    while (newest().readyState !== 0) await vi.advanceTimersByTimeAsync(1_000);
    await accept();
    expect(signaling.state).toBe('ready');
  });

  test('a 401 that is looked into hinders nobody who leaves or starts again meanwhile', async () => {
    const answers: ((signedIn: boolean) => void)[] = [];
    const signaling = client({ isSignedIn: () => new Promise((resolve) => answers.push(resolve)) });
    signaling.start();
    await refuseFor(1);
    expect(answers).toHaveLength(1);
    signaling.start();
    await flush();
    await accept();
    answers[0]?.(false);
    await flush();
    expect(signaling.state).toBe('ready');
    newest().drop();
    await refuseFor(1);
    signaling.stop();
    answers[1]?.(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(signaling.state).toBe('stopped');
    expect(FakeSocket.made).toHaveLength(3);
  });

  test('a 401 for a ticket that came too late: the page is asked for another, ever more rarely', async () => {
    let asked = 0;
    const signaling = client({ authorize: () => Promise.resolve(`Ticket ${++asked}`) });
    signaling.start();
    await refuseFor(120);
    expect(signaling.state).toBe('offline');
    expect(asked).toBeGreaterThan(8);
    expect(asked).toBeLessThan(16);
  });

  test('a page that never answers is asked again', async () => {
    let asked = 0;
    const signaling = client({
      authorize: () => (++asked === 1 ? new Promise(() => undefined) : Promise.resolve('Ticket 2')),
    });
    signaling.start();
    await vi.advanceTimersByTimeAsync(10_500);
    await accept();
    expect(signaling.state).toBe('ready');
  });

  test('a page that fails late disturbs nobody: neither the next try nor one who has left', async () => {
    const fail: (() => void)[] = [];
    const late = (): Promise<string> => new Promise((_, reject) => fail.push(() => reject(new Error('no'))));
    let asked = 0;
    const signaling = client({ authorize: () => (++asked === 2 ? Promise.resolve('Ticket 2') : late()) });
    signaling.start();
    signaling.refresh();
    await flush();
    await accept();
    fail[0]?.();
    await flush();
    expect(signaling.state).toBe('ready');
    signaling.refresh();
    signaling.stop();
    fail[1]?.();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(signaling.state).toBe('stopped');
    expect(FakeSocket.made).toHaveLength(1);
  });

  test('a server that accepts and then says nothing is given up', async () => {
    const signaling = await dialling();
    newest().open();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(signaling.state).toBe('offline');
  });
});

describe('reconnecting', () => {
  test('backs off with jitter and lists the tickets of what still runs', async () => {
    const signaling = await ready();
    await session(signaling);
    newest().drop();
    expect(signaling.state).toBe('offline');
    await vi.advanceTimersByTimeAsync(499);
    expect(FakeSocket.made).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    newest().drop();
    await vi.advanceTimersByTimeAsync(999);
    expect(FakeSocket.made).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    newest().open();
    expect(newest().last('register')).toMatchObject({ params: { belvedere: { tickets: ['t1'] } } });
  });

  test('says once more who watches over a relay, in sessions that go on', async () => {
    const signaling = await ready();
    for (const [name, via] of Object.entries({ s1: 'relay', s2: 'relay', s3: 'direct' })) {
      void signaling.connect('camera-1', handler(), null, trust);
      newest().answer('connect', { session: name, iceServers: [], belvedere: { via } });
    }
    expect(newest().last('belvedere.hello')).toBeUndefined();
    await reopen();
    newest().answer('register', { id: 'me', belvedere: { adopted: ['s1', 's3'] } });
    const said = newest().sent.filter(({ method }) => method === 'belvedere.hello');
    expect(said.map(({ params }) => params)).toEqual([{ session: 's1', trust }]);
  });

  test('a server that takes each connection and drops it is asked ever more rarely', async () => {
    await ready();
    for (let second = 0; second < 120; second++) {
      newest().drop();
      await vi.advanceTimersByTimeAsync(1_000);
      if (newest().readyState !== 0) continue;
      await accept();
    }
    expect(FakeSocket.made.length).toBeLessThan(16);
  });

  test('a connection that was good for a while is made again soon', async () => {
    await ready();
    newest().drop();
    await vi.advanceTimersByTimeAsync(500);
    await accept();
    await vi.advanceTimersByTimeAsync(10_001);
    newest().drop();
    await vi.advanceTimersByTimeAsync(500);
    expect(FakeSocket.made).toHaveLength(3);
  });

  test('lists every ticket of a large grid, as many as the server takes', async () => {
    const signaling = await ready();
    for (let number = 1; number <= 130; number++) await session(signaling, `s${number}`, `t${number}`);
    await reopen();
    const listed = (newest().last('register') as { params: { belvedere: { tickets: string[] } } }).params
      .belvedere;
    expect(listed.tickets).toHaveLength(128);
    expect(listed.tickets.at(-1)).toBe('t130');
  });

  test('shows the ticket of the extended lease, not the first one', async () => {
    const signaling = await ready();
    await session(signaling);
    const extended = signaling.extend('s1');
    newest().answer('extend', { expiryTimeSeconds: 3600, belvedere: { ticket: 't2' } });
    expect(await extended).toBe(3600);
    await reopen();
    expect(newest().last('register')).toMatchObject({ params: { belvedere: { tickets: ['t2'] } } });
  });

  test('what the server did not adopt is told so, the rest hears nothing', async () => {
    const signaling = await ready();
    const adopted = await session(signaling, 's1', 't1');
    const forgotten = await session(signaling, 's2', 't2');
    newest().drop();
    await vi.advanceTimersByTimeAsync(500);
    await accept(['s1']);
    expect(adopted.hears.log).toEqual([]);
    expect(forgotten.hears.log).toEqual([['orphaned']]);
    await reopen(1_000);
    expect(newest().last('register')).toMatchObject({ params: { belvedere: { tickets: ['t1'] } } });
  });

  test('a session asked for by one that was forgotten leaves with the new socket', async () => {
    const signaling = await ready();
    const hears = handler();
    hears.orphaned = () => void signaling.connect('camera-1', handler()).catch(() => undefined);
    const connecting = signaling.connect('camera-1', hears);
    newest().answer('connect', { session: 's1', iceServers: [] });
    await connecting;
    newest().drop();
    await vi.advanceTimersByTimeAsync(500);
    await accept();
    expect(newest().last('connect')).toMatchObject({ params: { peer: 'camera-1' } });
  });

  test('a lost socket tells running sessions nothing', async () => {
    const signaling = await ready();
    const { hears } = await session(signaling);
    newest().drop();
    expect(hears.log).toEqual([]);
  });

  test('a call in flight is told, and one made meanwhile leaves when the socket is back', async () => {
    const signaling = await ready();
    const first = signaling.connect('camera-1', handler()).catch((error: unknown) => error);
    newest().drop();
    expect(await first).toBeInstanceOf(ConnectionLost);
    void signaling.connect('camera-2', handler()).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(500);
    await accept();
    expect(newest().last('connect')).toMatchObject({ params: { peer: 'camera-2' } });
  });

  test('another network’s name is told, the same and the first one are not', async () => {
    const signaling = client();
    const moves: (string | null)[] = [];
    signaling.addEventListener('network', () => moves.push(signaling.network));
    signaling.start();
    for (const network of ['home', 'home', 'train']) {
      await vi.advanceTimersByTimeAsync(500);
      await accept([], network);
      await vi.advanceTimersByTimeAsync(10_001);
      newest().drop();
    }
    expect(moves).toEqual(['train']);
  });

  test('a server that drains is left after its grace and a part of its jitter', async () => {
    await ready();
    newest().say({ method: 'belvedere.goAway', params: { graceSeconds: 2, jitterSeconds: 3 } });
    await vi.advanceTimersByTimeAsync(4_999);
    expect(FakeSocket.made).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(FakeSocket.made).toHaveLength(2);
    expect(FakeSocket.made[0]?.closed).toBe(true);
  });

  test('a server that drains and then closes is dialled once', async () => {
    const signaling = await ready();
    newest().say({ method: 'belvedere.goAway', params: { graceSeconds: 2, jitterSeconds: 3 } });
    newest().drop();
    await vi.advanceTimersByTimeAsync(500);
    await accept();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.made).toHaveLength(2);
    expect(signaling.state).toBe('ready');
  });

  test('a server that drains while it is away already is not dialled before its turn', async () => {
    await ready();
    newest().say({ method: 'belvedere.goAway', params: { graceSeconds: 0, jitterSeconds: 0.1 } });
    newest().drop();
    await vi.advanceTimersByTimeAsync(499);
    expect(FakeSocket.made).toHaveLength(1);
  });

  test('stopping leaves no socket and no timer', async () => {
    const signaling = await ready();
    const { hears } = await session(signaling);
    signaling.stop();
    expect(newest().closed).toBe(true);
    expect(hears.log).toEqual([['closed', 'stopped']]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a session', () => {
  test('hears its offer in the same breath as its answer to connect', async () => {
    const signaling = await ready();
    const hears = handler();
    void signaling.connect('camera-1', hears);
    newest().answer('connect', { session: 's1', iceServers: [] });
    newest().say({ id: 'd1', method: 'invite', params: { session: 's1', offer: 'the offer' } });
    expect(hears.log).toEqual([['invited', 'the offer']]);
    expect(newest().sent.at(-1)).toEqual({ jsonrpc: '2.0', id: 'd1', result: { answer: 'the answer' } });
  });

  test('is asked for by the shortest message; a wish for a way is ours alone', async () => {
    const signaling = await ready();
    void signaling.connect('camera-1', handler()).catch(() => undefined);
    expect(newest().last('connect')?.['params']).toEqual({ peer: 'camera-1' });
    void signaling.connect('camera-1', handler(), 'relay').catch(() => undefined);
    expect(newest().last('connect')?.['params']).toEqual({ peer: 'camera-1', belvedere: { via: 'relay' } });
  });

  test('says who watches with its first message, and once more where a key is missing', async () => {
    const signaling = await ready();
    void signaling.connect('camera-1', handler(), 'relay', trust).catch(() => undefined);
    expect(newest().last('connect')?.['params']).toEqual({
      peer: 'camera-1',
      belvedere: { via: 'relay', trust },
    });
    void signaling.connect('camera-1', handler(), null, trust).catch(() => undefined);
    expect(newest().last('connect')?.['params']).toEqual({ peer: 'camera-1', belvedere: { trust } });
    signaling.hello('s1', trust);
    expect(newest().last('belvedere.hello')?.['params']).toEqual({ session: 's1', trust });
  });

  test('passes on what is signed about offer and answer', async () => {
    const signaling = await ready();
    const { hears } = await session(signaling);
    const invite = { session: 's1', offer: 'the offer', belvedere: { proof: 'signed.by.camera' } };
    newest().say({ id: 'd1', method: 'invite', params: invite });
    expect(hears.log).toEqual([['invited', 'the offer', 'signed.by.camera']]);
    const belvedere = { proof: 'to.signed.by.camera' };
    expect(newest().sent.at(-1)).toMatchObject({ id: 'd1', result: { answer: 'the answer', belvedere } });
  });

  test('takes what could be no statement for no word of the camera', async () => {
    const signaling = await ready();
    const { hears } = await session(signaling);
    for (const proof of [5, '', 'a b', 'a'.repeat(4097)]) {
      const invite = { session: 's1', offer: 'the offer', belvedere: { proof } };
      newest().say({ id: 'd1', method: 'invite', params: invite });
    }
    expect(hears.log).toEqual(Array.from({ length: 4 }, () => ['invited', 'the offer']));
  });

  test('is given keys of its own session, and nothing that could be none', async () => {
    const warned = vi.spyOn(console, 'warn').mockReturnValue(undefined);
    const signaling = await ready();
    const { hears } = await session(signaling);
    const tell = (name: string, envelope: unknown): void =>
      newest().say({ method: 'belvedere.envelope', params: { session: name, envelope } });
    tell('s1', 'key.of.frames');
    tell('s2', 'key.of.others');
    tell('s1', 'no key');
    tell('s1', { key: 1 });
    tell('s1', 'next.of.keys');
    expect(hears.log).toEqual([
      ['enveloped', 'key.of.frames'],
      ['enveloped', 'next.of.keys'],
    ]);
    expect(warned).toHaveBeenCalledTimes(2);
    warned.mockRestore();
  });

  test('the quickest answer of this socket is its round trip', async () => {
    const signaling = await ready(100);
    expect(signaling.roundTripMs).toBe(100);
    for (const milliseconds of [80, 40, 60]) {
      const connected = signaling.connect('camera-1', handler());
      await vi.advanceTimersByTimeAsync(milliseconds);
      newest().answer('connect', { session: 's', iceServers: [] });
      await connected;
    }
    expect(signaling.roundTripMs).toBe(40);
    newest().drop();
    expect(signaling.roundTripMs).toBeNull();
  });

  test('whose camera has moved is to be replaced', async () => {
    const signaling = await ready();
    const { hears } = await session(signaling);
    newest().say({ method: 'belvedere.wake', params: { session: 's1' } });
    newest().say({ method: 'belvedere.wake', params: { session: 'other' } });
    expect(hears.log).toEqual([['orphaned']]);
  });

  test('another session’s messages do not reach it', async () => {
    const signaling = await ready();
    const { hears } = await session(signaling);
    newest().say({ id: 'd1', method: 'invite', params: { session: 'other', offer: 'x' } });
    newest().say({ method: 'trickle', params: { session: 'other', candidate: { candidate: 'x' } } });
    newest().say({ method: 'belvedere.close', params: { session: 'other', reason: 'x' } });
    expect(hears.log).toEqual([]);
    expect(newest().sent.at(-1)).toMatchObject({ id: 'd1', error: { code: Fault.NOT_FOUND } });
  });

  test('candidates go both ways, the last one empty', async () => {
    const signaling = await ready();
    const { hears } = await session(signaling);
    signaling.trickle('s1', null);
    expect(newest().last('trickle')).toMatchObject({
      params: { session: 's1', candidate: { candidate: '' } },
    });
    newest().say({
      method: 'trickle',
      params: { session: 's1', candidate: { candidate: 'c', sdpMLineIndex: 0 } },
    });
    expect(hears.log).toEqual([['candidate', { candidate: 'c', sdpMLineIndex: 0 }]]);
  });

  test('is closed once, and its ticket is not shown again', async () => {
    const signaling = await ready();
    const { hears } = await session(signaling);
    newest().say({ method: 'belvedere.close', params: { session: 's1', reason: 'removed' } });
    newest().say({ method: 'belvedere.close', params: { session: 's1', reason: 'removed' } });
    expect(hears.log).toEqual([['closed', 'removed']]);
    await reopen();
    expect(newest().last('register')).toMatchObject({ params: { belvedere: { tickets: [] } } });
  });

  test('a refusal carries its code', async () => {
    const signaling = await ready();
    const connected = signaling.connect('camera-1', handler()).catch((error: unknown) => error);
    newest().refuse('connect', 480, 'away');
    expect(await connected).toMatchObject({
      code: Fault.CAMERA_UNAVAILABLE,
    } satisfies Partial<SignalingError>);
  });

  test('no answer at all: the call fails and the socket is made anew', async () => {
    const signaling = await ready();
    const connected = signaling.connect('camera-1', handler()).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1_499);
    expect(FakeSocket.made).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await connected).toBeInstanceOf(ConnectionLost);
    expect(FakeSocket.made).toHaveLength(2);
  });

  test('a camera that takes its time to extend a session says nothing of the socket', async () => {
    const signaling = await ready();
    await session(signaling);
    const extended = signaling.extend('s1');
    await vi.advanceTimersByTimeAsync(10_500);
    expect(FakeSocket.made).toHaveLength(1);
    newest().refuse('extend', 408, 'asleep');
    await expect(extended).rejects.toBeInstanceOf(SignalingError);
    // But a server always says something.
    signaling.extend('s1').catch(() => undefined);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(FakeSocket.made).toHaveLength(2);
  });

  test('a server that is merely slow is given more time with each try', async () => {
    const signaling = await ready();
    const waits: number[] = [];
    for (let round = 0; round < 4; round++) {
      const began = Date.now();
      const connected = signaling.connect('camera-1', handler()).catch(() => waits.push(Date.now() - began));
      await vi.advanceTimersToNextTimerAsync();
      await connected;
      await accept();
    }
    expect(waits).toEqual([1_500, 3_000, 6_000, 10_000]);
  });

  test('a line that is always slow is not taken for a dead one', async () => {
    const signaling = await ready(1_200);
    void signaling.connect('camera-1', handler()).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(4_700);
    expect(FakeSocket.made).toHaveLength(1);
  });
});

describe('a hostile or broken server', () => {
  test.each([
    '',
    'null',
    '[]',
    '{"jsonrpc":"1.0"}',
    '{"jsonrpc":"2.0"}',
    'x'.repeat(70_000),
    new ArrayBuffer(4),
  ])('message %# is ignored and the socket lives on', async (data) => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const signaling = await ready();
    newest().sayText(data);
    expect(signaling.state).toBe('ready');
    expect((await session(signaling)).connected.session).toBe('s1');
  });

  test('a reader that stops reading is left, instead of filling memory', async () => {
    const signaling = await ready();
    await session(signaling);
    newest().bufferedAmount = 2 * 1024 * 1024;
    signaling.trickle('s1', null);
    await flush();
    expect(FakeSocket.made).toHaveLength(2);
  });

  test('calls made while nothing answers are bounded', async () => {
    const signaling = client();
    signaling.start();
    const calls = Array.from({ length: 70 }, () =>
      signaling.connect('camera-1', handler()).catch((error: Error) => error.message),
    );
    const refused = await Promise.race([calls[69], flush().then(() => 'still waiting')]);
    expect(refused).toBe('too many calls wait');
    signaling.stop();
  });
});

test('the address follows the server’s scheme', () => {
  expect(signalingUrl('https://a.example')).toBe('wss://a.example/api/signaling');
  expect(signalingUrl('http://127.0.0.1:8080')).toBe('ws://127.0.0.1:8080/api/signaling');
});
