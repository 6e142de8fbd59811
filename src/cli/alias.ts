// `sluice alias`: names that stand for other addresses, in the file that the configuration names. What it changes is in force some seconds later,
// without a reload.

import { type Command, Option } from 'commander';
import { domainOf } from '../address/domain.ts';
import { parsePath } from '../address/path.ts';
import { expandAlias } from '../deliver/mailbox/expand-alias.ts';
import type { FoundUser } from '../directory/types.ts';
import { accountOf } from '../directory/record.ts';
import { accountKey } from '../directory/account-key.ts';
import { aliasTargets } from '../policy/recipients/alias-targets.ts';
import { askedRecipient } from '../policy/recipients/recipient-source.ts';
import type { AliasLines } from '../table/alias-lines.ts';
import { tableKey } from '../table/table-key.ts';
import { absent } from '../table/table.ts';
import { type AliasFile, aliasFile, changeAliases, readAliases } from './alias-file.ts';
import { configOption, readConfig } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { isOwnDirectory } from '../config/directory-config.ts';
import { ownDirectory } from './own-directory.ts';

interface AliasOptions {
  readonly config?: string;
  readonly table?: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  const alias = program
    .command('alias')
    .description('names that stand for other addresses, in the file of aliases');
  const jsonOption = (): Option => new Option('--json', 'print one line of JSON for each');
  const commands = [
    alias
      .command('list')
      .description('list the aliases')
      .argument('[domain]', 'only those of this domain')
      .addOption(jsonOption())
      .action(list),
    alias
      .command('show')
      .description('print what an alias stands for; exits with 1 when there is none')
      .argument('<name>', 'such as staff@example.com, or @example.com for all names of a domain')
      .addOption(jsonOption())
      .action(show),
    alias
      .command('add')
      .description('add an alias, or addresses to one that is there')
      .argument('<name>', 'such as staff@example.com, or @example.com for all names of a domain')
      .argument('<address...>', 'what it stands for')
      .action(add),
    alias
      .command('remove')
      .description('remove an alias, or some of its addresses')
      .argument('<name>')
      .argument('[address...]', 'only these')
      .action(remove),
    alias
      .command('test')
      .description('print to whom mail for an address goes in the end, through all aliases')
      .argument('<address>')
      .addOption(jsonOption())
      .action(test),
  ];
  for (const command of commands)
    command
      .addOption(configOption())
      .option('--table <name>', 'the [[table]] of aliases (default: that of [mailboxes])');
}

function fileOf({ config, table }: AliasOptions): AliasFile {
  return aliasFile(readConfig(config), table);
}

function list(domain: string | undefined, options: AliasOptions): void {
  const wanted = domain === undefined ? undefined : accountKey(`@${domain}`);
  const lines = readAliases(fileOf(options));
  const names = new Set(lines.entries.map(({ name }) => name));
  for (const name of names)
    if (wanted === undefined || name.endsWith(wanted)) print(name, lines.valueOf(name) ?? '', options);
}

function show(given: string, options: AliasOptions): void {
  const name = nameOf(given);
  const value = readAliases(fileOf(options)).valueOf(name);
  if (value === undefined) {
    process.stderr.write(`There is no alias ${name}.\n`);
    process.exitCode = exitCodes.failed;
  } else print(name, value, options);
}

async function add(given: string, addresses: readonly string[], options: AliasOptions): Promise<void> {
  const name = nameOf(given);
  const file = fileOf(options);
  const added = addresses.flatMap((each) => piecesOf(name, each));
  const value = await changeAliases(file, (lines) => {
    const all = [...piecesOf(name, lines.valueOf(name) ?? ''), ...added];
    const next = [...new Map(all.map((each) => [tableKey(each), each])).values()];
    return [changed(lines, name, next), next.join(', ')];
  });
  print(name, value, {});
}

async function remove(given: string, addresses: readonly string[], options: AliasOptions): Promise<void> {
  const name = nameOf(given);
  const file = fileOf(options);
  const left = await changeAliases(file, (lines) => {
    const value = lines.valueOf(name);
    if (value === undefined)
      throw fault(`There is no alias ${name}.`, '"sluice alias list" shows those that there are.');
    if (addresses.length === 0) return [lines.with(name, []), undefined];
    const before = piecesOf(name, value);
    const keys = new Set(addresses.map(tableKey));
    const next = before.filter((each) => !keys.has(tableKey(each)));
    if (next.length !== before.length - keys.size)
      throw fault(
        `The alias ${name} does not stand for all of these.`,
        `It stands for ${value}. Nothing was changed.`,
      );
    return [changed(lines, name, next), next.length === 0 ? undefined : next.join(', ')];
  });
  if (left === undefined) process.stderr.write(`The alias ${name} was removed.\n`);
  else print(name, left, {});
}

async function test(address: string, options: AliasOptions): Promise<void> {
  const config = readConfig(options.config);
  const { table, ...file } = aliasFile(config, options.table);
  const lines = readAliases({ table, ...file });
  const own = config.directory.some(isOwnDirectory) ? ownDirectory(options) : undefined;
  const find = async (key: string): Promise<FoundUser> => {
    const record = await own?.read((records) => records.user(accountKey(key)));
    return record === undefined ? { kind: 'absent' } : { kind: 'user', user: accountOf(record).user };
  };
  const lookup = (_: string, keys: readonly string[]) =>
    Promise.resolve(
      keys.map((key) => {
        const value = lines.valueOf(key);
        return value === undefined ? absent : ({ kind: 'found', values: [value] } as const);
      }),
    );
  const { separators } = config.mailboxes;
  const expanded = await expandAlias({ tables: { lookup }, table, users: { find }, separators }, address);
  if (expanded.kind === 'fault')
    throw new CommandError(
      exitCodes.dataError,
      'ALIAS_FAULT',
      `Mail for ${address} waits: ${expanded.why}.`,
      'Correct the alias.',
    );
  const groups = expanded.kind === 'alias' ? [...expanded.groups] : [];
  if (expanded.kind === 'none' || expanded.hasMailbox)
    groups.unshift({ owner: undefined, addresses: [address] });
  for (const { owner, addresses } of groups)
    for (const to of addresses)
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify({ to, ...(owner !== undefined && { sender: owner }) })}\n`
          : `${to}${owner === undefined ? '' : `  (from ${owner})`}\n`,
      );
}

function changed(lines: AliasLines, name: string, values: readonly string[]): AliasLines {
  try {
    return lines.with(name, values);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw fault(`The alias ${name} cannot be written: ${error.message}. Nothing was changed.`);
  }
}

/** An address, or `@` and a domain, as tables have it. */
function nameOf(given: string): string {
  const address = given.startsWith('@') ? `any${given}` : given;
  const path = parsePath(`<${address}>`, { allowUtf8: true, defaultDomain: '' });
  if (path.kind === 'mailbox' && path.end === address.length + 2 && domainOf(address) !== '')
    return tableKey(given);
  throw fault(
    `${JSON.stringify(given)} is no address.`,
    'Write one such as staff@example.com, or @example.com for all names of a domain.',
  );
}

/** The addresses of a value, each as it is written. */
function piecesOf(name: string, value: string): readonly string[] {
  const asked = askedRecipient(name, domainOf(name));
  try {
    return aliasTargets(value, asked).map((target) => {
      if (target.kind === 'address')
        return `${target.isFinal ? '\\' : ''}${target.localPart}@${target.domain}`;
      throw new Error(
        `${JSON.stringify(target.text)} is a program, a file or a list, which only users of the system can have`,
      );
    });
  } catch (error) {
    throw fault(`What ${name} stands for: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

function print(name: string, value: string, { json }: AliasOptions): void {
  const text =
    json === true ? JSON.stringify({ name, addresses: piecesOf(name, value) }) : `${name}: ${value}`;
  process.stdout.write(`${text}\n`);
}

function fault(problem: string, advice = ''): CommandError {
  return new CommandError(exitCodes.usage, 'ALIAS_NAME', problem, advice);
}
