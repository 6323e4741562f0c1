/** Where this browser keeps what only it may know: IndexedDB, which takes keys that nobody can read out. */

const DATABASE = 'belvedere-trust';
const STORE = 'kept';
const VERSION = 1;
/** A browser answers within milliseconds, but tells nobody who waits for another tab. */
const PATIENCE_MS = 5_000;

export interface Cupboard {
  get(name: string): Promise<unknown>;
  /**
   * Replaces what stands under a name by what `decide` makes of it (undefined: nothing stands there), with no other tab
   * in between. Resolves to what stands there then, when the disk has it.
   */
  change(name: string, decide: (standing: unknown) => unknown): Promise<unknown>;
  /** Under which something stands. */
  names(): Promise<string[]>;
}

/** Rejects with what the browser says where it keeps nothing (private windows, blocked site data, a full disk). */
export async function browserCupboard(): Promise<Cupboard> {
  const database = await opened();
  return {
    get: (name) => inTransaction(database, 'readonly', (store, done) => ask(store, name, done)),
    change: (name, decide) =>
      inTransaction(database, 'readwrite', (store, done) =>
        ask(store, name, (standing) => {
          const value = decide(standing);
          if (value !== standing) store.put(value, name);
          done(value);
        }),
      ),
    names: () =>
      inTransaction(database, 'readonly', (store, done) => answered(store.getAllKeys(), done)) as Promise<
        string[]
      >,
  };
}

/**
 * Everything that this browser keeps of ours is gone; what is open elsewhere is closed by it. A tab that sleeps may hold the
 * empty store for a while: that is waited for no longer than a moment. Rejects where something may be left.
 */
export async function emptyCupboard(): Promise<void> {
  const database = await opened();
  await inTime((resolve, reject) => {
    inTransaction(database, 'readwrite', (store) => store.clear()).then(resolve, reject);
  });
  database.close();
  await inTime((resolve, reject) => {
    const asked = indexedDB.deleteDatabase(DATABASE);
    asked.onsuccess = resolve;
    asked.onerror = reject;
  }).catch(() => undefined);
}

/** Rejects where the browser leaves the question open. */
function inTime<T>(
  work: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    setTimeout(reject, PATIENCE_MS, new DOMException('another tab holds the store', 'TimeoutError'));
    work(resolve, reject);
  });
}

function opened(): Promise<IDBDatabase> {
  return inTime((resolve, reject) => {
    const asked = indexedDB.open(DATABASE, VERSION);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => {
      // Another tab with a newer app may go on, or empty the store; this one meets a closed store and says so.
      asked.result.onversionchange = () => asked.result.close();
      resolve(asked.result);
    };
    asked.onerror = () => reject(asked.error as DOMException);
    asked.onblocked = () =>
      reject(new DOMException('another tab keeps an older store open', 'InvalidStateError'));
  });
}

const ask = (store: IDBObjectStore, name: string, tell: (value: unknown) => void): void =>
  answered(store.get(name) as IDBRequest<unknown>, tell);

function answered<T>(asked: IDBRequest<T>, tell: (value: T) => void): void {
  asked.onsuccess = () => tell(asked.result);
}

/** What `deed` was done with, once the transaction stands. What `deed` throws ends it. */
function inTransaction(
  database: IDBDatabase,
  mode: IDBTransactionMode,
  deed: (store: IDBObjectStore, done: (value: unknown) => void) => void,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    // A key that a crash takes back would be one that others already believe.
    const transaction = database.transaction(STORE, mode, { durability: 'strict' });
    let outcome: unknown;
    transaction.oncomplete = () => resolve(outcome);
    transaction.onabort = () => reject(transaction.error ?? new DOMException('not kept', 'AbortError'));
    deed(transaction.objectStore(STORE), (value) => (outcome = value));
  });
}
