// `sluice greylist`: what waits and what has passed, networks that are allowed, and to change both.

import type { Command } from 'commander';
import type {
  GreylistList,
  GreylistNetworks,
  GreylistStats,
  ShownGreylistNetwork,
} from '../control/operations/greylist.ts';
import { configOption, readPlaces } from './config-file.ts';
import { exitCodes } from './exit-codes.ts';
import { operatorName } from './override-options.ts';
import { duration } from './queue-filter.ts';
import { printText } from './terminal-text.ts';
import { age, table } from './text-table.ts';
import { ask } from './until-reachable.ts';

interface CommonOptions {
  readonly config?: string;
  readonly stage?: string;
}

interface ListOptions extends CommonOptions {
  readonly json?: boolean;
  readonly all?: boolean;
  readonly waiting?: boolean;
  readonly passed?: boolean;
  readonly networks?: boolean;
}

const usualRows = 50;
const allRows = 100_000;

export function register(program: Command): void {
  const greylist = program.command('greylist').description('show and change what greylisting remembers');
  greylist
    .command('list')
    .argument('[text]', 'only what has this text in its network, sender or domain')
    .description('show senders whose mail waits or has passed, the latest first')
    .option('--waiting', 'only those whose mail waits')
    .option('--passed', 'only those whose mail has passed')
    .option('--networks', 'networks with mail that has passed, and those that are allowed')
    .option('--stage <name>', 'of this [[stage]] only')
    .option('--all', 'all of them')
    .option('--json', 'print JSON for programs')
    .addOption(configOption())
    .action(list);
  greylist
    .command('allow')
    .argument('<networks...>', 'addresses, or networks of the size by which the stage counts')
    .description('let mail of these networks pass at once')
    .option('--for <time>', 'for so long, e.g. 30d; for ever without it', duration)
    .option('--stage <name>', 'of this [[stage]], where there are several')
    .addOption(configOption())
    .action(allow);
  greylist
    .command('forget')
    .argument('[names...]', 'networks, senders or domains, as "sluice greylist list" shows them')
    .description('forget what is remembered: their mail waits again')
    .option('--all', 'forget everything')
    .option('--stage <name>', 'of this [[stage]] only')
    .addOption(configOption())
    .action(forget);
  greylist
    .command('stats')
    .description('count what is remembered')
    .option('--json', 'print JSON for programs')
    .addOption(configOption())
    .action(stats);
}

async function list(text: string | undefined, options: ListOptions): Promise<void> {
  const { config, stage = '', json = false, all = false, networks = false } = options;
  const state = options.waiting === options.passed ? 'all' : options.waiting === true ? 'waiting' : 'passed';
  const query = { stage, text: text ?? '', state, most: all || json ? allRows : usualRows } as const;
  const places = readPlaces(config);
  const nowMs = Date.now();
  if (networks) {
    const answer = await ask(places, { operation: 'greylist.networks', ...query });
    if (json) printJson(answer);
    else printText(networksText(answer, nowMs));
    return;
  }
  const answer = await ask(places, { operation: 'greylist.list', ...query });
  if (json) printJson(answer);
  else printText(listText(answer, nowMs));
}

function listText({ rows, total }: GreylistList, nowMs: number): string {
  if (rows.length === 0) return 'Nothing is remembered that fits.\n';
  const shown = rows.map((row) => [
    age(nowMs - row.firstAt),
    row.passedAt === undefined ? 'waits' : `passed after ${age(row.passedAt - row.firstAt)}`,
    String(row.attempts),
    row.network,
    row.sender === '' ? '<>' : row.sender,
    row.domain,
  ]);
  return (
    table(['FIRST', 'STATE', 'ATTEMPTS', 'NETWORK', 'SENDER', 'DOMAIN'], shown) +
    moreText(total - rows.length)
  );
}

function networksText({ rows, total }: GreylistNetworks, nowMs: number): string {
  if (rows.length === 0) return 'No network is remembered that fits.\n';
  const shown = rows.map((row) => [
    row.network,
    String(row.passes),
    allowedText(row),
    row.untilAt === undefined ? 'ever' : age(row.untilAt - nowMs),
    row.stage,
  ]);
  return table(['NETWORK', 'PASSED', 'ALLOWED', 'KEPT FOR', 'STAGE'], shown) + moreText(total - rows.length);
}

function allowedText({ allowed }: ShownGreylistNetwork): string {
  if (allowed === undefined) return 'no';
  return allowed === 'operator' ? 'by an operator' : 'by its mail';
}

function moreText(more: number): string {
  return more > 0 ? `${more} more: --all shows them\n` : '';
}

async function allow(
  networks: readonly string[],
  { config, stage = '', for: forMs }: CommonOptions & { readonly for?: number },
): Promise<void> {
  const places = readPlaces(config);
  for (const network of networks) {
    const question = { stage, network, forMs, by: operatorName() };
    const allowed = await ask(places, { operation: 'greylist.allow', ...question });
    printText(`Mail of ${allowed} passes at once${forMs === undefined ? '' : ` for ${age(forMs)}`}.\n`);
  }
}

async function forget(
  names: readonly string[],
  { config, stage = '', all = false }: ListOptions,
  command: Command,
): Promise<void> {
  if (all === names.length > 0) command.error('error: name networks, senders or domains, or give --all');
  const places = readPlaces(config);
  for (const text of all ? [''] : names) {
    const question = { stage, text, by: operatorName() };
    const forgotten = await ask(places, { operation: 'greylist.forget', ...question });
    const what = text === '' ? 'all that was remembered' : text;
    if (forgotten > 0) printText(`Forgotten: ${what} (${forgotten}).\n`);
    else {
      printText(
        `Nothing is remembered of ${text === '' ? 'anybody' : text}; "sluice greylist list" shows what is.\n`,
      );
      process.exitCode = exitCodes.failed;
    }
  }
}

async function stats({ config, json = false }: ListOptions): Promise<void> {
  const answer = await ask(readPlaces(config), { operation: 'greylist.stats' });
  if (json) printJson(answer);
  else printText(statsText(answer));
}

function statsText(all: readonly GreylistStats[]): string {
  if (all.length === 0) return 'Nothing is remembered.\n';
  return table(
    ['STAGE', 'WAITING', 'CAME ONCE', 'PASSED', 'NETWORKS', 'ALLOWED BY OPERATORS'],
    all.map(({ stage, ...counts }) => [
      stage,
      ...[counts.waiting, counts.once, counts.passed, counts.networks, counts.fixed].map(String),
    ]),
  );
}

function printJson(answer: unknown): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
