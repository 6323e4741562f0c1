/** A session through the relay as the worker sees it: nothing passes that the camera has not said or made. */

import { beforeEach, describe, expect, test } from 'vitest';
import { exchangeOf, makeExchange } from '../core/trust/envelope';
import type { Lane } from '../core/trust/lane';
import { PLAIN } from '../core/trust/plain';
import { hello, makeNonce } from '../core/trust/session';
import { joined } from '../core/trust/sframe';
import { digest, nameOf, sign } from '../core/trust/statement';
import { codecOf } from '../core/trust/unsealer';
import { Unsealing } from '../core/trust/unsealing';
import { Camera, envelopeFor, newPair } from './trust-people';

const EPOCH = 7; // as `envelopeFor` has it
const secret = crypto.getRandomValues(new Uint8Array(32));
const camera = await newPair();
const exchange = await makeExchange();
const name = await nameOf(camera);
const said = await hello(
  await newPair(),
  { camera: name, ring: name },
  makeNonce(),
  await exchangeOf(exchange),
  1_800_000_000,
);
const asked = { camera: name, hello: said, exchange: exchange.privateKey };
const plainWord = async (pair = camera, to = said): Promise<string> =>
  sign(pair, PLAIN, { hello: await digest(to), iat: 1_800_000_000 });

let clock: number;
let told: unknown[];
let out: Uint8Array[];
let session: Unsealing;
let sender: Camera;
let lane: Lane;

const track = (kind: 'video' | 'audio', codec: 'vp8' | 'opus' | null): Lane =>
  session.track({ id: 1, kind, codec }, ({ data }) => void out.push(new Uint8Array(data))) as Lane;

beforeEach(() => {
  clock = 0;
  told = [];
  out = [];
  sender = new Camera(EPOCH, secret);
  sender.counter = 3;
  const listener = {
    pictures: (...news: unknown[]) => void told.push(news),
    untrue: (detail: string) => void told.push(detail),
  };
  session = new Unsealing(asked, listener, () => clock);
  lane = track('video', 'vp8');
});

const picture = (key = true): Uint8Array =>
  joined([Uint8Array.of(key ? 0x10 : 0x11), crypto.getRandomValues(new Uint8Array(50))]);
const give = (data: Uint8Array, to = lane): void => to.take({ data: data.slice().buffer });
/** Until everything that was given has been worked through. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe('sframe in the worker', () => {
  test('what comes before the envelope waits for it, and keeps its order', async () => {
    const plain = [picture(), picture(false), picture(false)];
    for (const each of plain) give(await sender.vp8(each));
    await settled();
    expect(out).toEqual([]);
    await session.letter(await envelopeFor(camera, said, secret));
    await settled();
    expect(out).toEqual(plain);
    expect(told).toEqual([[1, false]]);
  });

  test('a track that comes after the envelope is opened as well', async () => {
    await session.letter(await envelopeFor(camera, said, secret));
    const sound = track('audio', 'opus');
    give(await sender.opus(Uint8Array.of(1, 2, 3)), sound);
    await settled();
    expect(out).toEqual([Uint8Array.of(1, 2, 3)]);
    expect(told).toEqual([]);
  });

  test('pictures are reported with the first, and then as time goes by', async () => {
    await session.letter(await envelopeFor(camera, said, secret));
    for (let number = 0; number < 10; number++) {
      clock = number * 50;
      give(await sender.vp8(picture(number === 0)));
      await settled();
    }
    expect(told).toEqual([
      [1, false],
      [5, false],
      [9, false],
    ]);
  });

  test('clear, changed and repeated frames are left out', async () => {
    await session.letter(await envelopeFor(camera, said, secret));
    session.shown();
    const good = await sender.vp8(picture());
    const bad = (await sender.vp8(picture())).map((byte, at) => (at === 30 ? byte ^ 1 : byte));
    for (const each of [bad, good, good, picture()]) give(each);
    await settled();
    clock = 10_000;
    give(picture());
    await settled();
    expect(out.length).toBe(1);
  });

  test('what comes under the next key waits for it, and goes on in the middle of a group', async () => {
    await session.letter(await envelopeFor(camera, said, secret));
    give(await sender.vp8(picture()));
    await settled();
    session.shown();
    const next = new Camera(EPOCH + 1, secret);
    next.counter = 3;
    const plain = [picture(false), picture(false)];
    for (const each of plain) give(await next.vp8(each));
    await settled();
    expect(out.length).toBe(1);
    await session.letter(await envelopeFor(camera, said, secret, EPOCH + 1));
    await settled();
    expect(out.slice(1)).toEqual(plain);
  });

  test('a key that nobody sends holds up the picture for a while, and once', async () => {
    await session.letter(await envelopeFor(camera, said, secret));
    const forged = await new Camera(EPOCH + 1, secret).vp8(picture());
    for (clock of [0, 1_999]) {
      give(forged);
      give(await sender.vp8(picture()));
      await settled();
      expect(out.length).toBe(0);
    }
    clock = 2_000;
    give(await sender.vp8(picture()));
    await settled();
    expect(out.length).toBe(3);
    give(forged);
    give(await sender.vp8(picture()));
    await settled();
    expect(out.length).toBe(4);
  });

  test('sound of a kind that nobody encrypts is left out', async () => {
    const sound = track('audio', null);
    await session.letter(await envelopeFor(camera, said, secret));
    give(picture(), sound);
    await settled();
    expect(out).toEqual([]);
  });

  test('a swap of the envelope is told, and opens nothing', async () => {
    give(await sender.vp8(picture()));
    const other = await newPair();
    const another = await hello(
      other,
      { camera: name, ring: name },
      makeNonce(),
      await exchangeOf(exchange),
      1_800_000_000,
    );
    await session.letter(await envelopeFor(other, said, secret));
    await session.letter(await envelopeFor(camera, another, secret));
    await session.letter('no statement');
    await settled();
    expect(out).toEqual([]);
    expect(told).toEqual([
      'this key was sent by another camera',
      'this key was sent to somebody else',
      'this is no statement',
    ]);
  });
});

describe('signed word that nothing is encrypted', () => {
  test('lets clear frames pass, those that wait as well', async () => {
    const clear = picture();
    give(clear);
    await session.letter(await plainWord());
    give(clear);
    await settled();
    expect(out).toEqual([clear, clear]);
    expect(told).toEqual([[1, true]]);
  });

  test('counts from this camera and for this hello alone', async () => {
    give(picture());
    await session.letter(await plainWord(await newPair()));
    const another = await hello(
      camera,
      { camera: name, ring: name },
      makeNonce(),
      await exchangeOf(exchange),
      1,
    );
    await session.letter(await plainWord(camera, another));
    await settled();
    expect([out.length, told.length]).toEqual([0, 2]);
  });

  test('ends with an envelope, and does not come back', async () => {
    const word = await plainWord();
    await session.letter(word);
    await session.letter(await envelopeFor(camera, said, secret));
    await session.letter(word);
    give(picture());
    await settled();
    expect(out).toEqual([]);
  });
});

test('too much that waits is let go, and what comes then is shown', async () => {
  for (let number = 0; number < 1025; number++) give(Uint8Array.of(0x10));
  const big = new Uint8Array(9 * 1024 * 1024);
  give(big);
  give(big);
  give(await sender.vp8(picture()));
  await session.letter(await envelopeFor(camera, said, secret));
  await settled();
  expect(out.length).toBe(1);
});

test('a session has one picture and one sound', async () => {
  expect(track('video', 'vp8')).toBeNull();
  expect(track('audio', 'opus')).not.toBeNull();
  expect(track('audio', 'opus')).toBeNull();
});

test('the codec stands in the offer', () => {
  const offer = 'a=rtpmap:111 opus/48000/2\r\na=rtpmap:102 H264/90000\r\n';
  expect([codecOf('video', offer), codecOf('audio', offer)]).toEqual(['h264', 'opus']);
  expect([codecOf('video', 'a=rtpmap:96 VP8/90000\r\n'), codecOf('audio', 'a=rtpmap:0 PCMU/8000')]).toEqual([
    'vp8',
    null,
  ]);
});
