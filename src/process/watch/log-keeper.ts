// What the supervisor does for the log of all processes: it rotates the file.

import type { Config } from '../../config/config.ts';
import { LogRotation, type RotationRules } from '../../log/log-rotation.ts';
import type { Troubles } from '../../stats/troubles.ts';

export class LogKeeper {
  readonly #rotation: LogRotation | undefined;

  /** @param reopen - makes all processes open the log file again */
  constructor({ log }: Config, troubles: Troubles, reopen: () => void) {
    if (log.file !== undefined)
      this.#rotation = new LogRotation(log.file, rulesOf(log), { reopen, troubles });
  }

  start(): void {
    this.#rotation?.start();
  }

  configure({ log }: Config): void {
    this.#rotation?.configure(rulesOf(log));
  }

  async stop(): Promise<void> {
    await this.#rotation?.stop();
  }
}

function rulesOf({ rotateSize, rotateEvery, rotateKeep, rotateCompress }: Config['log']): RotationRules {
  return { sizeBytes: rotateSize, everyMs: rotateEvery, keep: rotateKeep, compress: rotateCompress };
}
