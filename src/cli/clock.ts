// `sluice clock confirm`: an operator says that the system's clock is right after it was set.

import type { Command } from 'commander';
import { configOption, readPlaces } from './config-file.ts';
import { ask } from './until-reachable.ts';

export function register(program: Command): void {
  const clock = program
    .command('clock')
    .description('confirm the clock of the system after it was set by more than an hour');
  clock
    .command('confirm')
    .description('say that the clock is correct, so that dates follow it at once')
    .addOption(configOption())
    .action(confirm);
}

async function confirm(options: { readonly config?: string }): Promise<void> {
  const config = readPlaces(options.config);
  const byMs = await ask(config, { operation: 'clock.confirm' });
  process.stdout.write(
    byMs === null
      ? 'Nothing about the clock was in doubt.\n'
      : `The clock is taken to be right: it is ${new Date().toISOString()}. The lifetime of mail goes on as before.\n`,
  );
}
