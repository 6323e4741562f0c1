import { expect, test } from 'vitest';
import { EventReader } from '../core/sse';

const STREAM =
  ': hello\n\nevent: camera\ndata: {"id":"a"}\n\nevent: removed\r\ndata: {"id":\r\ndata: "b"}\r\n\r\n:\n\n';
const EVENTS = [
  { event: 'camera', data: '{"id":"a"}' },
  { event: 'removed', data: '{"id":\n"b"}' },
];

test('events, comments and both line ends', () => {
  expect(new EventReader().read(STREAM)).toEqual(EVENTS);
});

test('one character at a time gives the same events', () => {
  const reader = new EventReader();
  expect([...STREAM].flatMap((character) => reader.read(character))).toEqual(EVENTS);
});

test('an event without data is none, and a name does not stick to the next one', () => {
  expect(new EventReader().read('event: camera\n\ndata: x\n\n')).toEqual([{ event: 'message', data: 'x' }]);
});

test('an endless line is refused', () => {
  const reader = new EventReader();
  const flood = (): void => {
    for (let i = 0; i < 20; i++) reader.read('data: '.padEnd(64 * 1024, 'x'));
  };
  expect(flood).toThrow(RangeError);
});
