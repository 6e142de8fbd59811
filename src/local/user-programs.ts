// Programs that a user names, as lines for /bin/sh, within the limits of the configuration. Promise: all that is left of them ends with the run
// that was ended, and with this process.

import type { JobLimits } from '../deliver/system/job.ts';
import type { ProgramEnd } from '../instructions/carry-out.ts';
import { type FedEnd, feedProgram } from '../io/feed-program.ts';
import { replaceUnprintableRuns } from '../values/unprintable.ts';
import type { ProgramInputs } from './message-input.ts';

export interface ProgramSurroundings {
  readonly inputs: ProgramInputs;
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly limits: JobLimits;
  /** Of `performance.now()`: the end of all runs together. */
  readonly untilMs: number;
  readonly signal: AbortSignal;
}

/** @throws {Error} of the system, when there is no room for a copy of the message */
export async function runUserProgram(
  command: string,
  { inputs, environment, folder, limits, untilMs, signal }: ProgramSurroundings,
): Promise<ProgramEnd> {
  const input = await inputs.open();
  try {
    const { memoryBytes, processes, outputBytes } = limits;
    const end = await feedProgram({
      command: ['/bin/sh', '-c', command],
      environment,
      folder,
      input,
      timeMs: Math.max(1, untilMs - performance.now()),
      outputBytes,
      memoryBytes,
      processes,
      // By which this process is found, too: whoever ends it finds what it has started.
      mark: process.env['SLUICE_RUN'],
      signal,
    });
    return programEnd(end, limits);
  } finally {
    inputs.giveBack(input);
  }
}

function programEnd(end: FedEnd, { timeMs, outputBytes }: JobLimits): ProgramEnd {
  const printed = replaceUnprintableRuns(end.printed.toWellFormed(), ' ');
  const broken = (why: string): ProgramEnd => ({ kind: 'broken', why, printed });
  switch (end.kind) {
    case 'ended':
      return { kind: 'ended', code: end.code, printed };
    case 'killed':
      return broken(`was ended by ${end.name}`);
    case 'late':
      return broken(`did not end within ${timeMs / 1000} s`);
    case 'talkative':
      return broken(`printed more than ${outputBytes} bytes`);
    case 'broken-off':
      return broken('was ended, since Sluice stops');
    case 'not-started':
      return broken(`could not be started: ${end.code}`);
  }
}
