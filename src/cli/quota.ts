// `sluice quota`: how full the mailboxes of this host are.

import { type Command, Option } from 'commander';
import { accountKey } from '../directory/account-key.ts';
import { accountOf } from '../directory/record.ts';
import type { User } from '../directory/types.ts';
import { giveToOwnerOf, isThere } from '../mailbox/mailbox-changes.ts';
import { foundMailboxes } from '../mailbox/found-mailboxes.ts';
import { placeOf } from '../mailbox/mailbox-place.ts';
import { isLimited } from '../mailbox/quota/limits.ts';
import { countMailbox, maildirsizePath, recount, usageOf } from '../mailbox/quota/mailbox-usage.ts';
import { percentUsed, type Usage } from '../mailbox/quota/maildirsize.ts';
import type { QuotaLimits, SharedQuota } from '../values/shared-quotas.ts';
import type { Config } from '../config/config.ts';
import { configOption, readConfig } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { withDomainQuotas } from './domain-quotas.ts';
import { mailboxFailed } from './mailbox-failed.ts';
import { mailboxOfAddress, mailboxOfUser, type UserMailbox } from './mailbox-of.ts';
import { isOwnDirectory } from '../config/directory-config.ts';
import { ownDirectory } from './own-directory.ts';
import { namedQuota, quotasSharedBy, recountShared, usageOfShared } from './shared-quotas.ts';
import { bytes as sizeText, table } from './text-table.ts';

interface Options {
  readonly config?: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  const quota = program.command('quota').description('how full the mailboxes of this host are');
  const json = (): Option => new Option('--json', 'print one line of JSON for each mailbox');
  const commands = [
    quota
      .command('list')
      .description('list the mailboxes, domains and tenants with a quota, the fullest first')
      .argument('[domain]', 'only those of this domain')
      .option('--over <percent>', 'only those of which so much is used')
      .addOption(json())
      .action(list),
    quota
      .command('show')
      .description('print how full a mailbox is, or all mailboxes of a domain or tenant')
      .argument('<name>', 'an address or alias, a domain, or tenant:NAME')
      .addOption(json())
      .action(show),
    quota
      .command('recount')
      .description('count what is in mailboxes, in place of what the files with the counts say')
      .argument('[names...]', 'addresses of users, domains, or tenant:NAME; all when not given')
      .addOption(json())
      .action(recountAll),
  ];
  for (const command of commands) command.addOption(configOption());
}

interface Row {
  readonly name: string;
  /** What tells it in JSON. */
  readonly key: Readonly<Record<string, string>>;
  readonly limits: QuotaLimits;
  readonly usage: Usage;
  readonly percent: number;
}

async function list(
  domain: string | undefined,
  options: Options & { readonly over?: string },
): Promise<void> {
  const over = percentOf(options.over);
  const wanted = domain === undefined ? '' : accountKey(`@${domain}`);
  const config = readConfig(options.config);
  const all = (await knownMailboxes(config, options)).filter(({ user }) => user.address.endsWith(wanted));
  const rows: Row[] = [];
  for (const mailbox of all) if (isLimited(mailbox.limits)) rows.push(await rowOf(mailbox, usageOfMailbox));
  for (const quota of sharedBy(config, all)) rows.push(sharedRow(quota, await usageOfShared(config, quota)));
  print(
    rows.filter(({ percent }) => percent >= over).toSorted((one, other) => other.percent - one.percent),
    options,
  );
}

async function show(name: string, options: Options): Promise<void> {
  const config = readConfig(options.config);
  const quota = await namedQuota(config, name);
  if (quota !== undefined) {
    print([sharedRow(quota, await usageOfShared(config, quota))], options);
    return;
  }
  const mailbox = await mailboxOfAddress(config, options.config, name);
  print([await rowOf(mailbox, usageOfMailbox)], options);
}

async function recountAll(names: readonly string[], options: Options): Promise<void> {
  const config = readConfig(options.config);
  const mailboxes: UserMailbox[] = names.length === 0 ? await knownMailboxes(config, options) : [];
  const quotas: SharedQuota[] = [...sharedBy(config, mailboxes)];
  for (const name of names) {
    const quota = await namedQuota(config, name);
    if (quota === undefined) mailboxes.push(await mailboxOfAddress(config, options.config, name));
    else quotas.push(quota);
  }
  const rows: Row[] = [];
  for (const mailbox of mailboxes) {
    if (!isLimited(mailbox.limits)) continue;
    rows.push(
      await rowOf(mailbox, async ({ place, limits }) => {
        const usage = await recount(place.path, limits, Date.now());
        await giveToOwner(place.path);
        return usage;
      }),
    );
  }
  for (const quota of quotas) rows.push(sharedRow(quota, await recountShared(config, quota)));
  print(rows, options);
}

function sharedBy(config: Config, mailboxes: readonly UserMailbox[]): readonly SharedQuota[] {
  return quotasSharedBy(
    config,
    mailboxes.map(({ user }) => user),
  );
}

/** Users of Sluice's own directory, and whoever has a mailbox by the path of [mailboxes]. */
async function knownMailboxes(config: Config, options: Options): Promise<UserMailbox[]> {
  const users = new Map<string, User>();
  for await (const { address } of foundMailboxes(config.mailboxes.path))
    users.set(address, { address, aliases: [], senders: [] });
  if (config.directory.some(isOwnDirectory)) {
    const own = await ownDirectory(options).read((records) =>
      [...records.users()].map((record) => accountOf(record).user),
    );
    for (const user of own) users.set(user.address, user);
  }
  const found: UserMailbox[] = [];
  for (const user of await withDomainQuotas(config, [...users.values()])) {
    // One who can have none is told of by "sluice mailbox show".
    if (placeOf(config.mailboxes, user).kind === 'fault') continue;
    const mailbox = mailboxOfUser(config, user);
    if (await isThere(mailbox.place.path).catch(mailboxFailed(mailbox.place.path))) found.push(mailbox);
  }
  return found;
}

async function usageOfMailbox({ place, limits }: UserMailbox): Promise<Usage> {
  if (!isLimited(limits)) return (await countMailbox(place.path)) ?? { bytes: 0, messages: 0 };
  const usage = await usageOf(place.path, limits, { bytes: 0, messages: 0 }, Date.now());
  await giveToOwner(place.path);
  return usage;
}

async function rowOf(mailbox: UserMailbox, count: (mailbox: UserMailbox) => Promise<Usage>): Promise<Row> {
  const usage = await count(mailbox).catch(mailboxFailed(mailbox.place.path));
  const { address } = mailbox.user;
  return row(address, { address }, mailbox.limits, usage);
}

function sharedRow({ kind, name, limits }: SharedQuota, usage: Usage): Row {
  return row(`${kind} ${name}`, { [kind]: name }, limits, usage);
}

function row(name: string, key: Row['key'], limits: QuotaLimits, usage: Usage): Row {
  return { name, key, limits, usage, percent: Math.floor(percentUsed(limits, usage)) };
}

/** What root has made, the sender processes must be able to write. */
async function giveToOwner(path: string): Promise<void> {
  const file = maildirsizePath(path);
  if (await isThere(file)) await giveToOwnerOf(path, file);
}

function print(rows: readonly Row[], { json = false }: Options): void {
  if (json) {
    for (const { key, limits, usage, percent } of rows) {
      const { bytes, messages } = usage;
      const facts = { ...key, bytes, messages, quota: limits, percent };
      process.stdout.write(`${JSON.stringify(facts)}\n`);
    }
    return;
  }
  if (rows.length === 0) return;
  const cells = rows.map(({ name, limits, usage, percent }) => [
    name,
    `${percent} %`,
    sizeText(usage.bytes),
    limits.bytes === undefined ? '-' : sizeText(limits.bytes),
    String(usage.messages),
    limits.messages === undefined ? '-' : String(limits.messages),
  ]);
  process.stdout.write(table(['mailbox', 'used', 'size', 'quota', 'messages', 'most'], cells));
}

function percentOf(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d{1,3}$/u.test(text))
    throw new CommandError(exitCodes.usage, 'VALUE_INVALID', `${JSON.stringify(text)} is no percentage.`);
  return Number(text);
}
