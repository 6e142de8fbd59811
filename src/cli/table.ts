// `sluice table get`: looks keys up in a table, as the running Sluice would.

import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { readTable } from '../table/read-table.ts';
import type { Answer, TableSettings } from '../table/table.ts';
import { tableKey } from '../table/table-key.ts';
import { closest } from '../values/closest.ts';
import { configOption, readConfig } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';

interface GetOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  const table = program.command('table').description('look into the tables of the configuration');
  table
    .command('get')
    .description('look keys up in a table; exits with 1 when one of them is not there')
    .argument('<name>', 'the name of a [[table]]')
    .argument('<keys...>', 'the keys, such as user@example.com')
    .addOption(configOption())
    .option('--json', 'print one line of JSON for each key')
    .action(get);
}

async function get(name: string, keys: readonly string[], { config, json }: GetOptions): Promise<void> {
  const contents = await readTable(settingsOf(name, readConfig(config)));
  try {
    const answers = await contents.lookup(keys.map(tableKey));
    for (const [index, answer] of answers.entries()) {
      const key = keys[index] ?? '';
      if (json === true) process.stdout.write(`${JSON.stringify({ key, ...answer })}\n`);
      else print(name, key, answer, keys.length > 1);
      if (answer.kind === 'absent') process.exitCode = exitCodes.failed;
    }
    if (answers.some(({ kind }) => kind === 'failing')) process.exitCode = exitCodes.tempFail;
  } finally {
    await contents.close();
  }
}

function print(name: string, key: string, answer: Answer, isOneOfSeveral: boolean): void {
  switch (answer.kind) {
    case 'found': {
      // A list has keys only.
      const values = answer.values.length === 0 ? [tableKey(key)] : answer.values;
      for (const value of values) process.stdout.write(isOneOfSeveral ? `${key}\t${value}\n` : `${value}\n`);
      return;
    }
    case 'absent':
      process.stderr.write(`${JSON.stringify(key)} is not in the table "${name}".\n`);
      return;
    case 'failing':
      process.stderr.write(
        `The table "${name}" cannot tell about ${JSON.stringify(key)}: ${answer.reason}.\n`,
      );
  }
}

function settingsOf(name: string, { table: tables }: Config): TableSettings {
  const settings = tables.find((each) => each.name === name);
  if (settings !== undefined) return settings;
  const names = tables.map((each) => each.name);
  const meant = closest(name, names);
  const known =
    names.length === 0 ? 'The configuration has none.' : `There are ${names.slice(0, 20).join(', ')}.`;
  throw new CommandError(
    exitCodes.usage,
    'TABLE_UNKNOWN',
    `There is no [[table]] with the name ${JSON.stringify(name)}.`,
    meant === undefined ? known : `Did you mean "${meant}"?`,
  );
}
