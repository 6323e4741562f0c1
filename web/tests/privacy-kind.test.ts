import { expect, test } from 'vitest';
import { privacyKind } from '../ui/privacy-kind';

test('a picture is called end to end when the camera has said that it obeys', () => {
  expect(privacyKind({ standard: false, obeyed: false })).toBe('pending');
  expect(privacyKind({ standard: false, obeyed: true })).toBe('protected');
  expect(privacyKind({ standard: false, obeyed: null })).toBe('protected');
});

test('a picture that a server could watch is called so before the camera obeys', () => {
  for (const obeyed of [true, false, null]) expect(privacyKind({ standard: true, obeyed })).toBe('open');
  expect(privacyKind(null)).toBe('unproven');
});
