import { afterEach, expect, test, vi } from 'vitest';
import { Api, Problem, readVerdicts, Unreachable } from '../core/api';

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  vi.stubGlobal(
    'fetch',
    vi.fn(async () => new Response(status === 204 ? null : text, { status, headers })),
  );
};
const caught = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

afterEach(() => vi.unstubAllGlobals());

test('a problem keeps its code, its sentence and when to come back', async () => {
  answer(429, { code: 'too_many_requests', detail: 'Slow down.' }, { 'Retry-After': '30' });
  expect(await caught(new Api().me())).toMatchObject({
    status: 429,
    code: 'too_many_requests',
    detail: 'Slow down.',
    retryAfter: 30,
  });
});

test('a gateway’s own page means that the server is not there', async () => {
  answer(502, '<html>Bad gateway</html>');
  expect(await caught(new Api().me())).toBeInstanceOf(Unreachable);
});

test('a captive portal’s page is not an answer', async () => {
  answer(200, '<html>Welcome to the hotel</html>');
  expect(await caught(new Api().cameras())).toBeInstanceOf(Unreachable);
});

test('a refusal without a body still is a problem', async () => {
  answer(404, '');
  expect(await caught(new Api().camera('x'))).toMatchObject({
    status: 404,
    code: 'http_404',
  } as Partial<Problem>);
});

test('no network is Unreachable', async () => {
  vi.stubGlobal('fetch', vi.fn().mockRejectedValue(new TypeError('failed')));
  expect(await caught(new Api().me())).toBeInstanceOf(Unreachable);
});

test('the Wi-Fi password is in no request of the wizard', async () => {
  answer(201, { camera: {}, pairing: {} });
  await new Api().addCamera({ name: 'Garden', model: 'belvedere', ssid: 'net', hidden: false });
  const [, init] = vi.mocked(fetch).mock.calls[0] ?? [];
  expect(JSON.parse(String(init?.body))).toEqual({
    name: 'Garden',
    model: 'belvedere',
    ssid: 'net',
    hidden: false,
  });
});

test('an app’s token goes into the header, and no cookie leaves for another host', async () => {
  answer(200, { cameras: [] });
  await new Api('https://other.example', () => 'Bearer t').cameras();
  const [url, init] = vi.mocked(fetch).mock.calls[0] ?? [];
  expect(url).toBe('https://other.example/api/cameras');
  expect(init).toMatchObject({ credentials: 'omit', headers: { Authorization: 'Bearer t' } });
});

test('countdowns follow the server’s clock', async () => {
  const date = new Date(Date.now() + 3_600_000);
  answer(200, {}, { Date: date.toUTCString() });
  const api = new Api();
  await api.me();
  expect(Math.abs(api.now() - date.getTime())).toBeLessThan(2_000);
});

test('verdicts of another shape are left out', () => {
  const table = readVerdicts({ verdicts: [{ code: 'a', sentence: 'A.', advice: 'Do.' }, { code: 'b' }, 5] });
  expect([...table]).toEqual([['a', { sentence: 'A.', advice: 'Do.' }]]);
  expect(readVerdicts(null).size).toBe(0);
});

test('a socket ticket is asked for one camera', async () => {
  answer(201, { ticket: 'secret', expires_at: '2026-01-01T00:00:30Z' });
  expect((await new Api().socketTicket('camera-1')).ticket).toBe('secret');
  const [path, init] = vi.mocked(fetch).mock.calls[0] as [string, RequestInit];
  expect([path, init.body]).toEqual(['/api/socket-tickets', '{"camera":"camera-1"}']);
});

test('the audit log is asked for page by page', async () => {
  answer(200, { entries: [], more: false });
  await new Api().audit({});
  await new Api().audit({ before: 7, of: 'a/b' });
  const paths = vi.mocked(fetch).mock.calls.map(([path]) => path);
  expect(paths).toEqual(['/api/audit?', '/api/audit?before=7&camera=a%2Fb']);
});

test('an end that is not wanted is not sent, one that is taken away is null', async () => {
  answer(200, {});
  const api = new Api();
  await api.share('c', { scopes: ['live'], until: null });
  await api.share('c', { scopes: ['live'], until: '2026-01-01T00:00:00Z' });
  await api.changeGrant('g', { expires_at: null });
  const bodies = vi.mocked(fetch).mock.calls.map(([, init]) => JSON.parse(String(init?.body)) as unknown);
  expect(bodies).toEqual([
    { scopes: ['live'] },
    { scopes: ['live'], grant_expires_at: '2026-01-01T00:00:00Z' },
    { expires_at: null },
  ]);
});

test('an invitation’s secret travels in a body, never in an address', async () => {
  answer(200, {});
  await new Api().offer('s3cret');
  await new Api().accept('s3cret');
  for (const [path, init] of vi.mocked(fetch).mock.calls) {
    expect(path).not.toContain('s3cret');
    expect(init?.body).toBe('{"invitation":"s3cret"}');
  }
});
