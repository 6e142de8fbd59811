// `sluice explain`: shows the whole decision about mail for an address: its route, the addresses, the limits, what it waits
// for now, and the next attempt.

import type { Command } from 'commander';
import { configOption, readPlaces } from './config-file.ts';
import { explainText } from './explain-text.ts';
import { printText } from './terminal-text.ts';
import { ask } from './until-reachable.ts';

interface Options {
  readonly config?: string;
  readonly sender?: string;
  readonly tenant?: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('explain')
    .argument('<address>', 'a mail address or a domain; it is looked up if no mail waits for it')
    .description('show where mail for an address goes, every limit on its way, and what it waits for')
    .addOption(configOption())
    .option('--sender <address>', 'the envelope sender, if routes depend on it; <> for bounces')
    .option(
      '--tenant <name>',
      "explain the mail of this tenant ('' is mail of no tenant); without it, of the tenant that --sender belongs to, or that has most mail",
    )
    .option('--json', 'print JSON for programs')
    .action(explain);
}

async function explain(address: string, options: Options): Promise<void> {
  const config = readPlaces(options.config);
  const answer = await ask(config, {
    operation: 'explain',
    address,
    ...(options.sender !== undefined && { sender: options.sender === '<>' ? '' : options.sender }),
    ...(options.tenant !== undefined && { tenant: options.tenant }),
  });
  if (options.json === true) process.stdout.write(`${JSON.stringify(answer)}\n`);
  else printText(explainText(answer, Date.now()));
}
