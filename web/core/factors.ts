/** Second factors as the REST API speaks of them. */

import type { WebAuthnJson } from './passkeys';

export interface Passkey {
  id: string;
  name: string;
  created_at: string;
  last_used_at: string | null;
  /** It has shown that it knows its person, so it can be a way in of its own. */
  verified: boolean;
}

export interface Factors {
  totp: boolean;
  passkeys: Passkey[];
  recovery_codes_left: number;
  passkey_only: boolean;
  /** The origin where passkeys work; null where they cannot. */
  passkeys_at: string | null;
}

/** How to go on after the right password. */
export interface SecondFactor {
  ticket: string;
  expires_at: string;
  methods: ('totp' | 'passkey' | 'recovery_code')[];
  passkey: WebAuthnJson | null;
}

/** Who one is, once more: as much of it as `wantedProof` says. */
export interface Proof {
  password?: string;
  code?: string;
  passkey?: WebAuthnJson;
}

export interface NewTotp {
  secret: string;
  uri: string;
}

/** What a deed wants of its owner. */
export interface Wanted {
  password: boolean;
  /** Of the app or a recovery code, or such a one alone. */
  code: 'app' | 'recovery' | null;
  /** In place of the rest, or beside the password: it has never shown that it knows its person. */
  passkey: 'alone' | 'beside' | null;
}

/** As much as a sign-in takes; the server's own rule, told before. `usable`: this browser can use passkeys here. */
export function wantedProof({ totp, passkeys, passkey_only }: Factors, usable: boolean): Wanted {
  const alone = passkey_only || passkeys.some((passkey) => passkey.verified);
  return {
    password: !passkey_only,
    code: totp && !passkey_only ? 'app' : totp || passkeys.length ? 'recovery' : null,
    passkey: !usable || !passkeys.length ? null : alone ? 'alone' : 'beside',
  };
}

/** One code to sign in where the only passkey is lost, and one to add another. */
const CODES_FOR_A_PASSKEY = 2;

/** Two ways in, of which one at least is a passkey that knows its person; the server's own rule, told before. */
export function mayBePasskeyOnly({ passkeys, recovery_codes_left }: Factors): boolean {
  const verified = passkeys.filter((passkey) => passkey.verified).length;
  return verified >= 2 || (verified === 1 && recovery_codes_left >= CODES_FOR_A_PASSKEY);
}
