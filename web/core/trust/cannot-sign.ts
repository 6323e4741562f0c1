import type { NoInstallationReason } from './installation';

/**
 * `newcomer`: this browser is no device of the account. `alone`: none of the account's devices is one that the camera
 * knows. `stranger`: this one belongs, but nobody has told it the camera's key. `unaccepted`: the guest has not signed yet,
 * or who signed does not count any more. `full`: more rights were taken back singly than orders can name.
 */
export type CannotSignReason =
  NoInstallationReason | 'newcomer' | 'alone' | 'stranger' | 'unaccepted' | 'full';

/** What was wanted needs a signature that this browser cannot give. */
export class CannotSign extends Error {
  constructor(readonly reason: CannotSignReason) {
    super(`this browser cannot sign that: ${reason}`);
    this.name = 'CannotSign';
  }
}
