// `sluice log reopen`: for programs that rotate the log file, such as logrotate.

import type { Command } from 'commander';
import { configOption, readPlaces } from './config-file.ts';
import { ask } from './until-reachable.ts';

export function register(program: Command): void {
  const log = program.command('log').description('have the log file opened again after it was renamed');
  log
    .command('reopen')
    .description('make all processes of the running Sluice open the log file again; the configuration stays')
    .addOption(configOption())
    .action(async (options: { readonly config?: string }) => {
      await ask(readPlaces(options.config), { operation: 'log.reopen' });
      process.stdout.write('All processes open the log file again.\n');
    });
}
