// The private keys in memory, by the paths of their files. A file is looked at again when a key is used and the last look is a second old,
// so a new key is in force within a second, and nothing is done for keys that nobody uses. Bounded: the keys used last are kept.

import { type KeyFile, keyFileState, readKeyFile } from './key-file.ts';
import type { PrivateKey } from './private-key.ts';

/** A key, or why there is none. */
export type StoredKey =
  | { readonly kind: 'key'; readonly key: PrivateKey; readonly warnings: readonly string[] }
  | { readonly kind: 'absent' }
  /** @param reason - a clause about the file */
  | { readonly kind: 'unusable'; readonly reason: string };

interface Entry {
  readonly path: string;
  stored: StoredKey;
  /** Of the file that was read last, well-formed or not; undefined: there was none; empty: it is to be read at the next look. */
  state: string | undefined;
  /** On the clock of `now`. */
  lookedAtMs: number;
  /** The look that is under way. */
  look: Promise<void> | undefined;
}

const lookEveryMs = 1_000;
/** No state of a file is like it. */
const toBeRead = '';
/** One for each author's domain that paths with a `%` are made of. */
const mostKeys = 10_000;

export class KeyStore {
  /** The one that was used last is the last. */
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;
  readonly #mostKeys: number;

  /** @param now - ms on a monotonic clock */
  constructor(now: () => number, most = mostKeys) {
    this.#now = now;
    this.#mostKeys = most;
  }

  /** The key of a file as it is now, or was a second ago. Never rejects. */
  async get(path: string): Promise<StoredKey> {
    const known = this.#entries.get(path);
    const entry = known ?? {
      path,
      stored: { kind: 'absent' },
      state: toBeRead,
      lookedAtMs: -lookEveryMs,
      look: undefined,
    };
    if (known !== undefined) this.#entries.delete(path);
    this.#entries.set(path, entry);
    this.#forgetOldest();
    if (entry.look === undefined && this.#now() - entry.lookedAtMs >= lookEveryMs) {
      entry.look = this.#look(entry).finally(() => {
        entry.look = undefined;
      });
    }
    await entry.look;
    return entry.stored;
  }

  /** Forgets all keys: the configuration has changed. */
  clear(): void {
    this.#entries.clear();
  }

  async #look(entry: Entry): Promise<void> {
    const state = await keyFileState(entry.path);
    entry.lookedAtMs = this.#now();
    if (state === entry.state) return;
    const file = await readKeyFile(entry.path);
    // A file that was replaced while it was read is read again at the next look, and so is one that could not be read: what was in the
    // way may pass (too many open files, an error of the disk) without a change of the file.
    entry.state = file.kind === 'absent' ? undefined : (file.state ?? toBeRead);
    entry.stored = storedOf(file);
  }

  #forgetOldest(): void {
    if (this.#entries.size <= this.#mostKeys) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}

function storedOf(file: KeyFile): StoredKey {
  return file.kind === 'key' ? { kind: 'key', key: file.key, warnings: file.warnings } : file;
}
