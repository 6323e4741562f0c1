/** Which page an address names. Addresses live in the fragment, so a secret in one never reaches a log. */

export type Route =
  | { page: 'home' | 'signin' | 'forgot' | 'add' | 'account' | 'devices' | 'missing' }
  | { page: 'register'; secret: string | null }
  | { page: 'activity'; camera: string | null }
  | { page: 'transfer' | 'reset' | 'welcome'; secret: string }
  /** `signed`: the secret is the seed of a link that a browser has drawn, and the server does not know it. */
  | { page: 'accept'; secret: string; signed: boolean }
  | { page: 'watch' | 'settings' | 'pair'; camera: string };

const SECRETS = ['transfer', 'reset', 'welcome'] as const;

export function parseRoute(hash: string): Route {
  const parts = hash
    .replace(/^#\/?/, '')
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  const [first, second, third] = parts;
  if (first === undefined) return { page: 'home' };
  if (first === 'register' && parts.length <= 2) return { page: 'register', secret: second ?? null };
  if (isSecret(first) && second && parts.length === 2) return { page: first, secret: second };
  if (first === 'accept' && second) return acceptRoute(second, parts.slice(2));
  if (first === 'camera' && second && parts.length <= 3) return cameraRoute(second, third);
  if (hash === address.devices) return { page: 'devices' };
  if (hash === address.activity) return { page: 'activity', camera: null };
  if (parts.length === 1 && isPlain(first)) return { page: first };
  return { page: 'missing' };
}

const isSecret = (first: string): first is (typeof SECRETS)[number] =>
  (SECRETS as readonly string[]).includes(first);

const isPlain = (first: string): first is 'signin' | 'forgot' | 'add' | 'account' =>
  ['signin', 'forgot', 'add', 'account'].includes(first);

function cameraRoute(camera: string, tail: string | undefined): Route {
  if (tail === undefined) return { page: 'watch', camera };
  if (tail === 'settings' || tail === 'pair' || tail === 'activity') return { page: tail, camera };
  return { page: 'missing' };
}

function acceptRoute(second: string, rest: string[]): Route {
  const [seed, ...more] = rest;
  if (seed === undefined) return { page: 'accept', secret: second, signed: false };
  return second === 'signed' && more.length === 0
    ? { page: 'accept', secret: seed, signed: true }
    : { page: 'missing' };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const address = {
  home: '#/',
  signin: '#/signin',
  forgot: '#/forgot',
  add: '#/add',
  account: '#/account',
  activity: '#/account/activity',
  devices: '#/account/devices',
  welcome: (code: string) => `#/welcome/${encodeURIComponent(code)}`,
  watch: (camera: string) => `#/camera/${encodeURIComponent(camera)}`,
  settings: (camera: string) => `#/camera/${encodeURIComponent(camera)}/settings`,
  activityOf: (camera: string) => `#/camera/${encodeURIComponent(camera)}/activity`,
  pair: (camera: string) => `#/camera/${encodeURIComponent(camera)}/pair`,
};
