/** Passkeys in this browser (WebAuthn Level 3): options in, answers out, both as the JSON that the server speaks. */

/** Options or an answer as JSON; we only pass it on. */
export type WebAuthnJson = Record<string, unknown>;

/** `address`: the server has no name, so no browser makes passkeys for it. `elsewhere`: it goes by another address. */
export type PasskeysHere = 'possible' | 'unsupported' | 'address' | 'elsewhere';

/** `at`: the origin where the server's passkeys work; null where they cannot. */
export function passkeysHere(at: string | null, origin: string, supported: boolean): PasskeysHere {
  if (at === null) return 'address';
  if (at !== origin) return 'elsewhere';
  return supported ? 'possible' : 'unsupported';
}

export const passkeysSupported = (): boolean => 'PublicKeyCredential' in globalThis;

/** Throws what the browser throws: `NotAllowedError` where the person, or the browser, would not. */
export async function createPasskey(options: WebAuthnJson): Promise<WebAuthnJson> {
  const publicKey =
    globalThis.PublicKeyCredential.parseCreationOptionsFromJSON?.(options as never) ??
    (decoded(options) as unknown as PublicKeyCredentialCreationOptions);
  return answer(await navigator.credentials.create({ publicKey }));
}

/** Throws as `createPasskey` does. */
export async function usePasskey(options: WebAuthnJson): Promise<WebAuthnJson> {
  const publicKey =
    globalThis.PublicKeyCredential.parseRequestOptionsFromJSON?.(options as never) ??
    (decoded(options) as unknown as PublicKeyCredentialRequestOptions);
  return answer(await navigator.credentials.get({ publicKey }));
}

function answer(credential: Credential | null): WebAuthnJson {
  const found = credential as PublicKeyCredential;
  return typeof found.toJSON === 'function'
    ? (found.toJSON() as unknown as WebAuthnJson)
    : encoded(found as never);
}

/** What has to become bytes, for browsers without the JSON methods (Safari before 18.4). */
export function decoded(options: WebAuthnJson): WebAuthnJson {
  const withId = (value: unknown): unknown => {
    const held = value as { id: string };
    return { ...held, id: bytes(held.id) };
  };
  const made: WebAuthnJson = { ...options, challenge: bytes(options['challenge'] as string) };
  if (options['user']) made['user'] = withId(options['user']);
  for (const list of ['excludeCredentials', 'allowCredentials']) {
    if (options[list]) made[list] = (options[list] as unknown[]).map(withId);
  }
  return made;
}

/** The parts of an answer that are bytes, and what the server wants beside them. */
export function encoded(credential: {
  id: string;
  type: string;
  response: Record<string, ArrayBuffer | null> & { getTransports?: () => string[] };
}): WebAuthnJson {
  const { id, type, response } = credential;
  const parts: WebAuthnJson = {};
  for (const name of [
    'clientDataJSON',
    'attestationObject',
    'authenticatorData',
    'signature',
    'userHandle',
  ]) {
    const part = response[name];
    if (part) parts[name] = base64url(part);
  }
  if (response.getTransports) parts['transports'] = response.getTransports();
  return { id, rawId: id, type, response: parts };
}

export function bytes(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

export function base64url(data: ArrayBuffer): string {
  const binary = String.fromCharCode(...new Uint8Array(data));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
