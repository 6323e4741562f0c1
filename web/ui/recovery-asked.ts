/** Whether a person was asked to print a recovery code: once for each account that uses this browser. */

const PREFIX = 'belvedere.recovery-asked.';

export function wasAskedForRecovery(account: string): boolean {
  try {
    return localStorage.getItem(PREFIX + account) !== null;
  } catch {
    return true;
  }
}

export function askedForRecovery(account: string): void {
  try {
    localStorage.setItem(PREFIX + account, 'yes');
  } catch {
    // The store is closed: then there is no key either.
  }
}
