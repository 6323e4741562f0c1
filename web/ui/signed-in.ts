/**
 * Whether somebody may be signed in here: a hint without any secret, for the page cannot see its cookie and would
 * ask the server in vain, with an error in the console, each time a stranger opens it.
 */

const KEY = 'belvedere.signed-in';

export function remember(signedIn: boolean): void {
  try {
    if (signedIn) localStorage.setItem(KEY, 'yes');
    else localStorage.removeItem(KEY);
  } catch {
    // The store is closed: the page asks each time.
  }
}

/** False only where it is sure to be in vain. */
export function mayBeSignedIn(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return true;
  }
}
