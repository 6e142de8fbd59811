// The files of taps of a process. Promises: a file is read once for all listeners, and again only when it has changed; reading a large one holds up
// no session.

import { inSlices } from '../../io/slices.ts';
import { type FileChange, FollowedFile } from '../followed-file.ts';
import { type TapRules, tapRulesOf } from './tap-rules.ts';

/** Some hundred thousand lines. */
const mostFileBytes = 16 * 1024 * 1024;

export class TapFiles {
  readonly #files = new Map<string, FollowedFile<TapRules>>();
  readonly #changed: ((path: string, change: FileChange<TapRules>) => void) | undefined;

  /** @param changed - is told when a file was read: at first, and after each change */
  constructor(changed?: (path: string, change: FileChange<TapRules>) => void) {
    this.#changed = changed;
  }

  of(path: string): FollowedFile<TapRules> {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const file = new FollowedFile<TapRules>({
      path,
      mostBytes: mostFileBytes,
      lookEveryMs: 0,
      parse: (text) => inSlices(tapRulesOf(text)),
      changed: (change) => this.#changed?.(path, change),
      nowMs: () => performance.now(),
    });
    this.#files.set(path, file);
    return file;
  }

  /** Forgets files that no tap names any more. */
  keep(paths: ReadonlySet<string>): void {
    for (const path of this.#files.keys()) if (!paths.has(path)) this.#files.delete(path);
  }

  /** Looks whether files have changed. Resolves to a sentence for each that cannot be used. */
  async look(): Promise<readonly string[]> {
    const problems: string[] = [];
    for (const file of this.#files.values()) {
      try {
        await file.content();
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
    }
    return problems;
  }
}
