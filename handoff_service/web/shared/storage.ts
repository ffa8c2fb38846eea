/** The part of `Storage` that we use; localStorage, sessionStorage and `memoryStorage()` are such. */
export interface KeyValueStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export function memoryStorage(): KeyValueStorage {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}

/**
 * The browser's storage under a key prefix; what the browser refuses (private mode, full, blocked
 * third-party storage) is kept in memory, so that callers never see an exception.
 */
export function browserStorage(kind: "localStorage" | "sessionStorage", prefix: string): KeyValueStorage {
  const spare = memoryStorage();
  const attempt = <T>(use: (storage: Storage) => T): T | undefined => {
    try {
      return use(globalThis[kind]);
    } catch {
      return undefined;
    }
  };
  return {
    getItem: (key) => spare.getItem(key) ?? attempt((storage) => storage.getItem(prefix + key)) ?? null,
    setItem: (key, value) => {
      const stored = attempt((storage) => (storage.setItem(prefix + key, value), true));
      if (stored) spare.removeItem(key);
      else spare.setItem(key, value);
    },
    removeItem: (key) => {
      spare.removeItem(key);
      attempt((storage) => storage.removeItem(prefix + key));
    },
  };
}

/** Reads a JSON value; `fallback` when it is missing, broken or of another shape. */
export function readJson<T>(storage: KeyValueStorage, key: string, valid: (value: unknown) => value is T, fallback: T): T {
  const text = storage.getItem(key);
  if (text === null) return fallback;
  try {
    const value: unknown = JSON.parse(text);
    return valid(value) ? value : fallback;
  } catch {
    return fallback;
  }
}
