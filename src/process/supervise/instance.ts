// A running Sluice, whether its roles have processes of their own or share one.

import type { Config } from '../../config/config.ts';
import type { ReloadAnswer, RoleFacts } from '../../channel/messages.ts';

export interface Instance {
  /** Starts every role; resolves when all of them run. */
  start(): Promise<RoleFacts>;
  /** Applies a configuration that has been checked. */
  configure(config: Config): void;
  /** Answers the operators who asked for a reload. */
  reloaded(answer: ReloadAnswer): void;
  /** @throws {SluiceError} when outcomes of deliveries may not be stored: their messages may be delivered again */
  stop(graceMs: number): Promise<void>;
}

/** What an instance asks of its owner, which holds the configuration. */
export interface InstanceEvents {
  reload(): void;
}
