import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Roaming } from '../core/roaming';

const network = Object.assign(new EventTarget(), { type: 'wifi' });
const page = Object.assign(new EventTarget(), { hidden: false });
let moves = 0;
let roaming: Roaming;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('document', page);
  vi.stubGlobal('navigator', { connection: network });
  page.hidden = false;
  network.type = 'wifi';
  moves = 0;
  roaming = new Roaming(() => moves++);
  roaming.start();
});
afterEach(() => {
  roaming.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** The clock goes on, the timers do not. */
const sleep = (milliseconds: number): unknown => vi.setSystemTime(Date.now() + milliseconds);

function show(visible: boolean): void {
  page.hidden = !visible;
  page.dispatchEvent(new Event('visibilitychange'));
}

test('a day without events is no news', () => {
  vi.advanceTimersByTime(86_400_000);
  expect(moves).toBe(0);
});

test('the system says that the network is back', () => {
  window.dispatchEvent(new Event('online'));
  expect(moves).toBe(1);
});

test('another kind of network is news, another guess of its speed is not', () => {
  network.dispatchEvent(new Event('change'));
  expect(moves).toBe(0);
  network.type = 'cellular';
  network.dispatchEvent(new Event('change'));
  network.dispatchEvent(new Event('change'));
  expect(moves).toBe(1);
});

test('a closed laptop is noticed within a second of being opened, once', () => {
  sleep(600_000);
  vi.advanceTimersByTime(1_000);
  expect(moves).toBe(1);
  vi.advanceTimersByTime(60_000);
  expect(moves).toBe(1);
});

test('a page that was busy for some seconds has not slept', () => {
  sleep(3_900);
  vi.advanceTimersByTime(1_000);
  expect(moves).toBe(0);
});

test('sleep out of sight is told when somebody looks', () => {
  show(false);
  sleep(20_000);
  vi.advanceTimersByTime(1_000);
  expect(moves).toBe(0);
  show(true);
  expect(moves).toBe(1);
});

test('a short look elsewhere is no news, an hour is', () => {
  show(false);
  vi.advanceTimersByTime(30_000);
  show(true);
  expect(moves).toBe(0);
  show(false);
  vi.advanceTimersByTime(3_600_000);
  show(true);
  expect(moves).toBe(1);
});

test('what was frozen out of sight is told once, although its timers are as late', () => {
  show(false);
  sleep(600_000);
  show(true);
  vi.advanceTimersByTime(5_000);
  expect(moves).toBe(1);
});

test('a page that was opened out of sight is no news when it is first looked at', () => {
  roaming.stop();
  page.hidden = true;
  roaming.start();
  vi.advanceTimersByTime(5_000);
  show(true);
  expect(moves).toBe(0);
});

test('stopped, it says nothing and leaves no timer', () => {
  roaming.stop();
  window.dispatchEvent(new Event('online'));
  show(false);
  expect(moves).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
