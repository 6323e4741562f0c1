/** What vectors cannot show of encrypted frames: every change is noticed, and nothing comes twice. */

import { describe, expect, test } from 'vitest';
import { decodeBytes, toHex } from '../core/trust/bytes';
import { MAX_AGAIN, Replay, WINDOW } from '../core/trust/replay';
import { MAX_PIECES, openFrame, split } from '../core/trust/sealed-frames';
import { derive, joined, open, readHeader } from '../core/trust/sframe';
import { OLD_EPOCH_MS, SealedTrack } from '../core/trust/track';
import { Untrue } from '../core/trust/untrue';
import { Camera, dice, escaped, fromHex, vectors } from './trust-people';

const SECRET = decodeBytes(vectors.frames.secret);
const EPOCH = 0x1234;
const key = await derive(EPOCH, SECRET);
const keyOf = (kid: number) => (kid === EPOCH ? key : undefined);

const random = (size: number): Uint8Array => crypto.getRandomValues(new Uint8Array(size));
const START = Uint8Array.of(0, 0, 0, 1);
const key8 = (size = 200): Uint8Array => joined([Uint8Array.of(0x10), random(size)]);
const delta8 = (size = 200): Uint8Array => joined([Uint8Array.of(0x11), random(size)]);

/** A slice with as many zeros as an encoder would have had to escape. */
function slice(chance: () => number, type = 0x65): Uint8Array {
  const signs = [0, 0, 0, 1, 2, 3, 255];
  const body = Uint8Array.from(
    { length: Math.floor(chance() * 400) },
    () => signs[Math.floor(chance() * 7)]!,
  );
  return escaped(new Uint8Array(0), joined([Uint8Array.of(type), body, Uint8Array.of(0x80)]));
}

describe('sframe', () => {
  test('vector of the RFC (appendix C.3)', async () => {
    const base = fromHex('000102030405060708090a0b0c0d0e0f');
    const rfc = await derive(0x123, base);
    expect(toHex(rfc.salt)).toBe('75234edefe07819026751816');
    const data = fromHex(
      '9901234567b7412c2513a1b66dbb48841bbaf17f598751176ad847681a69c6d0b091c07018ce4adb34eb',
    );
    const opened = await open(() => rfc, data, new TextEncoder().encode('IETF SFrame WG'));
    expect(new TextDecoder().decode(opened.plain)).toBe('draft-ietf-sframe-enc');
    expect([opened.kid, opened.counter]).toEqual([0x123, 0x4567]);
  });

  test.each([
    ['00', 0, 0, 1],
    ['08ff', 0, 255, 2],
    ['11', 1, 1, 1],
    ['80ff', 255, 0, 2],
    ['9a0100010000', 256, 65536, 6],
    ['cd0100000000010000000000', 2 ** 32, 2 ** 40, 12],
    ['0e1fffffffffffff', 0, Number.MAX_SAFE_INTEGER, 8],
  ])('header %s', (hex, kid, counter, size) => {
    expect(readHeader(fromHex(hex))).toEqual({ kid, counter, size });
  });

  test.each(['', '08', '80', '9a01000100', '9fffffffffffffffffffff', '0e20000000000000'])(
    'no header: %s',
    (hex) => {
      expect(() => readHeader(fromHex(hex))).toThrow(Untrue);
    },
  );

  test('keys cannot be read out', async () => {
    await expect(crypto.subtle.exportKey('raw', key.key)).rejects.toThrow();
  });

  test('random pictures come back whole, with zeros wherever they hurt', async () => {
    const chance = dice(20260101);
    const camera = new Camera(EPOCH, SECRET);
    for (let round = 0; round < 150; round++) {
      const units = [slice(chance), slice(chance, 0x41), slice(chance, 0x41)];
      const opened = await openFrame('h264', joined(await camera.picture(units)), keyOf);
      expect(toHex(opened.data)).toBe(toHex(joined(units.flatMap((unit) => [START, unit]))));
      expect(opened.counters).toEqual([0, 1, 2].map((at) => 3 * round + at));
    }
  });

  test.each([1, 2, 3, 5, 7, 8, 9])('a slice of %i bytes comes back whole', async (size) => {
    const unit = Uint8Array.from({ length: size }, (_, at) =>
      at === 0 ? 0x41 : at === size - 1 ? 0x80 : 0x9a,
    );
    const opened = await openFrame('h264', await new Camera(EPOCH, SECRET).slice(unit), keyOf);
    expect([toHex(opened.data), opened.keyFrame]).toEqual([toHex(joined([START, unit])), false]);
  });

  test.each(vectors.frames.frames.map((frame) => [frame.codec, frame] as const))(
    '%s: no bit of what was encrypted can be flipped',
    async (codec, frame) => {
      const sealed = fromHex(frame.sealed);
      const first = codec === 'h264' ? sealed.length - (fromHex(frame.plain).length - 24) : 0;
      for (let at = first; at < sealed.length; at += 5) {
        const changed = sealed.slice();
        changed[at]! ^= 1 << (at % 8);
        await expect(openFrame(codec, changed, keyOf)).rejects.toThrow(Untrue);
      }
    },
  );

  test('of one kind is none of another', async () => {
    const camera = new Camera(EPOCH, SECRET);
    const frame = await camera.vp8(key8());
    await expect(openFrame('opus', frame, keyOf)).rejects.toThrow(Untrue);
    await expect(openFrame('opus', frame.subarray(9), keyOf)).rejects.toThrow(Untrue);
    const asDelta = frame.slice();
    asDelta[0]! |= 1;
    await expect(openFrame('vp8', asDelta, keyOf)).rejects.toThrow(Untrue);
  });

  test.each(['h264', 'vp8', 'opus'] as const)(
    '%s: noise is never opened, and never a fault',
    async (codec) => {
      for (let size = 0; size < 90; size++) {
        const noise = joined([
          codec === 'h264' ? Uint8Array.of(0, 0, 1, 0x65) : new Uint8Array(0),
          random(size),
        ]);
        await expect(openFrame(codec, noise, keyOf)).rejects.toThrow(Untrue);
      }
    },
  );

  test('a picture needs a slice, and no more than there is room for', async () => {
    const sps = fromHex('0000000167420a');
    await expect(openFrame('h264', sps, keyOf)).rejects.toThrow('one key');
    const one = await new Camera(EPOCH, SECRET).slice(fromHex('65888480'));
    const many = joined(Array<Uint8Array>(MAX_PIECES + 1).fill(one));
    await expect(openFrame('h264', many, keyOf)).rejects.toThrow('too many');
  });

  describe('of a picture of several slices', () => {
    const units = [0x41, 0x42, 0x43].map((sign) => fromHex(`41${toHex(random(30))}${sign.toString(16)}80`));

    test.each([
      [[0]],
      [[1]],
      [[2]],
      [[0, 2]],
      [[1, 2]],
      [[0, 2, 1]],
      [[2, 1, 0]],
      [[0, 1, 1]],
      [[0, 1, 2, 2]],
    ])('slices %j are none', async (kept) => {
      const pieces = await new Camera(EPOCH, SECRET).picture(units);
      const torn = joined(kept.map((at) => pieces[at]!));
      await expect(openFrame('h264', torn, keyOf)).rejects.toThrow('was changed');
      const opened = await openFrame('h264', joined(pieces), keyOf);
      expect(toHex(opened.data)).toBe(toHex(joined(units.flatMap((unit) => [START, unit]))));
    });

    test.each([[[0, 0, 1]], [[0, 1, 1]], [[0, 1, 2]], [[2, 1, 0]], [[1, 0, 1]]])(
      'pieces of pictures %j make none',
      async (pictures) => {
        const camera = new Camera(EPOCH, SECRET);
        const all = [await camera.picture(units), await camera.picture(units), await camera.picture(units)];
        const torn = joined(pictures.map((of, at) => all[of]![at]!));
        await expect(openFrame('h264', torn, keyOf)).rejects.toThrow('several');
      },
    );
  });

  test('a picture is of one key, not of two that are both good', async () => {
    const other = await derive(EPOCH + 1, SECRET);
    const slices = [fromHex('65888480'), fromHex('65888580')];
    const [one, two] = await Promise.all(
      [EPOCH, EPOCH + 1].map((epoch) => new Camera(epoch, SECRET).picture(slices)),
    );
    const both = (kid: number) => (kid === EPOCH ? key : other);
    await expect(openFrame('h264', joined([one![0]!, two![1]!]), both)).rejects.toThrow('one key');
    await openFrame('h264', joined(two!), both);
  });

  test('what no camera sends is left out', async () => {
    const sealed = await new Camera(EPOCH, SECRET).slice(fromHex('65888480aabbccddeeff80'));
    const filler = fromHex('000000010caabb80');
    const opened = await openFrame('h264', joined([filler, sealed, filler]), keyOf);
    expect(toHex(opened.data)).toBe('0000000165888480aabbccddeeff80');
  });

  test('parameter sets are the sealed ones, whatever stands readable', async () => {
    const { plain, sealed } = vectors.frames.frames.find(({ codec }) => codec === 'h264')!;
    const [sps] = split(fromHex(sealed));
    const cropped = fromHex(sealed.replace(toHex(sps!), '6742e01fda0140177fbf'));
    expect(toHex(cropped)).not.toBe(sealed);
    expect(toHex((await openFrame('h264', cropped, keyOf)).data)).toBe(plain);
    const noise = joined([fromHex('0000000106'), random(40), Uint8Array.of(0x87)]);
    await expect(openFrame('h264', joined([noise, fromHex(sealed)]), keyOf)).rejects.toThrow(Untrue);
  });

  test('parameter sets alone are no picture', async () => {
    const alone = await new Camera(EPOCH, SECRET).slice(fromHex('060000000167420a80'));
    await expect(openFrame('h264', alone, keyOf)).rejects.toThrow('no slice');
  });

  test('units are those between start codes of both lengths', () => {
    const shown = (hex: string): string[] => split(fromHex(hex)).map(toHex);
    expect(shown('00000001aa0000000001bb000001cc')).toEqual(['aa', 'bb', 'cc']);
    expect(shown('ff000001aa0000')).toEqual(['aa']);
    expect(shown('000001000001000001aa')).toEqual(['aa']);
    expect([shown(''), shown('000001'), shown('0000'), shown('01')]).toEqual([[], [], [], []]);
  });
});

describe('replay', () => {
  const shownOne = (next = 0): Replay => {
    const replay = new Replay(next);
    replay.shown();
    return replay;
  };

  test('a counter counts once, in any order within the window', () => {
    const replay = shownOne();
    const order = [0, 5, 3, 4, 1, 2, WINDOW, 6];
    expect(order.map((counter) => replay.take([counter], false))).toEqual(order.map(() => true));
    expect(order.map((counter) => replay.take([counter], true))).toEqual(order.map(() => false));
  });

  test('what is a window below the highest is too old', () => {
    const replay = shownOne();
    expect(replay.take([WINDOW + 10], false)).toBe(true);
    expect([10, 9, 0].map((counter) => replay.take([counter], true))).toEqual([false, false, false]);
    expect(replay.take([11], false)).toBe(true);
  });

  test('a newcomer hears the cached group, and nothing before it', () => {
    const replay = shownOne(10_000);
    expect(replay.take([9_999 - WINDOW], true)).toBe(false);
    expect(replay.take([10_000 - WINDOW], true)).toBe(true);
    expect(replay.take([10_000], false)).toBe(true);
  });

  test('of a frame all counters are taken or none', () => {
    const replay = shownOne();
    expect(replay.take([1, 2], false)).toBe(true);
    expect(replay.take([2, 3], false)).toBe(false);
    expect(replay.take([4, 4], false)).toBe(false);
    expect(replay.take([], false)).toBe(false);
    expect(replay.take([3, 4], false)).toBe(true);
  });

  test('who has seen nothing may be sent the group again, a few times', () => {
    const replay = new Replay(0);
    const group = (): boolean[] => [0, 1, 2].map((counter) => replay.take([counter], counter === 0));
    expect(group()).toEqual([true, true, true]);
    for (let round = 0; round < MAX_AGAIN; round++) expect(group()).toEqual([true, true, true]);
    expect(group()).toEqual([false, false, false]);
    expect(replay.take([3], false)).toBe(true);
  });

  test('only from its key frame on, and never after the first picture', () => {
    const replay = new Replay(0);
    [0, 1, 2].forEach((counter) => replay.take([counter], counter === 0));
    expect(replay.take([1], false)).toBe(false);
    replay.shown();
    expect(replay.take([0], true)).toBe(false);
  });

  test('a group that comes again brings nothing from before it', () => {
    const replay = new Replay(0);
    [0, 1, 2, 3, 4].forEach((counter) => replay.take([counter], counter % 3 === 0));
    expect(replay.take([3], true)).toBe(true);
    expect([1, 2, 4].map((counter) => replay.take([counter], false))).toEqual([false, false, true]);
  });

  test('agrees with a plain list of what was taken', () => {
    const chance = dice(5);
    const replay = shownOne();
    const taken = new Set<number>();
    let highest = -1;
    for (let round = 0; round < 30_000; round++) {
      const counter = Math.max(
        0,
        highest + Math.floor(chance() * 300) - (chance() < 0.5 ? 250 : WINDOW + 150),
      );
      const expected = !taken.has(counter) && counter > highest - WINDOW;
      expect(replay.take([counter], chance() < 0.1)).toBe(expected);
      if (expected) taken.add(counter);
      if (expected) highest = Math.max(highest, counter);
    }
  });
});

describe('an sframe track', () => {
  const sender = (epoch: number, counter = 0) => ({ epoch, secret: SECRET, counter });

  async function watching(): Promise<[SealedTrack, Camera]> {
    const track = new SealedTrack('vp8');
    await track.learn(sender(EPOCH), 0);
    return [track, new Camera(EPOCH, SECRET)];
  }

  test('opens a frame once', async () => {
    const [track, camera] = await watching();
    const [plain, more] = [key8(), delta8()];
    const frames = [await camera.vp8(plain), await camera.vp8(more)];
    expect(await track.open(frames[0]!, 0)).toEqual(plain);
    expect(await track.open(frames[1]!, 0)).toEqual(more);
    track.shown();
    for (const frame of frames) await expect(track.open(frame, 0)).rejects.toThrow('sent before');
  });

  test('never hears a sound twice', async () => {
    const track = new SealedTrack('opus');
    await track.learn(sender(EPOCH), 0);
    const packet = await new Camera(EPOCH, SECRET).opus(random(80));
    await track.open(packet, 0);
    await expect(track.open(packet, 0)).rejects.toThrow('sent before');
  });

  test('a forged frame uses no counter up', async () => {
    const [track, camera] = await watching();
    track.shown();
    const frame = await camera.vp8(key8());
    const forged = frame.slice();
    forged[forged.length - 1]! ^= 1;
    await expect(track.open(forged, 0)).rejects.toThrow('changed');
    await track.open(frame, 0);
  });

  test('an old envelope shown again opens nothing anew', async () => {
    const [track, camera] = await watching();
    const frame = await camera.vp8(key8());
    await track.open(frame, 0);
    track.shown();
    await track.learn(sender(EPOCH), 0);
    await track.learn(sender(EPOCH - 1), 0);
    await expect(track.open(frame, 0)).rejects.toThrow('sent before');
  });

  test('a new epoch ends the one before: at its first frame, or soon', async () => {
    const [track, camera] = await watching();
    const frames = await Promise.all([1, 2, 3].map(() => camera.vp8(key8())));
    await track.learn(sender(EPOCH + 1), 0);
    await track.open(frames[0]!, OLD_EPOCH_MS - 1);
    await expect(track.open(frames[1]!, OLD_EPOCH_MS)).rejects.toThrow('nobody gave');

    const [other, same] = await watching();
    const late = await same.vp8(key8());
    await other.learn(sender(EPOCH + 1), 0);
    await other.open(await new Camera(EPOCH + 1, SECRET).vp8(key8()), 1);
    await expect(other.open(late, 2)).rejects.toThrow('nobody gave');
  });

  test('the first picture counts for both epochs', async () => {
    const [track, camera] = await watching();
    const frame = await camera.vp8(key8());
    await track.open(frame, 0);
    await track.learn(sender(EPOCH + 1), 0);
    track.shown();
    await expect(track.open(frame, 0)).rejects.toThrow('sent before');
  });

  test('without a key nothing is opened', async () => {
    const frame = await new Camera(EPOCH, SECRET).vp8(key8());
    await expect(new SealedTrack('vp8').open(frame, 0)).rejects.toThrow('nobody gave');
  });
});
