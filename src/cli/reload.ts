// `sluice reload`: the running Sluice reads its configuration again.

import type { Command } from 'commander';
import { controlResult } from '../control/control-client.ts';
import { configOption, readConfig } from './config-file.ts';

export function register(program: Command): void {
  program
    .command('reload')
    .description(
      'make the running Sluice read its configuration again; a bad one is refused and changes nothing',
    )
    .addOption(configOption())
    .action(async (options: { config?: string }) => {
      await controlResult(readConfig(options.config).controlSocket, { operation: 'reload' });
      process.stdout.write('The new configuration is in force.\n');
    });
}
