import { expect, test } from 'vitest';
import { address, parseRoute } from '../ui/router';

test.each([
  ['', { page: 'home' }],
  ['#/', { page: 'home' }],
  ['#/register/s3cret-', { page: 'register', secret: 's3cret-' }],
  ['#/register', { page: 'register', secret: null }],
  ['#/transfer/s3cret-', { page: 'transfer', secret: 's3cret-' }],
  ['#/transfer', { page: 'missing' }],
  ['#/camera/abc', { page: 'watch', camera: 'abc' }],
  ['#/camera/abc/settings', { page: 'settings', camera: 'abc' }],
  ['#/camera/abc/pair', { page: 'pair', camera: 'abc' }],
  ['#/camera/abc/activity', { page: 'activity', camera: 'abc' }],
  ['#/account/activity', { page: 'activity', camera: null }],
  ['#/account/devices', { page: 'devices' }],
  ['#/welcome/A-B', { page: 'welcome', secret: 'A-B' }],
  ['#/recover/B:r:s', { page: 'missing' }],
  ['#/accept/s3cret-', { page: 'accept', secret: 's3cret-', signed: false }],
  ['#/accept/signed', { page: 'accept', secret: 'signed', signed: false }],
  ['#/accept/signed/s-eed', { page: 'accept', secret: 's-eed', signed: true }],
  ['#/accept/s3cret/s-eed', { page: 'missing' }],
  ['#/accept/signed/s-eed/more', { page: 'missing' }],
  ['#/reset/s3cret-', { page: 'reset', secret: 's3cret-' }],
  ['#/reset', { page: 'missing' }],
  ['#/forgot', { page: 'forgot' }],
  ['#/accept', { page: 'missing' }],
  ['#/camera', { page: 'missing' }],
  ['#/camera/abc/else', { page: 'missing' }],
  ['#/nowhere', { page: 'missing' }],
  ['#/camera/%E0%A4%A', { page: 'watch', camera: '%E0%A4%A' }],
])('%s', (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});

test('an address leads back to its page, whatever the id', () => {
  expect(parseRoute(address.watch('a/b c'))).toEqual({ page: 'watch', camera: 'a/b c' });
  expect(parseRoute(address.pair('x'))).toEqual({ page: 'pair', camera: 'x' });
});
