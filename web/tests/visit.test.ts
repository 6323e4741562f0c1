/** Watching a camera that knows its owner: nothing is shown, or even set, that the camera has not signed. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Connection } from '../core/connection';
import type { Credentials, Unable } from '../core/trust/credentials';
import { makeNonce, OFFER, fingerprintOf, HELLO } from '../core/trust/session';
import { digest, nameOf, read, sign } from '../core/trust/statement';
import type { Viewer } from '../core/viewer';
import { fakeBrowser, FakePeer, FakeVideo, realBrowser } from './fake-browser';
import { FakeSocket } from './fake-socket';
import { FakeTransform, FakeWorker } from './fake-worker';
import { checkAnswer, newPair } from './trust-people';

const later = globalThis.setTimeout; // before the clock is the test's: cryptography has its own
const print = (byte: string): string => `a=fingerprint:sha-256 ${Array(32).fill(byte).join(':')}\r\n`;
const OFFERED = `v=0\r\n${print('AA')}m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n`;
const ANSWERED = `v=0\r\n${print('BB')}m=video 9 UDP/TLS/RTP/SAVPF 96\r\n`;

const camera = await newPair();
const name = await nameOf(camera);
const pair = await newPair();
const own = await nameOf(pair);
const credentials: Credentials = { pair, keyring: ['ring'], chain: [], camera: name, ring: own, orders: -1 };

class Peer extends FakePeer {
  static described: string[] = [];
  remoteDescription: object | null = null;
  connectionState = 'new';
  iceConnectionState = 'connected';
  ontrack: ((event: object) => void) | null = null;
  readonly receiver: { transform?: unknown } = {};

  setRemoteDescription = (offer: { sdp: string }): Promise<void> => {
    Peer.described.push(offer.sdp);
    this.remoteDescription = offer;
    this.ontrack?.({ track: { kind: 'video' }, receiver: this.receiver });
    return Promise.resolve();
  };
  createAnswer = (): Promise<object> => Promise.resolve({ type: 'answer', sdp: ANSWERED });
  setLocalDescription = (): Promise<void> => Promise.resolve();
}

let underWay = 0;
for (const name of ['digest', 'exportKey', 'generateKey', 'importKey', 'sign', 'verify'] as const) {
  const work = crypto.subtle[name].bind(crypto.subtle) as (...what: unknown[]) => Promise<unknown>;
  const counted = (...what: unknown[]): Promise<unknown> => {
    underWay += 1;
    return work(...what).finally(() => (underWay -= 1));
  };
  Object.defineProperty(crypto.subtle, name, { value: counted, configurable: true });
}

let connection: Connection;
let may: Credentials | Unable | null;
let alarms: string[];

beforeEach(async () => {
  fakeBrowser();
  Peer.described = [];
  FakeWorker.made = [];
  may = credentials;
  alarms = [];
  vi.stubGlobal('RTCPeerConnection', Peer);
  vi.stubGlobal(
    'MediaStream',
    class {
      addTrack = (): void => undefined;
    },
  );
  vi.stubGlobal('RTCRtpScriptTransform', FakeTransform);
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal('fetch', (path: string, { body }: RequestInit) => {
    alarms.push(`${path} ${String(body)}`);
    return Promise.resolve(new Response(null, { status: 204 }));
  });
  connection = new Connection();
  connection.credentialsOf = () => may;
  connection.start();
  await settled();
  socket().open();
  socket().answer('register', { id: 'me' });
  connection.trustChanged(['camera-1']);
  await settled();
});

afterEach(() => {
  connection.stop();
  realBrowser();
});

const socket = (): FakeSocket => FakeSocket.made.at(-1) as FakeSocket;
const worker = (): FakeWorker => FakeWorker.made.at(-1) as FakeWorker;
/** Until cryptography has done what was asked of it, and what follows from that. */
async function settled(): Promise<void> {
  for (let quiet = 0; quiet < 4; quiet = underWay > 0 ? 0 : quiet + 1) {
    await new Promise((resolve) => later(resolve, 1));
    await vi.advanceTimersByTimeAsync(0);
  }
}
const connects = (): Record<string, any>[] =>
  socket().sent.filter(({ method }) => method === 'connect') as Record<string, any>[];
const trustOf = (message: Record<string, any> | undefined): Record<string, any> =>
  message?.['params']?.belvedere?.trust as Record<string, any>;
const hello = (): string => trustOf(connects().at(-1))['hello'] as string;
const proofFor = async (by = camera, to = hello(), session = 's1', sdp = OFFERED): Promise<string> =>
  sign(by, OFFER, {
    hello: await digest(to),
    session,
    fingerprint: fingerprintOf(sdp),
    nonce: makeNonce(),
    iat: 1_800_000_000,
  });
function invite(proof: string | null, offer = OFFERED): Promise<void> {
  const belvedere = proof === null ? {} : { belvedere: { proof } };
  socket().say({ id: 'i1', method: 'invite', params: { session: 's1', offer, ...belvedere } });
  return settled();
}
const replied = (): Record<string, any> | undefined => socket().sent.find(({ id }) => id === 'i1');

/** A session of this way is set up, up to its offer. */
async function watching(via: 'direct' | 'relay'): Promise<Viewer> {
  const viewer = connection.watch('camera-1');
  await settled();
  const answer = { session: 's1', iceServers: [], belvedere: { via, ways: [via] } };
  socket().answer('connect', answer);
  await settled();
  return viewer;
}
const state = ({ phase, cause }: Viewer): unknown[] => [phase, cause];
const peerOf = ({ connection }: Viewer): Peer => connection as unknown as Peer;
const firstFrame = ({ videos }: Viewer): void =>
  (videos[0] as unknown as FakeVideo | undefined)?.firstFrame?.();

describe('signed sessions', () => {
  test('the first message leaves inside the click, with a hello of its own each time', async () => {
    const said: string[] = [];
    for (let round = 1; round <= 3; round++) {
      const viewer = connection.watch('camera-1');
      expect(connects().length).toBe(round);
      said.push(hello());
      connection.leave(viewer);
      await settled();
    }
    expect(new Set(said).size).toBe(3);
    expect(trustOf(connects().at(-1))).toMatchObject({ keyring: ['ring'], chain: [] });
    expect((await read(hello(), HELLO)).what).toMatchObject({ camera: name, ring: own, orders: -1 });
    // A keyring of many devices beside it would not fit into a statement.
    const members = Object.keys(JSON.parse(atob(hello().split('.')[1] ?? '')) as object);
    expect(members.sort()).toEqual(['camera', 'exchange', 'iat', 'nonce', 'orders', 'ring']);
  });

  test('without one that stands ready it leaves as soon as it is made', async () => {
    connection.watch('camera-2');
    expect(connects()).toEqual([]);
    await settled();
    expect((await read(hello(), HELLO)).by).toBe(own);
  });

  test('are answered by a signed answer, and protected so', async () => {
    const viewer = await watching('direct');
    const proof = await proofFor();
    await invite(proof);
    expect(Peer.described).toEqual([OFFERED]);
    const { answer, belvedere } = replied()?.['result'] as { answer: string; belvedere: { proof: string } };
    await checkAnswer(belvedere.proof, await read(proof, OFFER), own, answer);
    firstFrame(viewer);
    expect([...state(viewer), viewer.privacy]).toEqual(['live', null, 'signed']);
    expect(alarms).toEqual([]);
  });

  const changed = OFFERED.replace(/AA/g, 'CC');
  test.each([
    ['no proof', async () => null, OFFERED],
    ['another camera', async () => proofFor(await newPair()), OFFERED],
    ['another hello', async () => proofFor(camera, 'another'), OFFERED],
    ['another session', async () => proofFor(camera, hello(), 's2'), OFFERED],
    ['another certificate', async () => proofFor(), changed],
    ['a certificate more', async () => proofFor(), OFFERED + print('CC')],
    ['no statement', async () => 'x.y.z', OFFERED],
  ])('a swap is noticed before anything is set: %s', async (_, proof, offer) => {
    const viewer = await watching('direct');
    await invite(await proof(), offer);
    expect(Peer.described).toEqual([]);
    expect(replied()?.['error']).toMatchObject({ code: 495 });
    expect([...state(viewer), viewer.verdict]).toEqual(['refused', 'untrusted', 'untrusted']);
    expect(alarms.length).toBe(1);
    expect(alarms[0]).toContain('/api/cameras/camera-1/alarms {"reason":"');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connects().length).toBe(1);
  });

  test('a camera that does not know us ends it for every way', async () => {
    const viewer = await watching('direct');
    socket().say({ method: 'error', params: { session: 's1', code: 495, message: 'who are you' } });
    expect([...state(viewer), viewer.detail]).toEqual(['refused', 'stranger', 'who are you']);
    expect(alarms).toEqual([]);
  });
});

describe('sealed pictures', () => {
  /** The way of the relay, up to where its pictures arrive. */
  async function relayed(): Promise<Viewer> {
    const viewer = await watching('relay');
    await invite(null);
    return viewer;
  }

  test('go through the worker from the first on, and count when it says so', async () => {
    const viewer = await relayed();
    const { id, ...asked } = worker().last('begin')!;
    expect(asked).toMatchObject({ camera: name, hello: hello() });
    expect(asked.exchange.extractable).toBe(false);
    expect(peerOf(viewer).receiver.transform).toMatchObject({
      worker: worker(),
      options: { id, kind: 'video', codec: 'vp8' },
    });
    expect(replied()?.['result']).toEqual({ answer: ANSWERED });
    socket().say({ method: 'belvedere.envelope', params: { session: 's1', envelope: 'a.b.c' } });
    expect(worker().last('letter')).toEqual({ type: 'letter', id, text: 'a.b.c' });
    firstFrame(viewer);
    expect([viewer.phase, worker().last('shown')]).toEqual(['connecting', undefined]);
    worker().say({ type: 'pictures', id, pictures: 1, plain: false });
    expect([viewer.phase, viewer.privacy, worker().last('shown')?.id]).toEqual(['live', 'sealed', id]);
    connection.leave(viewer);
    expect(worker().last('end')?.id).toBe(id);
  });

  test('stand still where packets come that nobody can open', async () => {
    const viewer = await relayed();
    const { id } = worker().last('begin')!;
    worker().say({ type: 'pictures', id, pictures: 1, plain: false });
    firstFrame(viewer);
    const peer = peerOf(viewer);
    for (let look = 1; look <= 8; look++) {
      peer.packets = look;
      worker().say({ type: 'pictures', id, pictures: 1 + look, plain: false });
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(viewer.phase).toBe('live');
    for (let look = 9; look <= 14; look++) {
      peer.packets = look;
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(viewer.phase).toBe('stalled');
  });

  describe('are looked at twice a second', () => {
    let viewer: Viewer;
    let pictures: number;

    beforeEach(async () => {
      viewer = await relayed();
      pictures = 1;
      worker().say({ type: 'pictures', id: worker().last('begin')!.id, pictures, plain: false });
      firstFrame(viewer);
      peerOf(viewer).packets = 1;
      peerOf(viewer).decoded = 1;
    });

    const hide = (hidden: boolean): unknown => Object.assign(document, { hidden });

    /** After each: whether a picture came out of the worker, and whether one was decoded. */
    async function looks(...seen: [boolean, boolean][]): Promise<void> {
      for (const [came, decoded] of seen) {
        if (came) pictures += 1;
        worker().say({ type: 'pictures', id: worker().last('begin')!.id, pictures, plain: false });
        if (decoded) peerOf(viewer).decoded! += 1;
        await vi.advanceTimersByTimeAsync(500);
      }
    }
    const times = (count: number, came: boolean, decoded: boolean): [boolean, boolean][] =>
      Array<[boolean, boolean]>(count).fill([came, decoded]);

    test('and flow while they are opened and decoded', async () => {
      await looks(...times(12, true, true));
      expect(viewer.phase).toBe('live');
    });

    test('and stand still where none can be decoded, until one is', async () => {
      await looks(...times(4, true, true), ...times(4, true, false));
      expect(viewer.phase).toBe('live');
      await looks(...times(2, true, false));
      expect(viewer.phase).toBe('stalled');
      await looks([true, true]);
      expect(viewer.phase).toBe('live');
    });

    test('and stand still where what is decoded did not come from the worker', async () => {
      await looks(...times(4, true, true), ...times(6, false, true));
      expect(viewer.phase).toBe('stalled');
    });

    test('and flow at one a second, decoded later than opened', async () => {
      const second: [boolean, boolean][] = [
        [true, false],
        [false, true],
      ];
      await looks(...Array<typeof second>(8).fill(second).flat());
      expect(viewer.phase).toBe('live');
    });

    test('and need not be decoded where nobody can see the page', async () => {
      hide(true);
      await looks(...times(12, true, false));
      expect(viewer.phase).toBe('live');
      hide(false);
      await looks(...times(5, true, true), ...times(6, true, false));
      expect(viewer.phase).toBe('stalled');
    });

    test('and need not be counted by the browser', async () => {
      peerOf(viewer).decoded = undefined;
      await looks(...times(12, true, false));
      expect(viewer.phase).toBe('live');
    });
  });

  test('that are plain by the camera’s own word are shown as what they are, and that is told', async () => {
    const viewer = await relayed();
    const { id } = worker().last('begin')!;
    firstFrame(viewer);
    worker().say({ type: 'pictures', id, pictures: 1, plain: true });
    expect(viewer.privacy).toBe('standard');
    const change = vi.fn();
    viewer.addEventListener('change', change);
    worker().say({ type: 'pictures', id, pictures: 2, plain: false });
    await vi.advanceTimersByTimeAsync(1_000);
    expect([viewer.privacy, change.mock.calls.length]).toEqual(['sealed', 1]);
  });

  test('a swap of the letter ends it loudly', async () => {
    const viewer = await relayed();
    const { id } = worker().last('begin')!;
    worker().say({ type: 'untrue', id, detail: 'this key was sent by another camera' });
    expect([...state(viewer), alarms.length]).toEqual(['refused', 'untrusted', 1]);
  });

  test('are refused by a browser that has no place for the worker', async () => {
    vi.stubGlobal('RTCRtpScriptTransform', undefined);
    const viewer = await watching('relay');
    expect([...state(viewer), viewer.verdict]).toEqual(['refused', 'unsealable', 'unsealable']);
    expect(socket().last('belvedere.close')).toMatchObject({ params: { session: 's1' } });
    expect(Peer.described).toEqual([]);
  });

  test.each(['Worker', 'RTCRtpScriptTransform'])('show nothing where the %s cannot be made', async (what) => {
    const viewer = connection.watch('camera-1');
    await settled();
    connection.visits.close();
    const broken = class {
      constructor() {
        throw new Error('forbidden here');
      }
    };
    vi.stubGlobal(what, broken);
    socket().answer('connect', {
      session: 's1',
      iceServers: [],
      belvedere: { via: 'relay', ways: ['relay'] },
    });
    await settled();
    await invite(null);
    firstFrame(viewer);
    expect([...state(viewer), viewer.privacy]).toEqual(['refused', 'unsealable', null]);
  });

  test('which such a browser does not even ask for while the direct way is tried', async () => {
    vi.stubGlobal('RTCRtpScriptTransform', undefined);
    const viewer = connection.watch('camera-1');
    const belvedere = { via: 'direct', ways: ['direct', 'relay'] };
    socket().answer('connect', { session: 's1', iceServers: [], belvedere });
    await settled();
    await vi.advanceTimersByTimeAsync(2_000);
    expect([connects().length, viewer.phase]).toEqual([1, 'connecting']);
    await invite(await proofFor());
    firstFrame(viewer);
    expect([viewer.phase, viewer.privacy]).toEqual(['live', 'signed']);
  });
});

describe('a camera that shows another key than is known', () => {
  const other = { ...credentials, camera: own };

  async function untrue(): Promise<Viewer> {
    const viewer = await watching('direct');
    await invite(await proofFor(pair));
    return viewer;
  }

  test('alarms nobody where another device has paired it anew', async () => {
    connection.hasNewKey = (_, key) => Promise.resolve(key === name).finally(() => (may = other));
    const viewer = await untrue();
    expect([viewer.phase, connects().length, alarms]).toEqual(['connecting', 2, []]);
  });

  test.each([() => Promise.resolve(false), () => Promise.reject(new Error('no answer'))])(
    'is loud where nothing says so, and not tried again under the same key',
    async (hasNewKey) => {
      connection.hasNewKey = hasNewKey;
      const viewer = await untrue();
      connection.trustChanged(['camera-1']);
      await settled();
      expect([...state(viewer), alarms.length, connects().length]).toEqual(['refused', 'untrusted', 1, 1]);
      may = other;
      connection.trustChanged(['camera-1']);
      await settled();
      expect(viewer.phase).toBe('connecting');
    },
  );
});

describe('without credentials', () => {
  test.each(['insecure', 'stranger'] as const)('%s: nothing is tried', async (reason) => {
    may = reason;
    const viewer = connection.watch('camera-1');
    await settled();
    expect([...state(viewer), viewer.verdict]).toEqual(['refused', reason, reason]);
    expect(connects()).toEqual([]);
  });

  test('who is let in later begins by itself', async () => {
    may = 'stranger';
    const viewer = connection.watch('camera-1');
    await settled();
    may = credentials;
    connection.trustChanged(['camera-1']);
    await settled();
    expect(viewer.phase).toBe('connecting');
    expect(trustOf(connects().at(-1))).toBeDefined();
  });

  test('what was begun on the server’s word is begun anew once the camera is known', async () => {
    may = null;
    const viewer = await watching('direct');
    await invite(null);
    firstFrame(viewer);
    expect([...state(viewer), viewer.privacy]).toEqual(['live', null, 'server']);
    may = credentials;
    connection.trustChanged(['camera-1']);
    await settled();
    expect([...state(viewer), viewer.privacy]).toEqual(['connecting', null, null]);
    expect(trustOf(connects().at(-1))).toBeDefined();
  });

  test('what was begun on the server’s word ends where that counts no more', async () => {
    may = null;
    const viewer = await watching('direct');
    await invite(null);
    firstFrame(viewer);
    may = 'stranger';
    connection.trustChanged(['camera-1']);
    await settled();
    expect([...state(viewer), viewer.privacy]).toEqual(['refused', 'stranger', null]);
    connection.leave(viewer);
    connection.trustChanged(['camera-1']);
    expect(viewer.phase).toBe('idle');
  });

  test('a camera that refuses who has nothing to show is no riddle', async () => {
    may = null;
    const viewer = await watching('relay');
    may = 'insecure';
    socket().say({ method: 'error', params: { session: 's1', code: 495, message: 'who are you' } });
    await settled();
    expect(state(viewer)).toEqual(['refused', 'insecure']);
  });

  test('a camera that knows no owner is watched as ever', async () => {
    may = null;
    const viewer = await watching('relay');
    expect(connects()[0]?.['params']).toEqual({ peer: 'camera-1' });
    await invite(null);
    firstFrame(viewer);
    expect([...state(viewer), viewer.privacy]).toEqual(['live', null, 'server']);
    expect(peerOf(viewer).receiver.transform).toBeUndefined();
  });
});
