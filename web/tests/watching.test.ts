import { describe, expect, test } from 'vitest';
import { notWatching, type Effect, type Happening, type Watching } from '../core/watch-state';
import { decide } from '../core/watching';

/** Plays a story and tells where it ends; `now` is each event's place in it, in seconds. */
function play(...events: Happening[]): { watching: Watching; effects: Effect[] } {
  return continued(ALONE, ...events);
}

function continued(from: Watching, ...events: Happening[]): { watching: Watching; effects: Effect[] } {
  let watching = from;
  const effects: Effect[] = [];
  events.forEach((event, second) => {
    const decision = decide(watching, event, second * 1000, 1);
    watching = decision.watching;
    effects.push(...decision.effects);
  });
  return { watching, effects };
}

/** Here the server offers the direct way alone; `race.test.ts` has both. */
const ALONE: Watching = { ...notWatching, ways: ['direct'], hint: 'direct' };
const NONE = { direct: null, relay: null };
const START: Happening = { type: 'start' };
const picture = (attempt: number): Happening => ({ type: 'picture', attempt });
const OPEN = (attempt: number): Effect => ({ type: 'open', attempt, via: null });
const stalled = (attempt: number): Happening => ({ type: 'stalled', attempt });
const flowing = (attempt: number): Happening => ({ type: 'flowing', attempt });
const orphaned = (attempt: number): Happening => ({ type: 'orphaned', attempt });
const lost = (
  attempt: number,
  cause: 'offline' | 'forbidden' | 'ended' | 'codec' | 'webrtc' = 'offline',
): Happening => ({
  type: 'lost',
  attempt,
  cause,
});

describe('the good way', () => {
  test('start opens, the picture shows', () => {
    const { watching, effects } = play(START, picture(1));
    expect(watching).toMatchObject({ phase: 'live', shown: 1, trying: NONE });
    expect(effects).toEqual([OPEN(1), { type: 'show', attempt: 1 }]);
  });

  test('starting twice opens once', () => {
    expect(play(START, START).effects).toEqual([OPEN(1)]);
  });

  test('stop closes all there is, and numbers are never used again', () => {
    const { watching, effects } = play(START, picture(1), stalled(1), { type: 'stop' });
    expect(watching).toMatchObject({ phase: 'idle', shown: null, trying: NONE, next: 3 });
    expect(effects.slice(-2)).toEqual([
      { type: 'close', attempt: 1 },
      { type: 'close', attempt: 2 },
    ]);
  });
});

describe('make before break', () => {
  test('the old picture is closed only after the new one shows', () => {
    const { watching, effects } = play(START, picture(1), stalled(1), picture(2));
    expect(watching).toMatchObject({ phase: 'live', shown: 2 });
    expect(effects.slice(1)).toEqual([
      { type: 'show', attempt: 1 },
      OPEN(2),
      { type: 'show', attempt: 2 },
      { type: 'close', attempt: 1 },
    ]);
  });

  test('a picture that moves again by itself makes the second session needless', () => {
    const { watching, effects } = play(START, picture(1), stalled(1), flowing(1));
    expect(watching).toMatchObject({ phase: 'live', shown: 1, trying: NONE });
    expect(effects.at(-1)).toEqual({ type: 'close', attempt: 2 });
  });

  test('a second session that fails leaves the standing picture and tries again', () => {
    const { watching } = play(START, picture(1), stalled(1), lost(2));
    expect(watching).toMatchObject({
      phase: 'stalled',
      shown: 1,
      trying: NONE,
      cause: 'offline',
      retryAt: 4_000,
    });
    expect(continued(watching, { type: 'nudge' }).effects).toEqual([OPEN(3)]);
  });

  test('a stall while another session is on its way opens no third', () => {
    expect(play(START, picture(1), stalled(1), stalled(1)).effects).toHaveLength(3);
  });
});

describe('failing', () => {
  test('waits longer each time, up to a bound', () => {
    let { watching } = play(START);
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 6; attempt++) {
      watching = decide(watching, lost(attempt), 0, 1).watching;
      waits.push(watching.retryAt ?? 0);
      watching = decide(watching, { type: 'tick' }, watching.retryAt ?? 0, 1).watching;
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  });

  test('a tick before its time does nothing', () => {
    const { watching } = play(START, lost(1));
    expect(decide(watching, { type: 'tick' }, 1_999, 1).effects).toEqual([]);
    expect(decide(watching, { type: 'tick' }, 2_000, 1).effects).toEqual([OPEN(2)]);
  });

  test('a camera that comes back is not kept waiting', () => {
    const { watching, effects } = play(START, lost(1), { type: 'nudge' });
    expect(watching).toMatchObject({ phase: 'connecting', trying: { direct: 2, relay: null }, failures: 0 });
    expect(effects.at(-1)).toEqual(OPEN(2));
  });

  test('a nudge without need does nothing', () => {
    expect(play(START, { type: 'nudge' }).effects).toHaveLength(1);
    expect(play(START, picture(1), { type: 'nudge' }).effects).toHaveLength(2);
  });

  test('the session on screen ends: a new one starts at once', () => {
    const { watching, effects } = play(START, picture(1), lost(1, 'ended'));
    expect(watching).toMatchObject({ phase: 'connecting', shown: null, trying: { direct: 2, relay: null } });
    expect(effects.slice(-2)).toEqual([{ type: 'close', attempt: 1 }, OPEN(2)]);
  });

  test.each(['forbidden', 'codec', 'webrtc'] as const)(
    '%s ends all, and only a person starts again',
    (cause) => {
      const { watching, effects } = play(
        START,
        picture(1),
        stalled(1),
        lost(2, cause),
        { type: 'tick' },
        { type: 'nudge' },
      );
      expect(watching).toMatchObject({ phase: 'refused', cause, shown: null, trying: NONE });
      expect(effects.slice(-2).map((effect) => effect.type)).toEqual(['close', 'close']);
      expect(continued(watching, START).watching.phase).toBe('connecting');
    },
  );

  test('an away camera is named as soon as its picture stands still', () => {
    const { watching } = play(START, picture(1), { type: 'away' });
    expect(watching).toMatchObject({ phase: 'live', cause: null });
    expect(continued(watching, stalled(1)).watching).toMatchObject({
      phase: 'stalled',
      cause: 'offline',
      shown: 1,
    });
    expect(continued(watching, lost(1, 'ended')).watching).toMatchObject({
      phase: 'connecting',
      cause: 'offline',
    });
  });

  test('away is said at once of a picture that stands still already, and taken back', () => {
    const stopped = play(START, picture(1), stalled(1), { type: 'away' }).watching;
    expect(stopped).toMatchObject({ phase: 'stalled', cause: 'offline' });
    expect(continued(stopped, { type: 'nudge' }).watching).toMatchObject({ phase: 'stalled', cause: null });
    expect(continued(stopped, picture(2)).watching).toMatchObject({
      phase: 'live',
      cause: null,
      away: false,
    });
  });

  test('nobody watches: an away camera is no news', () => {
    expect(play({ type: 'away' }).watching).toEqual(ALONE);
  });

  test('news of a session that is long gone changes nothing', () => {
    const { watching } = play(START, picture(1), stalled(1), picture(2));
    for (const late of [lost(1), picture(1), stalled(1), flowing(1)]) {
      expect(decide(watching, late, 9_000, 1)).toEqual({ watching, effects: [] });
    }
  });
});

describe('a session that the server has forgotten', () => {
  test('is replaced while its picture flows on, and nobody sees it', () => {
    const { watching, effects } = play(START, picture(1), orphaned(1), flowing(1));
    expect(watching).toMatchObject({
      phase: 'live',
      shown: 1,
      trying: { direct: 2, relay: null },
      cause: null,
    });
    expect(effects.at(-1)).toEqual(OPEN(2));
    const after = continued(watching, picture(2));
    expect(after.watching).toMatchObject({ phase: 'live', shown: 2, trying: NONE, replacing: false });
    expect(after.effects).toEqual([
      { type: 'show', attempt: 2 },
      { type: 'close', attempt: 1 },
    ]);
  });

  test('a replacement that fails is tried again, still unseen', () => {
    const { watching } = play(START, picture(1), orphaned(1), lost(2));
    expect(watching).toMatchObject({ phase: 'live', cause: null, trying: NONE });
    const { effects } = decide(watching, { type: 'tick' }, 60_000, 1);
    expect(effects).toEqual([OPEN(3)]);
  });

  test('when it stands still meanwhile, the replacement goes on, also if it moves again', () => {
    const still = play(START, picture(1), orphaned(1), stalled(1));
    expect(still.watching).toMatchObject({ phase: 'stalled', trying: { direct: 2, relay: null } });
    const moves = continued(still.watching, flowing(1));
    expect(moves.watching).toMatchObject({ phase: 'live', trying: { direct: 2, relay: null } });
    expect(moves.effects).toEqual([]);
  });

  test('whoever may no longer watch is refused, and sees nothing more', () => {
    const { watching } = play(START, picture(1), orphaned(1), lost(2, 'forbidden'));
    expect(watching).toMatchObject({ phase: 'refused', shown: null, cause: 'forbidden' });
  });
});
