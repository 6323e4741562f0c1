/**
 * That keys of ours are kept in this browser, noted apart from them: where they cannot be opened (a store that another tab
 * holds, or that is broken), they are missed, and nothing is shown by the server's word instead.
 */

const KEY = 'belvedere.keyed';

export interface Mark {
  isSet(): boolean;
  set(): void;
}

export const browserMark: Mark = {
  isSet: () => quietly(() => localStorage.getItem(KEY) !== null) ?? false,
  set: () => void quietly(() => localStorage.setItem(KEY, 'yes')),
};

/** Together with the keys. */
export const eraseMark = (): void => void quietly(() => localStorage.removeItem(KEY));

/** Undefined where the browser's store is closed. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
