/** What both implementations must say of each case (tests/vectors/trust.json). */

import { describe, expect, test } from 'vitest';
import { decodeBytes, encodeBytes, toHex } from '../core/trust/bytes';
import { open } from '../core/trust/envelope';
import { rights } from '../core/trust/grant';
import { follow, LINK } from '../core/trust/keyring';
import { NO_ORDERS, readOrders } from '../core/trust/orders';
import { cameraProof, ownerProof, readSecret } from '../core/trust/pairing';
import { isProof } from '../core/trust/proof';
import { pairOfSeed } from '../core/trust/seed';
import { openFrame, split } from '../core/trust/sealed-frames';
import { answer, checkOffer, HELLO } from '../core/trust/session';
import { derive } from '../core/trust/sframe';
import { read } from '../core/trust/statement';
import { Untrue } from '../core/trust/untrue';
import { checkAnswer, exchangeKeyOf, fromHex, vectors } from './trust-people';

const named = <T extends { why: string }>(cases: T[]) => cases.map((each) => [each.why, each] as const);
const { pairing, statements, keyrings, grants, sessions, envelopes, frames } = vectors;

describe('pairing', () => {
  test('both proofs are those of the vectors', async () => {
    const secret = readSecret(pairing.secret);
    const { origin, token, camera, ring, head } = pairing;
    expect(isProof(await cameraProof(secret, origin, token, camera), pairing.camera_proof)).toBe(true);
    expect(isProof(await ownerProof(secret, origin, token, ring, head), pairing.owner_proof)).toBe(true);
  });
});

describe('signed statements', () => {
  test.each(named(statements.says_more))('may say more: %s', async (_, { text }) => {
    expect([...(await follow([text])).keys]).toEqual([statements.by]);
  });

  test.each(named(statements.refused))('%s', async (_, { text }) => {
    await expect(read(text, LINK)).rejects.toThrow(Untrue);
  });
});

describe('signed keyrings', () => {
  test.each(keyrings.map((each) => [each.why, each] as const))('%s', async (_, { chain, name, keys }) => {
    if (name === undefined) return expect(follow(chain)).rejects.toThrow(Untrue);
    const ring = await follow(chain);
    expect([ring.name, [...ring.keys].sort(), ring.n]).toEqual([name, keys, chain.length - 1]);
  });

  test('there are good ones and bad ones', () => {
    expect(keyrings.filter((each) => each.name).length).toBe(1);
    expect(keyrings.length).toBeGreaterThan(10);
  });
});

describe('signed grants', async () => {
  const { camera, now } = grants;
  const [owner, viewer] = await Promise.all([follow(grants.owner), follow(grants.viewer)]);
  const against = { camera, owner, viewer, now, orders: NO_ORDERS };

  test.each(grants.cases.map((each) => [each.why, each] as const))('%s', async (_, { chain, scopes }) => {
    if (scopes === undefined) return expect(rights(chain, against)).rejects.toThrow(Untrue);
    const may = await rights(chain, against);
    expect([[...may.scopes], may.until, may.serial]).toEqual([scopes, null, 7]);
  });

  test('orders take the grants away', async () => {
    const orders = await readOrders(grants.orders, camera, owner, NO_ORDERS);
    for (const { chain } of grants.cases.slice(0, 2)) {
      await expect(rights(chain, { ...against, orders })).rejects.toThrow('revoked');
    }
  });
});

describe('swap in a session', () => {
  const { camera, viewer, session, hello, good } = sessions;
  const said = { hello, camera, session };

  test('what nobody touched is believed, and answered in the very same words', async () => {
    expect((await read(hello, HELLO)).by).toBe(viewer);
    const offer = await checkOffer(good.text, said, good.with_sdp);
    expect(offer.what.fingerprint).toBe(good.fingerprint);
    const { seed, now, with_sdp, text } = sessions.answer;
    expect(await answer(await pairOfSeed(decodeBytes(seed)), offer, with_sdp, now)).toBe(text);
    await checkAnswer(text, offer, viewer, with_sdp);
  });

  test.each(sessions.swapped.map((each) => [each.why, each] as const))('offer: %s', async (_, swapped) => {
    await expect(checkOffer(swapped.text, said, swapped.with_sdp)).rejects.toThrow(Untrue);
  });

  test.each(sessions.swapped_answers.map((each) => [each.why, each] as const))(
    'answer: %s',
    async (_, swapped) => {
      const offer = await checkOffer(good.text, said, good.with_sdp);
      await expect(checkAnswer(swapped.text, offer, viewer, swapped.with_sdp)).rejects.toThrow(Untrue);
    },
  );
});

describe('signed envelopes', () => {
  const { camera, hello, text } = envelopes;

  test('one for us is opened', async () => {
    const { epoch, secret, counter } = await open(
      text,
      camera,
      hello,
      await exchangeKeyOf(envelopes.exchange_seed),
    );
    expect([epoch, encodeBytes(secret), counter]).toEqual([
      envelopes.epoch,
      envelopes.secret,
      envelopes.counter,
    ]);
  });

  test.each(envelopes.refused.map((each) => [each.why, each.text] as const))('%s', async (_, refused) => {
    const own = await exchangeKeyOf(envelopes.exchange_seed);
    await expect(open(refused, camera, hello, own)).rejects.toThrow(Untrue);
  });

  test('with another exchange key it stays shut', async () => {
    const other = await exchangeKeyOf(envelopes.secret);
    await expect(open(text, camera, hello, other)).rejects.toThrow('cannot be opened');
  });
});

describe('sframe', async () => {
  const key = await derive(frames.epoch, decodeBytes(frames.secret));
  const keyOf = (kid: number) => (kid === frames.epoch ? key : undefined);

  test.each(frames.frames.map((each) => [each.codec, each] as const))('%s', async (codec, frame) => {
    const opened = await openFrame(codec, fromHex(frame.sealed), keyOf);
    expect(toHex(opened.data)).toBe(frame.plain);
    const pieces = split(fromHex(frame.sealed)).filter((unit) => [5, 6].includes(unit[0]! & 0x1f));
    const count = codec === 'h264' ? pieces.length : 1;
    expect([opened.kid, opened.keyFrame, opened.counters.length]).toEqual([frames.epoch, true, count]);
  });

  test.each(frames.torn.map((each) => [each.why, each] as const))('torn: %s', async (_, frame) => {
    await expect(openFrame(frame.codec, fromHex(frame.sealed), keyOf)).rejects.toThrow(Untrue);
  });
});
