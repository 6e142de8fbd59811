// `sluice bans`: who may not log in, because too many log-ins have failed; and ends bans before their time.

import type { Command } from 'commander';
import type { Ban, Failing } from '../directory/types.ts';
import { configOption, readPlaces } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { printText } from './terminal-text.ts';
import { age, table } from './text-table.ts';
import { ask } from './until-reachable.ts';

interface BansOptions {
  readonly config?: string;
  readonly json?: boolean;
}

interface LiftOptions extends BansOptions {
  readonly all?: boolean;
}

export function register(program: Command): void {
  const bans = program
    .command('bans')
    .description(
      'show clients, networks and users that may not log in for now: too many of their log-ins failed',
    )
    .addOption(configOption())
    .option('--json', 'print JSON for programs')
    .action(list);
  bans
    .command('lift')
    .argument('[targets...]', 'addresses, networks or user names, as "sluice bans" shows them')
    .description('end bans before their time, and forget the failures')
    .addOption(configOption())
    .option('--all', 'end all bans')
    .option('--json', 'print JSON for programs')
    .action(lift);
}

async function list({ config, json = false }: BansOptions): Promise<void> {
  const bans = known(await ask(readPlaces(config), { operation: 'ban.list' }));
  if (json) process.stdout.write(`${JSON.stringify(bans)}\n`);
  else if (bans.length === 0) process.stdout.write('Nobody is banned.\n');
  else {
    const rows = bans.map(({ kind, target, remainingMs }) => [kind, age(remainingMs), target]);
    printText(table(['BANNED', 'FOR', 'TARGET'], rows));
  }
}

async function lift(targets: readonly string[], _: LiftOptions, command: Command): Promise<void> {
  // Options that the command above has, too, would be its own otherwise.
  const { config, json = false, all = false } = command.optsWithGlobals<LiftOptions>();
  if (all === targets.length > 0) {
    command.error('error: name addresses, networks or users, as "sluice bans" shows them, or give --all');
  }
  const places = readPlaces(config);
  const lifted: Ban[] = [];
  const missing: string[] = [];
  for (const target of all ? [undefined] : targets) {
    const ended = known(await ask(places, { operation: 'ban.lift', target }));
    lifted.push(...ended);
    if (ended.length === 0 && target !== undefined) missing.push(target);
  }
  if (json) process.stdout.write(`${JSON.stringify({ lifted, notBanned: missing })}\n`);
  else {
    const lines = [
      ...lifted.map(({ kind, target }) => `The ${kind} ${target} may log in again.\n`),
      ...missing.map((target) => `${target} is not banned itself; "sluice bans" shows who is.\n`),
    ];
    printText(lines.length === 0 ? 'Nobody is banned.\n' : lines.join(''));
  }
  if (missing.length > 0) process.exitCode = exitCodes.failed;
}

function known(answer: readonly Ban[] | Failing): readonly Ban[] {
  if (!('kind' in answer)) return answer;
  throw new CommandError(
    exitCodes.tempFail,
    'DIRECTORY_FAILING',
    `The directory cannot tell now: ${answer.reason.replace(/\.$/u, '')}.`,
    'Bans are kept by the keys process, which runs when the configuration has a [[directory]].',
  );
}
