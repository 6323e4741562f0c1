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

/** Who one is, once more: a password (and a code), or a passkey's answer. */
export interface Proof {
  password?: string;
  code?: string;
  passkey?: WebAuthnJson;
}

export interface NewTotp {
  secret: string;
  uri: string;
}

/** Two ways in, of which one at least is a passkey that knows its person; the server's own rule, told before. */
export function mayBePasskeyOnly({ passkeys, recovery_codes_left }: Factors): boolean {
  const verified = passkeys.filter((passkey) => passkey.verified).length;
  return verified >= 2 || (verified === 1 && recovery_codes_left > 0);
}
