// `sluice mailbox`: the mailboxes of this host, by the path of [mailboxes] and by users of the directory.

import type { Command } from 'commander';
import { accountKey } from '../directory/account-key.ts';
import { accountOf } from '../directory/record.ts';
import { foundMailboxes } from '../mailbox/found-mailboxes.ts';
import { createMailbox, isThere, moveMailbox, removeMailbox } from '../mailbox/mailbox-changes.ts';
import { type MailboxUser, placeOf } from '../mailbox/mailbox-place.ts';
import { countMailbox } from '../mailbox/quota/mailbox-usage.ts';
import { percentUsed, type Usage } from '../mailbox/quota/maildirsize.ts';
import type { QuotaLimits } from '../values/shared-quotas.ts';
import { configOption, readConfig } from './config-file.ts';
import { confirm } from './confirm.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { mailboxFailed } from './mailbox-failed.ts';
import { mailboxOfAddress } from './mailbox-of.ts';
import { isOwnDirectory } from '../config/directory-config.ts';
import { ownDirectory } from './own-directory.ts';
import { mailCame, mailWent } from './shared-quotas.ts';
import { bytes as sizeText, table } from './text-table.ts';

const nothing: Usage = { bytes: 0, messages: 0 };

interface Options {
  readonly config?: string;
}

export function register(program: Command): void {
  const mailbox = program.command('mailbox').description('the mailboxes of this host');
  const commands = [
    mailbox
      .command('list')
      .description('list the mailboxes that are there, also those of users who are gone')
      .argument('[domain]', 'only those of this domain')
      .option('--json', 'print one line of JSON for each')
      .action(list),
    mailbox
      .command('show')
      .description('print where the mailbox of a user is, and what is in it')
      .argument('<address>', 'an address or alias')
      .option('--json', 'print JSON')
      .action(show),
    mailbox
      .command('create')
      .description('make the mailbox of a user, which the first delivery would make')
      .argument('<address>')
      .action(create),
    mailbox
      .command('remove')
      .description('remove a mailbox with all of its mail; its user stays')
      .argument('<address>', 'of the user, or as "sluice mailbox list" prints it')
      .option('--yes', 'do not ask')
      .action(remove),
    mailbox
      .command('rename')
      .description('move a mailbox to where that of another address is')
      .argument('<address>', 'as "sluice mailbox list" prints it')
      .argument('<new>', 'of a user')
      .action(rename),
  ];
  for (const command of commands) command.addOption(configOption());
}

async function list(
  domain: string | undefined,
  options: Options & { readonly json?: boolean },
): Promise<void> {
  const config = readConfig(options.config);
  const wanted = domain === undefined ? '' : accountKey(`@${domain}`);
  const users = config.directory.some(isOwnDirectory)
    ? await ownDirectory(options).read((records) =>
        [...records.users()].map((record) => accountOf(record).user),
      )
    : [];
  const known = new Map(users.map((user) => [user.address, user]));
  const rows: string[][] = [];
  const tell = async (address: string, path: string): Promise<void> => {
    if (wanted !== '' && !address.endsWith(wanted)) return;
    const usage = await countMailbox(path).catch(mailboxFailed(path));
    const isUser = known.has(address);
    if (options.json === true)
      process.stdout.write(`${JSON.stringify({ address, path, ...usage, isUser })}\n`);
    else
      rows.push([
        address,
        String(usage?.messages ?? 0),
        sizeText(usage?.bytes ?? 0),
        isUser || users.length === 0 ? path : `${path} (no user)`,
      ]);
  };
  for await (const { address, path } of foundMailboxes(config.mailboxes.path)) await tell(address, path);
  for (const user of users) {
    const place = user.mailbox === undefined ? undefined : placeOf(config.mailboxes, user);
    if (place?.kind === 'place' && (await isThere(place.path))) await tell(user.address, place.path);
  }
  if (options.json !== true && rows.length > 0)
    process.stdout.write(table(['mailbox', 'messages', 'size', 'folder'], rows));
}

async function show(address: string, options: Options & { readonly json?: boolean }): Promise<void> {
  const { user, place, limits } = await mailboxOfAddress(readConfig(options.config), options.config, address);
  const usage = await countMailbox(place.path).catch(mailboxFailed(place.path));
  if (options.json === true) {
    process.stdout.write(
      `${JSON.stringify({ address: user.address, path: place.path, ...usage, quota: limits })}\n`,
    );
    return;
  }
  const used = usage ?? { bytes: 0, messages: 0 };
  const rows: readonly (readonly [string, string])[] = [
    ['user', user.address],
    ['mailbox', usage === undefined ? `${place.path} (made at the first delivery)` : place.path],
    ['messages', String(used.messages)],
    ['size', sizeText(used.bytes)],
    ['quota', quotaText(limits, Math.floor(percentUsed(limits, used)))],
  ];
  for (const [name, value] of rows) process.stdout.write(`${name.padEnd(10)}${value}\n`);
}

function quotaText({ bytes, messages }: QuotaLimits, percent: number): string {
  const parts = [
    ...(bytes === undefined ? [] : [sizeText(bytes)]),
    ...(messages === undefined ? [] : [`${messages} messages`]),
  ];
  return parts.length === 0 ? 'none' : `${parts.join(' and ')}, ${percent} % used`;
}

async function create(address: string, options: Options): Promise<void> {
  const { user, place } = await mailboxOfAddress(readConfig(options.config), options.config, address);
  if (await isThere(place.path).catch(mailboxFailed(place.path))) {
    process.stderr.write(`The mailbox of ${user.address} is there: ${place.path}\n`);
    return;
  }
  await createMailbox(place).catch(mailboxFailed(place.path));
  process.stderr.write(`The mailbox of ${user.address} was made: ${place.path}\n`);
}

async function remove(address: string, options: Options & { readonly yes?: boolean }): Promise<void> {
  const { path, user } = await mailboxAt(address, options);
  const usage = await countMailbox(path).catch(mailboxFailed(path));
  if (usage === undefined) throw nothingThere(address, path);
  const what = `${path} with ${usage.messages} messages (${sizeText(usage.bytes)})`;
  if (options.yes !== true && !(await confirm(`Remove ${what}?`)))
    throw new CommandError(exitCodes.cancelled, 'MAILBOX_KEPT', 'Nothing was removed.');
  await removeMailbox(path).catch(mailboxFailed(path));
  await mailWent(readConfig(options.config), user, usage);
  process.stderr.write(`Removed: ${what}\n`);
}

async function rename(address: string, next: string, options: Options): Promise<void> {
  const config = readConfig(options.config);
  const { path: from, user: before } = await mailboxAt(address, options);
  const { place, user } = await mailboxOfAddress(config, options.config, next);
  if (!(await isThere(from).catch(mailboxFailed(from)))) throw nothingThere(address, from);
  await moveMailbox(from, place).catch(mailboxFailed(place.path));
  const usage = (await countMailbox(place.path).catch(mailboxFailed(place.path))) ?? nothing;
  await mailWent(config, before, usage);
  await mailCame(config, user, usage);
  process.stderr.write(`The mailbox ${from} is that of ${user.address} now: ${place.path}\n`);
}

/** Of a user, or by the path of [mailboxes] where nobody has the address any more. */
async function mailboxAt(
  address: string,
  options: Options,
): Promise<{ readonly path: string; readonly user: MailboxUser }> {
  const config = readConfig(options.config);
  try {
    const { place, user } = await mailboxOfAddress(config, options.config, address);
    return { path: place.path, user };
  } catch (error) {
    if (!(error instanceof CommandError) || error.code !== 'MAILBOX_USER') throw error;
    const user = { address: accountKey(address) };
    const place = placeOf(config.mailboxes, user);
    if (place.kind === 'fault') throw error;
    return { path: place.path, user };
  }
}

function nothingThere(address: string, path: string): CommandError {
  return new CommandError(exitCodes.failed, 'MAILBOX_MISSING', `${address} has no mailbox at ${path}.`);
}
