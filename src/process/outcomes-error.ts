// The error of a stop that could not store the outcomes of all deliveries.

import { SluiceError } from '../errors/sluice-error.ts';

/** Sluice stopped before the outcomes of all deliveries were stored. */
export class OutcomesError extends SluiceError {
  /** @param unstored - number of outcomes that are not stored; undefined: the manager ended before it could tell */
  constructor(unstored: number | undefined) {
    const what =
      unstored === undefined
        ? 'the manager ended before it said that all outcomes are stored'
        : `${unstored} ${unstored === 1 ? 'outcome is' : 'outcomes are'} not stored`;
    super(
      'OUTCOMES_NOT_STORED',
      `Stopping: ${what}. Their recipients may get the message again after the next start.`,
      'Check the disk of the spool (free space, errors in the system log) before the next start.',
    );
  }
}
