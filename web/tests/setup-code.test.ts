import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSecret } from '../core/setup-code';

const file = join(import.meta.dirname, '../../tests/vectors/sealed_wifi.json');
const { setup_code: printed } = JSON.parse(readFileSync(file, 'utf8')) as { setup_code: string };
const plain = printed.replaceAll('-', '');

test('as people type it', () => {
  for (const typed of [printed, printed.toLowerCase(), ` ${plain} `, printed.replaceAll('-', ' ')]) {
    expect(readSecret(typed)).toEqual({ kind: 'setup', code: plain });
  }
  expect(readSecret(plain.replaceAll('1', 'l').replaceAll('0', 'o'))).toEqual({ kind: 'setup', code: plain });
});

test('a wrong sign and two that changed places are found', () => {
  for (let at = 0; at < plain.length; at++) {
    const other = plain[at] === 'Z' ? 'Y' : 'Z';
    expect(readSecret(plain.slice(0, at) + other + plain.slice(at + 1))).toBe('typing');
    const [a = '', b = ''] = plain.slice(at, at + 2);
    if (b && a !== b) expect(readSecret(plain.slice(0, at) + b + a + plain.slice(at + 2))).toBe('typing');
  }
});

test.each(['ABCD', `${'A'.repeat(42)}B`, 'U'.repeat(12), `${plain}0`, '*'.repeat(12)])(
  '%s has not the form',
  (typed) => {
    expect(readSecret(typed)).toBe('form');
  },
);
