/** What a person reads off a camera: its setup code or its label key (signaling/protocol/setup_code.py has the form). */

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const SIGNS = 12;
/** x⁵ + x² + 1: the check is a polynomial over GF(32). */
const FIELD = 0b100101;
/** 32 bytes in base64url, as an encoder spells them. */
const LABEL_KEY = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

export type CameraSecret = { kind: 'setup'; code: string } | { kind: 'label'; key: string };

export type SecretFault = 'form' | 'typing';

/** What was typed, or what is wrong with it. */
export function readSecret(typed: string): CameraSecret | SecretFault {
  const text = typed.replace(/\s/g, '');
  if (LABEL_KEY.test(text)) return { kind: 'label', key: text };
  const code = text.replaceAll('-', '').toUpperCase().replaceAll(/[IL]/g, '1').replaceAll('O', '0');
  const values = [...code].map((sign) => ALPHABET.indexOf(sign));
  if (values.length !== SIGNS || values.includes(-1)) return 'form';
  return check(values.slice(0, -1)) === values.at(-1) ? { kind: 'setup', code } : 'typing';
}

const check = (values: number[]): number => values.reduce((total, value) => timesX(total ^ value), 0);

function timesX(value: number): number {
  const shifted = value << 1;
  return shifted & 32 ? shifted ^ FIELD : shifted;
}
