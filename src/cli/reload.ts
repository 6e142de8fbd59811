// `sluice reload`: the running Sluice reads its configuration again.

import type { Command } from 'commander';
import { ControlError } from '../control/control-error.ts';
import { configOption, findPlaces } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { ask } from './until-reachable.ts';

export function register(program: Command): void {
  program
    .command('reload')
    .description(
      'make the running Sluice read its configuration again; a bad one is refused and changes nothing',
    )
    .addOption(configOption())
    .action(async (options: { readonly config?: string }) => {
      const found = findPlaces(options.config);
      const { file } = found.places;
      const request = { operation: 'reload', ...(options.config !== undefined && { file }) } as const;
      const answer = ask(found.places, request).catch((error: unknown) => {
        // The running Sluice itself reports a mistake in the file: it refuses the file, and shows that in its status. Only
        // when no Sluice is found, the mistake is reported here, since it may be the reason.
        const isNotRunning = error instanceof ControlError && error.code === 'NOT_RUNNING';
        throw isNotRunning && found.kind === 'mistaken' ? found.mistake : error;
      });
      const { afterRestart, notOpen = [], warnings = [], ...read } = await answer;
      const from = read.file ?? 'no file, the defaults';
      process.stdout.write(`The new configuration is in force: ${from}.\n`);
      if (afterRestart.length > 0) {
        process.stdout.write(`Only a restart puts in force: ${afterRestart.join(', ')}.\n`);
      }
      for (const warning of warnings) process.stdout.write(`warning: ${warning}\n`);
      if (notOpen.length > 0) throw notAllOpen(notOpen);
    });
}

/** A configuration with a listener that nobody can connect to is in force, and is not what the administrator wanted. */
function notAllOpen(reasons: readonly string[]): CommandError {
  return new CommandError(
    exitCodes.failed,
    'LISTEN_FAILED',
    ['Not every listener could be opened:', ...reasons].join('\n  '),
    'Everything else is in force. They are tried again every five seconds: free the addresses, or correct [[listen]] and reload.',
  );
}
