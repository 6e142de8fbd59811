// The file of plugins as it is now: read anew when it has changed, which is looked at no more than once a second.

import { readFile, stat } from 'node:fs/promises';

import { parseSppControl, type SppPlugins } from './control-file.ts';

const lookEveryMs = 1000;
/** A file of plugins has some lines. */
const mostBytes = 256 * 1024;

export class FollowedControl {
  readonly #path: string;
  readonly #nowMs: () => number;
  #plugins: SppPlugins | undefined;
  #stamp = '';
  #lookedAtMs = -Infinity;
  #looking: Promise<SppPlugins> | undefined;

  constructor(path: string, nowMs: () => number) {
    this.#path = path;
    this.#nowMs = nowMs;
  }

  /** @throws {Error} with a clause, when it cannot be read or understood */
  plugins(): SppPlugins | Promise<SppPlugins> {
    if (this.#plugins !== undefined && this.#nowMs() < this.#lookedAtMs + lookEveryMs) return this.#plugins;
    return (this.#looking ??= this.#look().finally(() => (this.#looking = undefined)));
  }

  async #look(): Promise<SppPlugins> {
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(this.#path);
      const stamp = `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
      if (this.#plugins === undefined || stamp !== this.#stamp) {
        this.#plugins = undefined;
        if (size > mostBytes) throw new Error(`it has more than ${mostBytes} bytes`);
        const control = parseSppControl(await readFile(this.#path, 'utf8'));
        if (control.kind === 'malformed') throw new Error(control.reason);
        this.#plugins = control.plugins;
        this.#stamp = stamp;
      }
      this.#lookedAtMs = this.#nowMs();
      return this.#plugins;
    } catch (error) {
      throw new Error(
        `${this.#path} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
        {
          cause: error,
        },
      );
    }
  }
}
