// The state of a plugin under test: kept in memory, with the time of the test.

import type { PluginState } from '../types.ts';

interface Entry {
  readonly value: string;
  readonly until: number;
}

export function fakeState(now: () => number): PluginState {
  const entries = new Map<string, Entry>();
  const entryOf = (key: string): Entry | undefined => {
    const entry = entries.get(key);
    return entry === undefined || entry.until <= now() ? undefined : entry;
  };
  return {
    get: (key) => entryOf(key)?.value,
    set: (key, value, keepMs = Infinity) => void entries.set(key, { value, until: now() + keepMs }),
    delete: (key) => void entries.delete(key),
    add(key, amount, keepMs = Infinity) {
      const before = entryOf(key);
      const sum = Number(before?.value ?? 0) + amount;
      entries.set(key, { value: String(sum), until: before?.until ?? now() + keepMs });
      return sum;
    },
  };
}
