// `sluice domain`: the domains of Sluice's own directory, and the quotas of their mailboxes.

import { type Command, Option } from 'commander';
import type { Config } from '../config/config.ts';
import { accountKey } from '../directory/account-key.ts';
import { addDomain, changeDomain, type DomainQuotaChange, removeDomain } from '../directory/edit/changes.ts';
import { DirectoryError } from '../directory/edit/directory-error.ts';
import { type DomainRecord, quotaOfDomain } from '../directory/record.ts';
import { percentUsed } from '../mailbox/quota/maildirsize.ts';
import { domainLimits } from '../values/shared-quotas.ts';
import { readConfig } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { type DirectoryOptions, directoryOptions, ownDirectory } from './own-directory.ts';
import { messagesOf, quotaOf, quotaText } from './quota-option.ts';
import { usageOfShared } from './shared-quotas.ts';
import { bytes as sizeText } from './text-table.ts';

interface QuotaOptions extends DirectoryOptions {
  readonly quota?: string | false;
  readonly quotaMessages?: string | false;
}

type ListOptions = DirectoryOptions & { readonly json?: boolean };

export function register(program: Command): void {
  const domain = program.command('domain').description("the domains of Sluice's own directory");
  const quotas = (): readonly Option[] => [
    new Option(
      '--quota <size>',
      'how much mail there may be in all of its mailboxes together, such as 100GiB',
    ),
    new Option('--quota-messages <number>', 'how many messages there may be in them'),
  ];
  const add = domain
    .command('add')
    .description('add a domain')
    .argument('<domain>', 'such as example.com')
    .action(addOne);
  const set = domain
    .command('set')
    .description('change the quota of a domain')
    .argument('<domain>')
    .action(change);
  for (const command of [add, set]) for (const option of quotas()) command.addOption(option);
  // Behind the options that they take back: else these would be there without being given.
  set
    .option('--no-quota', 'the domain_quota of [mailboxes] holds')
    .option('--no-quota-messages', 'the domain_quota_messages of [mailboxes] holds');
  const list = domain
    .command('list')
    .description('list the domains, each with the number of its users, and its quota if it has one')
    .option('--json', 'print one line of JSON for each domain')
    .action(listAll);
  const show = domain
    .command('show')
    .description('print what is known of a domain, and how full its mailboxes are')
    .argument('<domain>')
    .option('--json', 'print JSON')
    .action(showOne);
  const remove = domain
    .command('remove')
    .description('remove a domain that has no users')
    .argument('<domain>')
    .action(async (name: string, options: DirectoryOptions) => {
      await ownDirectory(options).edit((records) => removeDomain(records, name));
      process.stdout.write(`The domain ${name} was removed.\n`);
    });
  for (const command of [add, set, list, show, remove])
    for (const option of directoryOptions()) command.addOption(option);
}

async function addOne(name: string, options: QuotaOptions): Promise<void> {
  const quota = changeOf(options);
  await ownDirectory(options).edit((records) => addDomain(records, name, quota));
  process.stdout.write(`The domain ${name} was added.\n`);
}

async function change(name: string, options: QuotaOptions): Promise<void> {
  const quota = changeOf(options);
  if (Object.keys(quota).length === 0)
    throw new CommandError(
      exitCodes.usage,
      'DIRECTORY_RECORD',
      'There is nothing to change.',
      '"sluice domain set --help" shows what can be changed.',
    );
  const { record, isChanged } = await ownDirectory(options).edit((records) =>
    changeDomain(records, name, quota),
  );
  process.stdout.write(`The domain ${record.domain} ${isChanged ? 'was changed' : 'is so already'}.\n`);
}

function changeOf({ quota, quotaMessages }: QuotaOptions): DomainQuotaChange {
  return {
    ...(quota !== undefined && { bytes: quota === false ? null : quotaOf(quota) }),
    ...(quotaMessages !== undefined && {
      messages: quotaMessages === false ? null : messagesOf(quotaMessages),
    }),
  };
}

interface Listed {
  readonly record: DomainRecord;
  readonly users: number;
}

async function listAll(options: ListOptions): Promise<void> {
  const found = await ownDirectory(options).read((records) =>
    records.domains().map((record): Listed => ({ record, users: [...records.users(record.domain)].length })),
  );
  for (const { record, users } of found) {
    const quota = quotaOfDomain(record);
    const facts = { domain: record.domain, users, ...(quota !== undefined && { quota }) };
    const words = [record.domain, String(users), ...(quota === undefined ? [] : [quotaText(quota)])];
    process.stdout.write(options.json === true ? `${JSON.stringify(facts)}\n` : `${words.join('\t')}\n`);
  }
}

async function showOne(name: string, options: ListOptions): Promise<void> {
  const key = accountKey(`@${name}`).slice(1);
  const { record, users } = await ownDirectory(options).read((records): Listed => {
    const known = records.domain(key);
    if (known !== undefined) return { record: known, users: [...records.users(key)].length };
    throw new DirectoryError(
      'DIRECTORY_DOMAIN',
      `There is no domain ${key} in the directory.`,
      '"sluice domain list" shows those that there are.',
    );
  });
  const config = readConfig(options.config);
  const limits = domainLimits(config.mailboxes.shared, quotaOfDomain(record));
  const usage = await usageIn(config, key, limits);
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ domain: key, users, quota: limits, ...usage })}\n`);
    return;
  }
  const rows: (readonly [string, string])[] = [
    ['domain', key],
    ['users', String(users)],
    ['quota', quotaText(limits) || 'none'],
  ];
  if (usage !== undefined)
    rows.push(
      ['size', sizeText(usage.bytes)],
      ['messages', String(usage.messages)],
      ['used', `${Math.floor(percentUsed(limits, usage))} %`],
    );
  for (const [title, value] of rows) process.stdout.write(`${title.padEnd(10)}${value}\n`);
}

/** Undefined where nothing counts: without a quota, or without mailboxes. */
async function usageIn(config: Config, name: string, limits: ReturnType<typeof domainLimits>) {
  const isCounted = Object.keys(limits).length > 0 && config.route.some(({ kind }) => kind === 'mailbox');
  return isCounted ? usageOfShared(config, { kind: 'domain', name, limits }) : undefined;
}
