// `sluice plugin`: for authors of plugins, who need neither a running Sluice nor a network.

import type { Command } from 'commander';
import { registerBench } from './plugin-bench.ts';
import { registerNew } from './plugin-new.ts';
import { registerTest } from './plugin-test.ts';

export function register(program: Command): void {
  const plugin = program.command('plugin').description('write, test and measure plugins in TypeScript');
  registerNew(plugin);
  registerTest(plugin);
  registerBench(plugin);
}
