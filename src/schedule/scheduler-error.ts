// Errors of the scheduler: a caller's mistake, or a broken invariant of its own. Both are bugs, never a state of the mail.

import { SluiceError } from '../errors/sluice-error.ts';

/** `SCHEDULER_INVARIANT`: the scheduler contradicts itself; `SCHEDULER_MISUSE`: a call that the contract does not allow. */
export class SchedulerError extends SluiceError {
  constructor(code: 'SCHEDULER_INVARIANT' | 'SCHEDULER_MISUSE', message: string) {
    super(
      code,
      message,
      code === 'SCHEDULER_INVARIANT'
        ? 'This is a bug in Sluice: please report it with the log of the last minute. Restarting rebuilds the schedule from the spool.'
        : 'This is a bug in the caller of the scheduler.',
    );
  }
}

/**
 * Holds in production too: a wrong count would flood a destination, so it stops the manager instead.
 *
 * @throws {SchedulerError} `SCHEDULER_INVARIANT` when `holds` is false.
 */
export function invariant(holds: boolean, message: string): asserts holds {
  if (!holds)
    throw new SchedulerError('SCHEDULER_INVARIANT', `The scheduler's state is inconsistent: ${message}.`);
}
