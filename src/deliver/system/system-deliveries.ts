// Who delivers as users of the system for the transport `local`: this process, as its own user or as root; or the supervisor, which alone can
// become others.

import { closeSync, openSync } from 'node:fs';
import type { SystemWay } from '../../values/system-way.ts';
import type { PipeFacts } from '../pipe/pipe-values.ts';
import { type SystemEnd, SystemRuns } from './system-runs.ts';

/** One delivery to a user. Plain data. */
export interface SystemRun {
  /** The route (`planKey`), by which others find the same settings in their own configuration. */
  readonly planKey: string;
  readonly way: SystemWay;
  readonly facts: PipeFacts;
  /** Its recipients were found by aliases, and are looked up in none again. */
  readonly isExpanded: boolean;
  /** The path of the file that has the message. */
  readonly file: string;
}

export interface SystemDeliveries {
  /** Never rejects. */
  deliver(run: SystemRun, signal: AbortSignal): Promise<SystemEnd>;
}

export class OwnDeliveries implements SystemDeliveries {
  readonly #runs = new SystemRuns();

  deliver({ way, facts, isExpanded, file }: SystemRun, signal: AbortSignal): Promise<SystemEnd> {
    const open = (): number => {
      try {
        return openSync(file, 'r');
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`its message cannot be read: ${why}`, { cause: error });
      }
    };
    return this.#runs.run({ way, facts, isExpanded, open, close: closeSync }, signal);
  }
}
