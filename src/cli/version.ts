// sluice version: which Sluice, on which Node and system.

import { readFileSync } from 'node:fs';

import type { Command } from 'commander';

/** Sluice's version, from package.json: the same file for the sources and for what is built from them. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  return version;
}

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('version')
    .description('print the version of Sluice and what it runs on')
    .option('--json', 'for programs')
    .action((options: { readonly json?: boolean }) => {
      const facts = {
        sluice: packageVersion(),
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
