// `sluice provision`: what is special about domains, in the file that [provisioning] names. What it changes is in force some seconds later, without a
// reload, for mail that waits as well.

import { type Command, Option } from 'commander';
import { normalizeDomain } from '../address/domain.ts';
import type { Config } from '../config/config.ts';
import { recordText, recordWords, wordsOf } from '../policy/provisioning/record.ts';
import { ValueError } from '../values/value-error.ts';
import { type AliasFile, changeAliases, editableFile, readAliases } from './alias-file.ts';
import { configOption, readConfig } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { recordFault } from './record-fault.ts';

interface ProvisionOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  const provision = program
    .command('provision')
    .description('what is special about domains: their queue, state, quota, copies and route of bounces');
  const jsonOption = (): Option => new Option('--json', 'print one line of JSON for each');
  const domain = 'such as example.com, or *.example.com for all below it';
  const commands = [
    provision.command('list').description('list the records').addOption(jsonOption()).action(list),
    provision
      .command('show')
      .description('print the record of a domain; exits with 1 when there is none')
      .argument('<domain>', domain)
      .addOption(jsonOption())
      .action(show),
    provision
      .command('set')
      .description('say something about a domain; what is not named stays as it is')
      .argument('<domain>', domain)
      .argument('<word=value...>', `${recordWords.join(', ')}: such as state=dormant queue=news`)
      .action(set),
    provision
      .command('unset')
      .description('take back what was said about a domain')
      .argument('<domain>', domain)
      .argument('[word...]', 'only these; without any, the whole record')
      .action(unset),
  ];
  for (const command of commands) command.addOption(configOption());
}

function fileOf(config: Config): AliasFile {
  const { table } = config.provisioning;
  if (table === undefined)
    throw fault(
      'The configuration names no table of provisioning.',
      'Write a [[table]] with kind = "key-value" and a path, and its name as table of [provisioning].',
    );
  return editableFile(config, table);
}

function list(options: ProvisionOptions): void {
  const config = readConfig(options.config);
  const file = fileOf(config);
  const lines = readAliases(file);
  for (const { reason } of lines.unread)
    process.stderr.write(
      `${file.path}: ${reason}. Correct the line: a running Sluice goes on with what the table said before.\n`,
    );
  for (const name of new Set(lines.entries.map((entry) => entry.name)))
    print(config, name, lines.valueOf(name) ?? '', options);
}

function show(given: string, options: ProvisionOptions): void {
  const name = nameOf(given);
  const config = readConfig(options.config);
  const value = readAliases(fileOf(config)).valueOf(name);
  if (value !== undefined) {
    print(config, name, value, options);
    return;
  }
  process.stderr.write(`There is no record of ${name}.\n`);
  process.exitCode = exitCodes.failed;
}

async function set(given: string, words: readonly string[], options: ProvisionOptions): Promise<void> {
  const name = nameOf(given);
  const config = readConfig(options.config);
  const { text, gone } = await changeAliases(fileOf(config), (lines) => {
    const next = new Map(read(name, () => wordsOf([lines.valueOf(name) ?? ''])));
    const added = read(name, () => wordsOf(words));
    // Who gives a domain another state does not want to hear that the words of the former one contradict it.
    const state = added.get('state');
    const before = new Map(next);
    if (state !== undefined && state !== 'redirect') next.delete('redirect');
    if (state !== undefined && state !== 'backup') next.delete('backup');
    if (state === undefined && (added.has('redirect') || added.has('backup'))) next.delete('state');
    for (const [word, value] of added) next.set(word, value);
    const gone = [...before].filter(([word]) => !next.has(word));
    const record = recordText(next);
    const why = recordFault(config, name, record);
    if (why !== undefined) throw fault(`The record of ${name}: ${why}.`);
    return [lines.with(name, [record]), { text: record, gone }];
  });
  process.stdout.write(`${name}: ${text}\n`);
  if (gone.length > 0)
    process.stderr.write(`No longer said: ${gone.map(([word, value]) => `${word}=${value}`).join(' ')}\n`);
}

async function unset(given: string, words: readonly string[], options: ProvisionOptions): Promise<void> {
  const name = nameOf(given);
  const config = readConfig(options.config);
  const left = await changeAliases(fileOf(config), (lines) => {
    const value = lines.valueOf(name);
    if (value === undefined)
      throw fault(`There is no record of ${name}.`, '"sluice provision list" shows those that there are.');
    const next = new Map<string, string>(words.length === 0 ? [] : read(name, () => wordsOf([value])));
    for (const word of words)
      if (!next.delete(word)) throw fault(`The record of ${name} does not say ${word}.`, `It says ${value}.`);
    const record = next.size === 0 ? undefined : recordText(next);
    const why = record === undefined ? undefined : recordFault(config, name, record);
    if (why !== undefined) throw fault(`The record of ${name}: ${why}.`);
    return [lines.with(name, record === undefined ? [] : [record]), record];
  });
  if (left === undefined) process.stderr.write(`The record of ${name} was removed.\n`);
  else process.stdout.write(`${name}: ${left}\n`);
}

/** A domain, or `*.` and a domain, as tables have it. */
function nameOf(given: string): string {
  const domain = normalizeDomain(given.replace(/^\*\./u, ''));
  if (domain !== undefined && !domain.startsWith('[')) return given.startsWith('*.') ? `*.${domain}` : domain;
  throw fault(
    `${JSON.stringify(given)} is no domain.`,
    'Write one such as example.com, or *.example.com for all below it.',
  );
}

function read<Result>(name: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (error instanceof ValueError) throw fault(`The record of ${name}: ${error.message}.`);
    throw error;
  }
}

function print(config: Config, name: string, text: string, { json }: ProvisionOptions): void {
  const why = recordFault(config, name, text);
  if (json === true) {
    const said = why === undefined ? Object.fromEntries(wordsOf([text])) : { text, fault: why };
    process.stdout.write(`${JSON.stringify({ domain: name, ...said })}\n`);
  } else process.stdout.write(`${name}: ${text}${why === undefined ? '' : `  (cannot be used: ${why})`}\n`);
}

function fault(problem: string, advice = ''): CommandError {
  return new CommandError(exitCodes.usage, 'PROVISION_RECORD', problem, advice);
}
