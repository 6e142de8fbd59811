// `sluice rates`: how much of the rates of incoming mail is used, and by whom; and forgets what was counted.

import type { Command } from 'commander';
import type { RatesAnswer } from '../control/operations/rates.ts';
import { periodText } from '../policy/sending/sending-text.ts';
import { configOption, readPlaces } from './config-file.ts';
import { exitCodes } from './exit-codes.ts';
import { operatorName } from './override-options.ts';
import { printText } from './terminal-text.ts';
import { age, table } from './text-table.ts';
import { ask } from './until-reachable.ts';

interface RatesOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly all?: boolean;
}

const usualRows = 20;
const allRows = 100_000;

export function register(program: Command): void {
  const rates = program
    .command('rates')
    .description(
      'show how much of the rates of incoming mail is used, by which clients, networks and domains',
    )
    .addOption(configOption())
    .option('--all', 'show all of which something is used, and not only those that are used most')
    .option('--json', 'print JSON for programs')
    .action(list);
  rates
    .command('reset')
    .argument('<keys...>', 'clients, networks or domains, as "sluice rates" shows them')
    .description('forget what was counted')
    .addOption(configOption())
    .action(reset);
}

async function list({ config, json = false, all = false }: RatesOptions): Promise<void> {
  const most = all || json ? allRows : usualRows;
  const answer = await ask(readPlaces(config), { operation: 'rates.list', most });
  if (json) process.stdout.write(`${JSON.stringify(answer)}\n`);
  else printText(listText(answer));
}

function listText({ rates, total }: RatesAnswer): string {
  if (rates.length === 0) return 'Nothing of a rate is used.\n';
  const rows = rates.map(({ stage, key, quantity, rate, used, waitMs }) => [
    key,
    String(used),
    `${rate.count} ${quantity.replace('_', ' ')} ${periodText(rate.perMs)}`,
    stage,
    waitMs <= 0 ? 'now' : `in ${age(waitMs)}`,
  ]);
  const more = total - rates.length;
  const rest = more > 0 ? `${more} more: --all shows them\n` : '';
  return `${table(['OF', 'USED', 'ALLOWED', 'STAGE', 'ONE MORE'], rows)}${rest}`;
}

async function reset(keys: readonly string[], _: RatesOptions, command: Command): Promise<void> {
  // Options that the command above has, too, would be its own otherwise.
  const { config } = command.optsWithGlobals<RatesOptions>();
  const places = readPlaces(config);
  for (const key of keys) {
    const wasUsed = await ask(places, { operation: 'rates.reset', key, by: operatorName() });
    printText(wasUsed ? `${key} begins anew.\n` : `${key} has used nothing; "sluice rates" shows who has.\n`);
    if (!wasUsed) process.exitCode = exitCodes.failed;
  }
}
