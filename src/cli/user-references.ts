// What names a user beside the directory's own record: aliases, forwards of others, and taps. Who removes or renames the user is told of it, and asked on a
// terminal; nothing of it is changed.

import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { systemReason } from '../config/read/config-error.ts';
import { accountKey } from '../directory/account-key.ts';
import type { UserRecord } from '../directory/record.ts';
import { SluiceError } from '../errors/sluice-error.ts';
import { loadExpressions } from '../policy/taps/address-expression.ts';
import { parseTapFile } from '../policy/taps/tap-file.ts';
import { aliasTargets } from '../policy/recipients/alias-targets.ts';
import { askedRecipient } from '../policy/recipients/recipient-source.ts';
import { aliasFile, readAliases } from './alias-file.ts';
import { confirm } from './confirm.ts';
import { CommandError, exitCodes } from './exit-codes.ts';

/** More are counted, and not shown. */
const mostShown = 20;

/** What mail would still be sent to, and what could not be read: sentences. */
export interface References {
  readonly found: readonly string[];
  readonly unread: readonly string[];
}

type Named = Pick<Config, 'mailboxes' | 'recipients' | 'table' | 'tap'>;

/**
 * @param users - all users of the directory
 * @param record - the user who goes
 * @param gone - the addresses that nobody has then
 */
export async function referencesTo(
  config: Named,
  users: readonly UserRecord[],
  record: UserRecord,
  gone: readonly string[],
): Promise<References> {
  const keys = new Set(gone.map(accountKey));
  const forwards = users
    .filter(({ user }) => user !== record.user)
    .flatMap(({ user, forward = [] }) =>
      forward
        .filter((to) => keys.has(accountKey(to)))
        .map((to) => `Mail for ${user} is forwarded to ${to}: "sluice forward set ${user} ..." changes it.`),
    );
  const parts: readonly References[] = [
    { found: forwards, unread: [] },
    ...aliasTables(config).map((table) => inAliases(config, table, keys)),
    await inTaps(config, keys),
  ];
  return { found: parts.flatMap(({ found }) => found), unread: parts.flatMap(({ unread }) => unread) };
}

/**
 * Tells of what names the user, and asks on a terminal whether to go on.
 * @param doing - such as "Remove joe@example.com"
 * @throws {CommandError} `USER_NAMED` when the answer is no: nothing was changed
 */
export async function goOnWith({ found, unread }: References, doing: string): Promise<void> {
  if (found.length + unread.length === 0) return;
  const more = found.length > mostShown ? [`${found.length - mostShown} more of these.`] : [];
  for (const line of [...found.slice(0, mostShown), ...more, ...unread])
    process.stderr.write(`warning: ${line}\n`);
  if (found.length === 0 || !process.stdin.isTTY || (await confirm(`${doing} all the same?`))) return;
  throw new CommandError(
    exitCodes.cancelled,
    'USER_NAMED',
    'Others name this user. Nothing was changed.',
    'Change those first, or answer yes: their mail for this address is refused or comes back then.',
  );
}

/** The tables that names of the directory are looked up in. */
function aliasTables({ mailboxes, recipients }: Named): readonly string[] {
  const names = [mailboxes.aliases, ...recipients.map(({ aliases }) => aliases)];
  return [...new Set(names.filter((name) => name !== undefined))];
}

function inAliases(config: Named, table: string, keys: ReadonlySet<string>): References {
  try {
    const file = aliasFile(config, table);
    const lines = readAliases(file);
    const found = lines.entries.flatMap(({ name, value }) =>
      namedIn(name, value)
        .filter((address) => keys.has(address))
        .map((address) => `The alias ${name} in ${file.path} stands for ${address}.`),
    );
    const unread = lines.unread.map(
      ({ reason }) =>
        `An entry of the table of aliases "${table}" was not looked at: ${file.path}: ${reason}.`,
    );
    return { found, unread };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { found: [], unread: [`The table of aliases "${table}" was not looked at: ${error.message}`] };
  }
}

/** The addresses of a value. One that is not understood stands for nobody. */
function namedIn(name: string, value: string): readonly string[] {
  try {
    const asked = askedRecipient(name, name.slice(name.lastIndexOf('@') + 1));
    return aliasTargets(value, asked).flatMap((target) =>
      target.kind === 'address' ? [accountKey(`${target.localPart}@${target.domain}`)] : [],
    );
  } catch {
    return [];
  }
}

async function inTaps({ tap: taps }: Named, keys: ReadonlySet<string>): Promise<References> {
  const found: string[] = [];
  const unread: string[] = [];
  if (taps.some(({ file }) => file !== undefined)) await loadExpressions();
  for (const { name, file, copyTo } of taps) {
    if (copyTo !== undefined && keys.has(accountKey(copyTo)))
      found.push(`The tap "${name}" sends its copies to ${copyTo}.`);
    if (file === undefined) continue;
    try {
      for (const line of parseTapFile(readFileSync(file, 'utf8')))
        if (keys.has(accountKey(line.copyTo)))
          found.push(`The tap "${name}" sends copies to ${line.copyTo}: ${file}, ${line.text}.`);
    } catch (error) {
      unread.push(`The file of the tap "${name}" was not looked at: ${file}: ${systemReason(error)}.`);
    }
  }
  return { found, unread };
}
