// The error of a stop after which outcomes are missing on the disk.

import { SluiceError } from '../errors/sluice-error.ts';

/** Sluice stopped before what became of all messages was stored. */
export class OutcomesError extends SluiceError {
  /** @param unstored - outcomes that are not stored; undefined: the manager ended before it could say how many */
  constructor(unstored: number | undefined) {
    const what =
      unstored === undefined
        ? 'the manager ended before it said that all outcomes are stored'
        : `${unstored} ${unstored === 1 ? 'outcome is' : 'outcomes are'} not stored`;
    super(
      'OUTCOMES_NOT_STORED',
      `Stopping: ${what}. Their recipients may get the message again after the next start.`,
      'Look after the disk of the spool before the next start.',
    );
  }
}
