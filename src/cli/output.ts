// Standard output and standard error of a command. Promises: a reader that stops reading is no error; any other failure to
// write is reported, and the command ends with EX_IOERR; no stack trace is printed.

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
  // There is no other place to report a failure of standard error.
  process.stderr.on('error', () => undefined);
}

/** Ends the program although something still holds on to it, such as a file operation on a disk that hangs. */
export function endAfterOutput(code: number): void {
  process.stdout.write('', () => process.exit(code));
}
