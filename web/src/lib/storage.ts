// Browser storage that never throws: it may be forbidden, full, or hold what an older page wrote.

export interface Store {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  remove(key: string): void;
}

const PREFIX = "chatterlink.";

class BrowserStore implements Store {
  constructor(private readonly area: () => Storage) {}

  get(key: string): unknown {
    try {
      const text = this.area().getItem(PREFIX + key);
      return text === null ? undefined : JSON.parse(text);
    } catch {
      return undefined;
    }
  }

  set(key: string, value: unknown): void {
    try {
      this.area().setItem(PREFIX + key, JSON.stringify(value));
    } catch {
      // Forbidden or full: the page works without memory.
    }
  }

  remove(key: string): void {
    try {
      this.area().removeItem(PREFIX + key);
    } catch {
      // As above.
    }
  }
}

/** Lives as long as the tab; survives a reload. */
export const tabStore: Store = new BrowserStore(() => sessionStorage);
/** Shared by all tabs; survives closing them. */
export const deviceStore: Store = new BrowserStore(() => localStorage);

/** For tests. */
export function memoryStore(): Store {
  const values = new Map<string, string>();
  return {
    get: (key) => {
      const text = values.get(key);
      return text === undefined ? undefined : JSON.parse(text);
    },
    set: (key, value) => void values.set(key, JSON.stringify(value)),
    remove: (key) => void values.delete(key),
  };
}

export function asString(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function asStrings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
