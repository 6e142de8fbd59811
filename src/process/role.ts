// The interface of a role: it runs in a process of its own (`role-main.ts`), or together with the others (`single-process.ts`).

import type { Config } from '../config/config.ts';
import type { RoleFacts } from '../channel/messages.ts';

export type RoleName = 'manager' | 'receiver' | 'sender' | 'keys' | 'control' | 'pop3';

export interface Role {
  readonly facts: RoleFacts;
  /**
   * Applies a configuration that has been checked, without dropping a session.
   * @returns of a receiver: for each listener that is not open, why; resolves when each is open or has failed
   */
  configure(config: Config): Promise<readonly string[]> | void;
  /** Takes no new work from now on. */
  drain(): void;
  /** Finishes the work in hand within the grace; resolves when nothing is left. */
  stop(graceMs: number): Promise<void>;
}
