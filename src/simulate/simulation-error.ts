// What can go wrong with a simulation.

import { SluiceError } from '../errors/sluice-error.ts';

/** Codes: `SIMULATION_INPUT` for a file or specification with mistakes, `SIMULATION_BROKEN` for a scheduler that broke its contract. */
export class SimulationError extends SluiceError {}

/** @throws {SimulationError} always: the scheduler has broken its contract */
export function broken(what: string): never {
  throw new SimulationError(
    'SIMULATION_BROKEN',
    `Simulating: ${what}.`,
    'This is a mistake in Sluice. Report it together with the configuration, the workload and the seed.',
  );
}
