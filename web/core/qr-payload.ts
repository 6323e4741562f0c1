/** What the QR code says (DESIGN §6.2), as the camera reads it. The Wi-Fi password stays in this browser. */

export interface OnboardingCode {
  serverUrl: string;
  token: string;
  ssid: string;
  password: string;
  hidden: boolean;
  pin: string | null;
  /** How the password is encrypted (`sealed-wifi.ts`); left out where it is not. */
  encryption?: 'h' | 's';
  /** Of `trust/pairing.ts`: by it camera and owner prove themselves to each other. Null: they believe the server. */
  proof?: string | null;
}

/** IEEE 802.11 §9.4.2.2: bytes, not characters. */
export const MAX_SSID_BYTES = 32;
/** IEEE 802.11 annex J: 8 to 63 characters; 64 hex digits are a raw key. */
export const MAX_PASSPHRASE_BYTES = 63;

const bytes = (text: string): number => new TextEncoder().encode(text).length;

/** The default form: short keys, no spaces, so that few modules are needed. */
export function compactPayload(code: OnboardingCode): string {
  return JSON.stringify({
    v: 1,
    s: code.ssid,
    p: code.password,
    u: code.serverUrl,
    t: code.token,
    ...(code.hidden ? { h: 1 } : {}),
    ...(code.pin ? { k: code.pin } : {}),
    ...(code.encryption ? { e: code.encryption } : {}),
    ...(code.proof ? { x: code.proof } : {}),
  });
}

/** The form that plain firmware expects; no place for a hidden network or a pin. */
export function longPayload(code: OnboardingCode, userId: string): string {
  return JSON.stringify({
    wifi_name: code.ssid,
    wifi_password: code.password,
    server_address: code.serverUrl,
    secret_token: code.token,
    your_user_id: userId,
  });
}

export type WifiFault = 'ssid_missing' | 'ssid_long' | 'password_short' | 'password_long';

/** What is wrong with Wi-Fi details, or null. An empty password means an open network. */
export function wifiFault(ssid: string, password: string): WifiFault | null {
  if (!ssid) return 'ssid_missing';
  if (bytes(ssid) > MAX_SSID_BYTES) return 'ssid_long';
  const length = bytes(password);
  if (length === 0 || (length === 64 && /^[0-9a-f]+$/i.test(password))) return null;
  if (length < 8) return 'password_short';
  return length > MAX_PASSPHRASE_BYTES ? 'password_long' : null;
}
