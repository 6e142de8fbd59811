// What every role offers whoever runs it: the supervisor's child process, or the single process.

import type { Config } from '../config/config.ts';
import type { RoleFacts } from '../channel/messages.ts';

export type RoleName = 'manager' | 'receiver' | 'sender' | 'control';

export interface Role {
  readonly facts: RoleFacts;
  /** Applies a configuration that has been checked, without dropping a session. */
  configure(config: Config): void;
  /** No new work from here on. */
  drain(): void;
  /** Finishes what is in hand within the grace; resolves when nothing is left. */
  stop(graceMs: number): Promise<void>;
}
