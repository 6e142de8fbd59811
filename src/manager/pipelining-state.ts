// Keeps what hosts did not bear of pipelining over a restart, in the spool's folder. It is written soon after a host has broken, and
// nothing waits for it: a crash may forget the last one, which then breaks once more.

import { join } from 'node:path';
import { z } from 'zod';
import type { Logger } from '../log/logger.ts';
import { distrustMs, PipeliningMemory } from './pipelining-memory.ts';
import type { Machine } from './ports.ts';
import { StateFile } from './state-file.ts';
import { StateSaver } from './state-saver.ts';
import { pipeliningSchema } from './state-schemas.ts';

export interface PipeliningStateParts {
  /** The spool's folder. */
  readonly folder: string;
  readonly machine: Pick<Machine, 'files' | 'timers'>;
  readonly log: Logger;
  /** Scheduler time. It advances over a restart, so the times in the file stay valid. */
  readonly nowMs: () => number;
}

const saveIntervalMs = 1_000;

export class PipeliningState {
  readonly memory: PipeliningMemory;
  readonly #parts: PipeliningStateParts;
  readonly #file: StateFile;
  readonly #saver: StateSaver;

  private constructor(parts: PipeliningStateParts) {
    const { folder, log, machine, nowMs } = parts;
    const { files, timers } = machine;
    this.#parts = parts;
    this.#file = new StateFile(join(folder, 'pipelining.json'), { files });
    const saver = new StateSaver({
      file: this.#file,
      timers,
      log,
      what: 'hosts that do not bear pipelining',
      intervalMs: saveIntervalMs,
      content: () => ({ version: 2, hosts: this.memory.snapshot() }),
    });
    this.#saver = saver;
    this.memory = new PipeliningMemory(nowMs, () => saver.touched());
  }

  /** Reads what was known at the last stop. A file that cannot be read stops no start: each host is tried anew. */
  static async open(parts: PipeliningStateParts): Promise<PipeliningState> {
    const state = new PipeliningState(parts);
    await state.#restore();
    return state;
  }

  /** Resolves when all is on stable storage. */
  close(): Promise<void> {
    return this.#saver.close();
  }

  async #restore(): Promise<void> {
    try {
      const found = await this.#file.read();
      if (found === undefined) return;
      const { hosts } = pipeliningSchema.parse(found);
      // An end that a clock which was wrong has put into the future would never come.
      const latestMs = this.#parts.nowMs() + distrustMs;
      for (const { faults } of hosts)
        for (const fault of faults) fault.untilMs = Math.min(fault.untilMs, latestMs);
      this.memory.restore(hosts);
    } catch (error) {
      const reason = error instanceof z.ZodError ? 'it is not what Sluice writes' : String(error);
      const { log } = this.#parts;
      log.warn(`all hosts are trusted with pipelining again: ${this.#file.path} cannot be read: ${reason}`);
    }
  }
}
