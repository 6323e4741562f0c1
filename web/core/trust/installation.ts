/**
 * This installation of the app: one Ed25519 key pair of this browser profile, whose private half nobody can read out, not
 * even we. Made on first use; several tabs at once make one.
 */

import { browserCupboard, type Cupboard } from './cupboard';

const NAME = 'installation';
const ALGORITHM = 'Ed25519';

/**
 * `insecure`: the page came by plain HTTP, where browsers have no cryptography. `unsupported`: the browser is too old for
 * these keys. `storage`: it keeps nothing (a private window, blocked site data, a full disk).
 */
export type NoInstallationReason = 'insecure' | 'unsupported' | 'storage';

/** There is no key here, and the app can say why. */
export class NoInstallation extends Error {
  constructor(
    readonly reason: NoInstallationReason,
    options?: ErrorOptions,
  ) {
    super(`this browser keeps no key of ours: ${reason}`, options);
    this.name = 'NoInstallation';
  }
}

/** The key pair of this browser. Throws `NoInstallation`. */
export async function installation(open: () => Promise<Cupboard> = browserCupboard): Promise<CryptoKeyPair> {
  if (!(globalThis.isSecureContext ?? true) || !globalThis.crypto?.subtle) {
    throw new NoInstallation('insecure');
  }
  try {
    const cupboard = await open();
    const kept = await cupboard.get(NAME);
    if (isPair(kept)) return kept;
    const fresh = await made();
    return (await cupboard.change(NAME, (standing) =>
      isPair(standing) ? standing : fresh,
    )) as CryptoKeyPair;
  } catch (error) {
    if (error instanceof NoInstallation) throw error;
    throw new NoInstallation('storage', { cause: error });
  }
}

async function made(): Promise<CryptoKeyPair> {
  try {
    return (await crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify'])) as CryptoKeyPair;
  } catch (cause) {
    throw new NoInstallation('unsupported', { cause });
  }
}

/** What somebody else has put there is no key of ours. */
function isPair(value: unknown): value is CryptoKeyPair {
  const { privateKey, publicKey } = (value ?? {}) as Partial<CryptoKeyPair>;
  return (
    privateKey instanceof CryptoKey &&
    publicKey instanceof CryptoKey &&
    privateKey.type === 'private' &&
    publicKey.type === 'public' &&
    privateKey.algorithm.name === ALGORITHM &&
    publicKey.algorithm.name === ALGORITHM &&
    !privateKey.extractable
  );
}
