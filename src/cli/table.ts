// `sluice table get` looks keys up in a table, as the running Sluice would; `sluice table build` makes a constant database.

import { type Command, Option } from 'commander';
import type { Config } from '../config/config.ts';
import { kindOf } from '../config/schema/table.ts';
import { buildCdb, textForms } from '../table/build-cdb.ts';
import { readTable } from '../table/read-table.ts';
import type { Answer, TableSettings } from '../table/table.ts';
import { TableError } from '../table/table-error.ts';
import { tableKey } from '../table/table-key.ts';
import { closest } from '../values/closest.ts';
import { configOption, readConfig } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';

type TextKind = keyof typeof textForms;

const textKinds = Object.keys(textForms);

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
  table
    .command('build')
    .description('build a constant database (cdb) of a text file, for tables of millions of keys')
    .argument('<output>', 'the database to build or replace; its name ends in .cdb')
    .argument('<input>', 'the text')
    .addOption(
      new Option('--kind <kind>', 'what the text is, if its ending does not tell').choices(textKinds),
    )
    .action(build);
}

interface BuildOptions {
  readonly kind?: TextKind;
}

function isTextKind(kind: string): kind is TextKind {
  return textKinds.includes(kind);
}

/** Without --kind, the ending of the text's name tells what it is. */
async function build(output: string, input: string, { kind }: BuildOptions): Promise<void> {
  if (kindOf(output) !== 'cdb') {
    const advice =
      'Write the name of the file to build first, then the text: sluice table build users.cdb users.list.';
    throw new CommandError(exitCodes.usage, 'TABLE_NAME', `${output} does not end in .cdb.`, advice);
  }
  const form = kind ?? kindOf(input);
  if (form === undefined || !isTextKind(form)) {
    const problem = `The name ${input} does not tell what kind of text it is.`;
    throw new CommandError(
      exitCodes.usage,
      'TABLE_NAME',
      problem,
      `Add --kind with ${textKinds.join(', ')}.`,
    );
  }
  const { records, warnings } = await buildCdb(output, input, textForms[form]);
  for (const warning of warnings) process.stderr.write(`warning: ${input}: ${warning}\n`);
  process.stdout.write(`${output} holds ${records} ${records === 1 ? 'record' : 'records'}.\n`);
}

async function get(name: string, keys: readonly string[], { config, json }: GetOptions): Promise<void> {
  const contents = await readTable(settingsOf(name, readConfig(config))).catch(cannotTell);
  try {
    const answers = await Promise.resolve(contents.lookup(keys.map(tableKey))).catch(cannotTell);
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

/** A table that cannot be read does not say that a key is missing. */
function cannotTell(error: unknown): never {
  if (!(error instanceof TableError)) throw error;
  const { code, message, advice } = error;
  throw new CommandError(exitCodes.tempFail, code, message, advice, { cause: error });
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
