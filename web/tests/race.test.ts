import { describe, expect, test } from 'vitest';
import type { Via } from '../core/messages';
import { dueAt, headStart } from '../core/race';
import {
  notWatching,
  type Cause,
  type Effect,
  type Happening,
  type Phase,
  type Watching,
} from '../core/watch-state';
import { decide } from '../core/watching';

const BOTH: readonly Via[] = ['direct', 'relay'];

/** A viewer on a clock that the test moves: it does nothing by itself but what `dueAt` asks for. */
class Story {
  watching: Watching = notWatching;
  now = 0;
  readonly effects: string[] = [];

  tell(event: Happening): this {
    const { watching, effects } = decide(this.watching, event, this.now, 1);
    this.watching = watching;
    this.effects.push(...effects.map(words));
    return this;
  }

  /** Lets time pass, with a tick whenever the decisions asked for one. */
  pass(milliseconds: number): this {
    const end = this.now + milliseconds;
    for (let due = dueAt(this.watching); due !== null && due <= end; due = dueAt(this.watching)) {
      this.now = Math.max(this.now, due);
      this.tell({ type: 'tick' });
    }
    this.now = end;
    return this;
  }

  start = (): this => this.tell({ type: 'start' });
  hint = (via: Via): this => this.tell({ type: 'hint', via });
  answered = (attempt: number, via: Via, ways: readonly Via[] = BOTH): this =>
    this.tell({ type: 'answered', attempt, via, ways, headStartMs: 300 });
  picture = (attempt: number): this => this.tell({ type: 'picture', attempt });
  lost = (attempt: number, cause: Cause = 'path'): this => this.tell({ type: 'lost', attempt, cause });
  stalled = (attempt: number): this => this.tell({ type: 'stalled', attempt });
  flowing = (attempt: number): this => this.tell({ type: 'flowing', attempt });
  orphaned = (attempt: number): this => this.tell({ type: 'orphaned', attempt });
  moved = (): this => this.tell({ type: 'moved' });

  /** What happened since this was asked last. */
  done(): string[] {
    return this.effects.splice(0);
  }

  expect(phase: Phase, via: Via | null, shown: number | null): void {
    expect(this.watching).toMatchObject({ phase, via, shown });
  }
}

const words = (effect: Effect): string =>
  effect.type === 'open'
    ? `open ${effect.attempt} ${effect.via ?? 'any'}`
    : effect.type === 'learn'
      ? `learn ${effect.via}`
      : `${effect.type} ${effect.attempt}`;

/** On screen through the relay (attempt 2); the direct way (attempt 1) has failed. */
const onRelay = (): Story => new Story().start().answered(1, 'direct').pass(300).picture(2).lost(1);
/** On screen directly. */
const onDirect = (): Story => new Story().start().answered(1, 'direct').picture(1);

describe('the head start', () => {
  test.each([
    [0, 0, 300],
    [20, null, 300],
    [40, 40, 520],
    [75, 75, 975],
    [20, 130, 975],
  ])('own round trip %s ms, the camera’s %s ms: %s ms', (own, camera, expected) => {
    expect(headStart(own, camera)).toBeCloseTo(expected);
  });
});

describe('the direct way first', () => {
  test('comes within its head start: no relay is asked for', () => {
    const story = new Story().start().answered(1, 'direct').pass(299).picture(1).pass(600_000);
    expect(story.done()).toEqual(['open 1 any', 'show 1', 'learn direct']);
    story.expect('live', 'direct', 1);
  });

  test('takes longer: the relay joins, and whoever comes first is shown', () => {
    const story = new Story().start().answered(1, 'direct').pass(300);
    expect(story.done()).toEqual(['open 1 any', 'open 2 relay']);
    story.picture(1);
    expect(story.done()).toEqual(['show 1', 'close 2', 'learn direct']);
  });

  test('fails: the relay does not wait for the end of the head start', () => {
    const story = new Story().start().answered(1, 'direct').pass(100).lost(1);
    expect(story.done()).toEqual(['open 1 any', 'close 1', 'open 2 relay']);
    story.expect('connecting', null, null);
  });

  test('fails for the camera’s sake: no relay can help', () => {
    const story = new Story().start().answered(1, 'direct').lost(1, 'offline');
    expect(story.done()).toEqual(['open 1 any', 'close 1']);
    expect(story.watching).toMatchObject({ phase: 'waiting', cause: 'offline' });
  });

  test('a server without a relay is not asked for one', () => {
    const story = new Story().start().answered(1, 'direct', ['direct']).pass(5_000).lost(1);
    expect(story.done()).toEqual(['open 1 any', 'close 1']);
    expect(story.watching).toMatchObject({ phase: 'waiting', cause: 'path' });
  });
});

describe('the relay', () => {
  test('the server picks it: one session is enough', () => {
    const story = new Story().start().answered(1, 'relay', ['relay']).pass(1_000).picture(1);
    expect(story.done()).toEqual(['open 1 any', 'show 1']);
    expect(story.watching).toMatchObject({ via: 'relay', faults: { direct: 'closed' } });
  });

  test('a closed direct way (488) opens it at once', () => {
    const story = new Story()
      .hint('relay')
      .start()
      .lost(1, 'closed')
      .answered(2, 'relay', ['relay'])
      .picture(2);
    expect(story.done()).toEqual(['open 1 direct', 'open 2 relay', 'close 1', 'show 2']);
  });

  test('both closed: the viewer waits, and says so', () => {
    const story = new Story().start().lost(1, 'closed').lost(2, 'closed');
    expect(story.done()).toEqual(['open 1 any', 'close 1', 'open 2 relay', 'close 2']);
    expect(story.watching).toMatchObject({ phase: 'waiting', cause: 'closed' });
  });

  test('is full and there is no direct way: both faults are kept for the verdict', () => {
    const story = new Story().start().answered(1, 'direct').pass(300).lost(2, 'busy').lost(1);
    expect(story.watching).toMatchObject({ phase: 'waiting', faults: { direct: 'path', relay: 'busy' } });
    expect(story.done()).toEqual(['open 1 any', 'open 2 relay', 'close 2', 'close 1']);
  });

  test('cannot reach the camera either: the direct way’s fault is the one to speak of', () => {
    const story = new Story().start().answered(1, 'direct').lost(1).lost(2, 'offline');
    expect(story.watching).toMatchObject({ phase: 'waiting', cause: 'path' });
    expect(new Story().start().answered(1, 'relay').lost(1, 'offline').watching.cause).toBe('offline');
  });

  test('won on this network before: it starts at once, beside the direct way', () => {
    const story = new Story().hint('relay').start();
    expect(story.done()).toEqual(['open 1 direct', 'open 2 relay']);
  });

  test('the network’s name came with the answer: it starts then', () => {
    const story = new Story().start().hint('relay').answered(1, 'direct');
    expect(story.done()).toEqual(['open 1 any', 'open 2 relay']);
  });
});

describe('to a better way, unseen', () => {
  test('the relay was first: the direct racer runs on, and takes over', () => {
    const story = new Story().start().answered(1, 'direct').pass(300).picture(2);
    expect(story.done().slice(-1)).toEqual(['show 2']);
    story.expect('live', 'relay', 2);
    story.pass(500).picture(1);
    expect(story.done()).toEqual(['show 1', 'close 2', 'learn direct']);
    story.expect('live', 'direct', 1);
  });

  test('the direct racer fails: the relay’s picture stays, and this network is remembered', () => {
    const story = onRelay();
    expect(story.done().slice(-3)).toEqual(['show 2', 'close 1', 'learn relay']);
    story.expect('live', 'relay', 2);
  });

  test('a limit or a rule says nothing about the network', () => {
    const story = new Story().start().answered(1, 'relay', ['relay']).picture(1);
    expect(story.done().some((effect) => effect.startsWith('learn'))).toBe(false);
  });

  test('it is tried again at growing intervals, the picture untouched', () => {
    const story = onRelay();
    const waits: number[] = [];
    for (let attempt = 3; attempt < 9; attempt++) {
      const { now } = story;
      story.done();
      story.pass((dueAt(story.watching) ?? 0) - now);
      expect(story.done()).toEqual([`open ${attempt} direct`]);
      waits.push(story.now - now);
      story.lost(attempt);
      story.expect('live', 'relay', 2);
    }
    expect(waits.map((wait) => wait / 60_000)).toEqual([1, 2, 4, 8, 15, 15]);
  });

  test('it works at last', () => {
    const story = onRelay().pass(60_000).answered(3, 'direct').pass(5_000).picture(3);
    expect(story.done().slice(-4)).toEqual(['open 3 direct', 'show 3', 'close 2', 'learn direct']);
    expect(dueAt(story.watching)).toBeNull();
  });
});

describe('to a worse way, rather than none', () => {
  test('a direct picture that stands still has both ways started beside it', () => {
    const story = onDirect();
    story.done();
    story.stalled(1);
    expect(story.done()).toEqual(['open 2 direct', 'open 3 relay']);
    story.picture(3);
    expect(story.done()).toEqual(['show 3', 'close 1']);
    story.expect('live', 'relay', 3);
    story.picture(2);
    expect(story.done()).toEqual(['show 2', 'close 3']);
  });

  test('it moves again by itself: both are needless', () => {
    const story = onDirect().stalled(1);
    story.done();
    expect(story.flowing(1).done()).toEqual(['close 2', 'close 3']);
  });

  test('its transport fails: both ways start', () => {
    const story = onDirect();
    story.done();
    expect(story.lost(1).done()).toEqual(['close 1', 'open 2 direct', 'open 3 relay']);
    story.expect('connecting', null, null);
  });

  test('the relay’s picture ends while the direct way is being tried: that one goes on, a new relay joins', () => {
    const story = onRelay().pass(60_000);
    story.done();
    expect(story.lost(2).done()).toEqual(['close 2', 'open 4 relay']);
    expect(story.watching.trying).toEqual({ direct: 3, relay: 4 });
  });

  test('a relay’s picture that moves again is still to be left for a direct one', () => {
    const story = onRelay().stalled(2).flowing(2);
    expect(dueAt(story.watching)).not.toBeNull();
    expect(story.watching.trying).toEqual({ direct: null, relay: null });
  });
});

describe('pictures that do not stay', () => {
  /** A camera that breaks off after each first picture: how many sessions it is asked for in a minute. */
  const sessionsAMinute = (end: (story: Story, shown: number) => Story): number => {
    const story = new Story().start();
    while (story.now < 60_000) {
      const shown = story.watching.next - 1;
      end(story.answered(shown, 'direct', ['direct']).picture(shown).pass(200), shown).pass(10);
      while (story.watching.trying.direct === null) story.pass(100);
    }
    return story.watching.next;
  };

  test('are asked for ever more rarely, the first one again at once', () => {
    const story = onDirect().pass(200);
    story.done();
    expect(story.lost(1, 'ended').done()).toEqual(['close 1', 'open 2 any']);
    story.answered(2, 'direct').picture(2).pass(200).lost(2, 'ended');
    story.expect('waiting', null, null);
    expect(story.pass(999).done()).toEqual(['show 2', 'close 2']);
    expect(story.pass(1).done()).toEqual(['open 3 any']);
    expect(sessionsAMinute((told, shown) => told.lost(shown, 'ended'))).toBeLessThan(12);
  });

  test('or stand still soon: no herd of new ones on a line that is full', () => {
    const story = onDirect().pass(2_000).stalled(1).picture(2).pass(2_000);
    story.done();
    story.stalled(2).expect('stalled', 'direct', 2);
    expect(story.done()).toEqual([]);
    expect(story.pass(1_000).done()).toEqual(['open 4 any']);
  });

  test('a picture that stands and goes on, again and again, is left alone', () => {
    const story = onDirect();
    for (let time = 0; time < 20; time++) story.pass(500).stalled(1).pass(500).flowing(1);
    story.expect('live', 'direct', 1);
    expect(story.watching.next).toBeLessThan(10);
  });

  test('one that flowed for a while is followed at once, however often', () => {
    const story = onDirect();
    for (let shown = 1; shown < 10; shown++) {
      story
        .pass(10_000)
        .lost(shown, 'ended')
        .answered(shown + 1, 'direct')
        .picture(shown + 1);
      story.expect('live', 'direct', shown + 1);
    }
  });
});

describe('no common video format', () => {
  test('one racer says so: the other may still show a picture', () => {
    const story = new Story().start().answered(1, 'direct').pass(300).lost(2, 'codec');
    story.expect('connecting', null, null);
    story.picture(1).expect('live', 'direct', 1);
  });

  test('beside a picture that flows it ends nothing', () => {
    const story = onRelay().pass(60_000).lost(3, 'codec');
    story.expect('live', 'relay', 2);
  });

  test('both say so: no more is tried', () => {
    const story = new Story().start().answered(1, 'direct').pass(300).lost(2, 'codec').lost(1, 'codec');
    story.expect('refused', null, null);
  });
});

describe('this device or the camera has moved', () => {
  test('a new race beside the picture; the first of it replaces it', () => {
    const story = onDirect();
    story.done();
    story.moved();
    expect(story.done()).toEqual(['open 2 any']);
    story.expect('live', 'direct', 1);
    story.answered(2, 'direct').pass(300).picture(3);
    expect(story.done()).toEqual(['open 3 relay', 'show 3', 'close 1']);
    story.picture(2);
    expect(story.done()).toEqual(['show 2', 'close 3', 'learn direct']);
  });

  test('racers that set out on the old network are called off', () => {
    const story = new Story().start().answered(1, 'direct').pass(300);
    story.done();
    expect(story.moved().done()).toEqual(['close 1', 'close 2', 'open 3 any']);
  });

  test('on the relay: also a new session of the relay, if the direct way is slow', () => {
    const story = onRelay();
    story.done();
    story.moved().answered(3, 'direct').pass(300);
    expect(story.done()).toEqual(['open 3 any', 'open 4 relay']);
    story.picture(4);
    expect(story.done()).toEqual(['show 4', 'close 2']);
  });

  test('a new session fails while the old one flows: it is tried again', () => {
    const story = onDirect().orphaned(1).answered(2, 'direct', ['direct']).lost(2);
    story.expect('live', 'direct', 1);
    story.done();
    expect(story.pass(1_000).done()).toEqual(['open 3 any']);
  });

  test('nobody watches: nothing happens', () => {
    expect(new Story().moved().watching).toEqual(notWatching);
  });
});

test('stopping closes all three', () => {
  const story = onDirect().stalled(1);
  story.done();
  story.tell({ type: 'stop' });
  expect(story.done()).toEqual(['close 1', 'close 2', 'close 3']);
  expect(dueAt(story.watching)).toBeNull();
});

test('whatever happens, at most three sessions live, and none is closed twice or lost', () => {
  // A fixed dice: a thousand stories of forty events.
  let seed = 7;
  const dice = (faces: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % faces;
  };
  const causes: Cause[] = [
    'path',
    'silent',
    'closed',
    'busy',
    'offline',
    'ended',
    'signaling',
    'codec',
    'webrtc',
  ];
  for (let round = 0; round < 1_000; round++) {
    const story = new Story();
    const live = new Set<number>();
    for (let step = 0; step < 40; step++) {
      const attempt = dice(story.watching.next);
      const via = BOTH[dice(2)] as Via;
      const events: Happening[] = [
        { type: 'start' },
        { type: 'nudge' },
        { type: 'tick' },
        { type: 'moved' },
        { type: 'away' },
        { type: 'hint', via },
        { type: 'answered', attempt, via, ways: dice(3) ? BOTH : [via], headStartMs: dice(1_000) },
        { type: 'picture', attempt },
        { type: 'stalled', attempt },
        { type: 'flowing', attempt },
        { type: 'orphaned', attempt },
        { type: 'lost', attempt, cause: causes[dice(causes.length)] as Cause },
      ];
      story.now += dice(5_000);
      story.tell(events[dice(events.length)] as Happening);
      for (const effect of story.done()) {
        const [what, number] = [effect.split(' ')[0], Number(effect.split(' ')[1])];
        if (what === 'open') live.add(number);
        if (what === 'show') expect(live.has(number)).toBe(true);
        if (what === 'close') expect(live.delete(number)).toBe(true);
      }
      const { shown, trying, phase, retryAt, replacing } = story.watching;
      const known = [shown, trying.direct, trying.relay].filter((number) => number !== null);
      expect([...live].sort()).toEqual([...known].sort());
      if (phase === 'connecting') expect(known.length).toBeGreaterThan(0);
      if (phase === 'waiting') expect(retryAt).not.toBeNull();
      // Somebody is at work, or will be, wherever there is a better picture to be had.
      const busy = trying.direct !== null || trying.relay !== null || dueAt(story.watching) !== null;
      if (phase === 'stalled' || replacing || (phase === 'live' && story.watching.via === 'relay'))
        expect(busy).toBe(true);
    }
  }
});
