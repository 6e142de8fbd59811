// Standard output and standard error of a command. Promises: when nobody reads on, that is no error; when it cannot be
// written, the command says so and ends with EX_IOERR; never a stack trace.

import { systemReason } from '../config/read/config-error.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { errorText } from './print-error.ts';

/** Call once, before anything is written. */
export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `sluice queue list | head`
    if (error.code === 'EPIPE') process.exit();
    const failed = new CommandError(
      exitCodes.ioError,
      'OUTPUT_FAILED',
      `Writing to standard output: ${systemReason(error)}.`,
      'What was written is not complete. Write to another place.',
    );
    process.stderr.write(errorText(failed, false));
    process.exit(failed.exitCode);
  });
  // There is no other place to say it.
  process.stderr.on('error', () => undefined);
}
