import decodeQR from 'qr/decode.js';
import { expect, test } from 'vitest';
import { MAX_VERSION, qrModules, qrPath } from '../core/qr-code';
import { compactPayload, longPayload, wifiFault, type OnboardingCode } from '../core/qr-payload';

const code: OnboardingCode = {
  serverUrl: 'https://cameras.example:8443',
  token: 'dG9rZW4tb2YtMTI4LWJpdA',
  ssid: 'Café "5"',
  password: 'p\\ss; wörd',
  hidden: false,
  pin: null,
};

test('compact: short keys in the order the camera documents', () => {
  expect(compactPayload(code)).toBe(
    '{"v":1,"s":"Café \\"5\\"","p":"p\\\\ss; wörd","u":"https://cameras.example:8443","t":"dG9rZW4tb2YtMTI4LWJpdA"}',
  );
});

test('compact: hidden and pin only where they are', () => {
  const full = JSON.parse(compactPayload({ ...code, hidden: true, pin: 'AAAA' })) as object;
  expect(full).toMatchObject({ h: 1, k: 'AAAA' });
  expect(Object.keys(JSON.parse(compactPayload(code)) as object)).toEqual(['v', 's', 'p', 'u', 't']);
});

test('long: the names plain firmware expects', () => {
  expect(JSON.parse(longPayload(code, 'user-1'))).toEqual({
    wifi_name: code.ssid,
    wifi_password: code.password,
    server_address: code.serverUrl,
    secret_token: code.token,
    your_user_id: 'user-1',
  });
});

test.each([
  ['', 'long enough', 'ssid_missing'],
  ['ä'.repeat(17), 'long enough', 'ssid_long'],
  ['ä'.repeat(16), 'long enough', null],
  ['net', '', null],
  ['net', 'seven77', 'password_short'],
  ['net', 'x'.repeat(63), null],
  ['net', 'x'.repeat(64), 'password_long'],
  ['net', 'a1'.repeat(32), null],
] as const)('Wi-Fi %s / %s: %s', (ssid, password, fault) => {
  expect(wifiFault(ssid, password)).toBe(fault);
});

/** Paints modules as a scanner would see them: 4 pixels each, on white. */
function photograph(modules: boolean[][]): { width: number; height: number; data: Uint8ClampedArray } {
  const border = 4;
  const scale = 4;
  const size = (modules.length + 2 * border) * scale;
  const data = new Uint8ClampedArray(size * size * 4).fill(255);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const dark = modules[Math.floor(y / scale) - border]?.[Math.floor(x / scale) - border];
      if (dark) data.fill(0, (y * size + x) * 4, (y * size + x) * 4 + 3);
    }
  }
  return { width: size, height: size, data };
}

test('what is drawn is what is read, beyond ASCII too', () => {
  const modules = qrModules(compactPayload(code));
  expect(modules && decodeQR(photograph(modules))).toBe(compactPayload(code));
});

test('a code finer than a lens can read is not offered', () => {
  expect(qrModules('x'.repeat(272))).toBeNull();
  expect(qrModules('x'.repeat(5_000))).toBeNull();
  expect(qrModules('x'.repeat(271))?.length).toBe(17 + 4 * MAX_VERSION);
});

test('the path covers exactly the dark modules, inside a quiet zone of four', () => {
  const { path, size } = qrPath([
    [true, true, false],
    [false, false, false],
    [false, true, true],
  ]);
  expect(path).toBe('M4 4h2v1h-2zM5 6h2v1h-2z');
  expect(size).toBe(11);
});
