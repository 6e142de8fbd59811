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
      const { controlSocket } = readConfig(options.config);
      const later = (await controlResult(controlSocket, { operation: 'reload' })) as readonly string[];
      process.stdout.write('The new configuration is in force.\n');
      if (later.length > 0) process.stdout.write(`Only a restart puts in force: ${later.join(', ')}.\n`);
    });
}
