// Keeps the MTA-STS policies of domains over a restart, in the spool's folder: without them an attacker who blocks a policy server
// would only have to wait for a restart (RFC 8461 10.2). Written soon after something has changed, and nothing waits for it.

import { z } from 'zod';
import type { Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import type { FileLayer } from '../spool/file-layer.ts';
import type { Troubles } from '../stats/troubles.ts';
import { PolicyKeeper } from '../sts/policy-keeper.ts';
import type { TlsProblem } from '../values/tls-outcome.ts';
import { StateFile } from './state-file.ts';
import { StateSaver } from './state-saver.ts';
import { stsSchema } from './state-schemas.ts';

export interface StsStateParts {
  /** Path of the file. */
  readonly path: string;
  readonly files: FileLayer;
  readonly timers: Timers;
  readonly log: Logger;
  readonly troubles: Troubles;
  /** The date without steps of the clock that are in doubt: such a step ends no policy. */
  readonly dateMs: () => number;
  readonly random: () => number;
  /** A policy could not be had. */
  readonly failed: (domain: string, problem: TlsProblem) => void;
}

const saveIntervalMs = 1_000;

export class StsState {
  readonly keeper: PolicyKeeper;
  readonly #parts: StsStateParts;
  readonly #file: StateFile;
  readonly #saver: StateSaver;

  private constructor(parts: StsStateParts) {
    this.#parts = parts;
    this.#file = new StateFile(parts.path, { files: parts.files });
    const saver = new StateSaver({
      ...parts,
      file: this.#file,
      what: 'MTA-STS policies',
      intervalMs: saveIntervalMs,
      content: () => ({ version: 2, policies: this.keeper.snapshot() }),
    });
    this.#saver = saver;
    this.keeper = new PolicyKeeper({ ...parts, changed: () => saver.touched() });
  }

  /** Reads the policies that were known at the last stop. A file that cannot be read stops no start. */
  static async open(parts: StsStateParts): Promise<StsState> {
    const state = new StsState(parts);
    await state.#restore();
    return state;
  }

  /** Resolves when all is on stable storage. */
  close(): Promise<void> {
    this.keeper.close();
    return this.#saver.close();
  }

  async #restore(): Promise<void> {
    try {
      const found = await this.#file.read();
      if (found === undefined) return;
      const now = this.#parts.dateMs();
      // A date in the future, of a clock that was wrong, would keep a policy for longer than its lifetime.
      const { policies } = stsSchema.parse(found);
      for (const each of policies) each.fetchedAtMs = Math.min(each.fetchedAtMs, now);
      this.keeper.restore(policies);
    } catch (error) {
      const reason = error instanceof z.ZodError ? 'it is not what Sluice writes' : String(error);
      const kept = await this.#file.moveAside(this.#parts.dateMs()).catch(() => this.#file.path);
      const text = `The known MTA-STS policies cannot be read from ${this.#file.path} (${reason}); they are fetched again before the next mail to each domain. What was left is kept as ${kept}.`;
      this.#parts.log.warn(text, { code: 'STS_STATE_UNREADABLE' });
      this.#parts.troubles.raise('damage:mta-sts', 'warning', text, 'Look at the health of the disk.');
    }
  }
}
