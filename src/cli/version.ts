// `sluice version`: prints the version of Sluice, of Node, and the system.

import type { Command } from 'commander';

import { version } from '../config/version.ts';

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('version')
    .description('print the version of Sluice and what it runs on')
    .option('--json', 'print JSON for programs')
    .action((options: { readonly json?: boolean }) => {
      const facts = {
        sluice: version,
        node: process.versions.node,
        platform: process.platform,
        arch: process.arch,
      };
      const text = options.json
        ? JSON.stringify(facts)
        : `sluice ${facts.sluice} (Node ${facts.node}, ${facts.platform} ${facts.arch})`;
      process.stdout.write(`${text}\n`);
    });
}
