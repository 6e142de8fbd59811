// A running Sluice, whether its roles have processes of their own or share one.

import type { Config } from '../../config/config.ts';
import type { ReloadAnswer, RoleFacts } from '../../channel/messages.ts';
import type { Logger } from '../../log/logger.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { CertificateDesk } from './certificate-desk.ts';

export interface Instance {
  /** Starts every role; resolves when all of them run. */
  start(): Promise<RoleFacts>;
  /**
   * Applies a configuration that has been checked. Never rejects.
   * @returns when all listeners are open or have failed: for each that is not open, a sentence that says why
   */
  configure(config: Config): Promise<readonly string[]>;
  /** Answers the operators who asked for a reload. */
  reloaded(answer: ReloadAnswer): void;
  /** @throws {SluiceError} when outcomes of deliveries may not be stored: their messages may be delivered again */
  stop(graceMs: number): Promise<void>;
}

/** What an instance works with. */
export interface InstanceParts {
  readonly log: Logger;
  readonly events: InstanceEvents;
  /** Those of this process. */
  readonly troubles: Troubles;
  readonly certificates: CertificateDesk;
}

/** What an instance asks of its owner, which holds the configuration. */
export interface InstanceEvents {
  reload(): void;
}
