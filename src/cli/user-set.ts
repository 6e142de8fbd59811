// `sluice user set`: changes what is known of a user of Sluice's own directory, beside the address and the passwords.

import type { Command } from 'commander';
import { changeUser, type ListChange, type UserChange } from '../directory/edit/change-user.ts';
import { readConfig } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { type DirectoryOptions, ownDirectory } from './own-directory.ts';
import { messagesOf, quotaOf } from './quota-option.ts';
import { refuseWithoutMailbox } from './user-mail.ts';
import { userText } from './user-text.ts';

/** False: with --no-alias and so on. */
interface SetOptions extends DirectoryOptions {
  readonly alias?: readonly string[] | false;
  readonly addAlias?: readonly string[];
  readonly removeAlias?: readonly string[];
  readonly sender?: readonly string[] | false;
  readonly addSender?: readonly string[];
  readonly removeSender?: readonly string[];
  readonly mailbox?: string | false;
  readonly quota?: string | false;
  readonly quotaMessages?: string | false;
  readonly disable?: boolean;
  readonly enable?: boolean;
}

/** Adds the command below `sluice user`. */
export function registerSet(user: Command): Command {
  return user
    .command('set')
    .description('change what is known of a user; what no option names stays as it is')
    .argument('<address>', 'an address or alias')
    .option('--alias <address...>', 'the further addresses of the user, in place of those of before')
    .option('--no-alias', 'no further addresses')
    .option('--add-alias <address...>', 'further addresses, beside those of before')
    .option('--remove-alias <address...>', 'addresses that do not belong to the user any more')
    .option(
      '--sender <address...>',
      'addresses the user may send from beside these, in place of those of before; "@example.net" for a domain',
    )
    .option('--no-sender', 'the user may send from the own addresses only')
    .option('--add-sender <address...>', 'more addresses the user may send from')
    .option('--remove-sender <address...>', 'addresses the user may not send from any more')
    .option('--mailbox <place>', "where the user's mail is kept")
    .option('--no-mailbox', 'no place of its own')
    .option('--quota <size>', 'how much mail there may be, such as 1GiB')
    .option('--quota-messages <number>', 'how many messages there may be')
    .option('--no-quota-messages', 'the quota_messages of [mailboxes] holds')
    .option('--no-quota', 'the quota of [mailboxes] holds')
    .option('--disable', 'nobody may log in as this user, whatever the password')
    .option('--enable', 'the user may log in again')
    .action(set);
}

async function set(address: string, options: SetOptions): Promise<void> {
  const change = changeOf(options);
  const config = readConfig(options.config);
  const { record, isChanged } = await ownDirectory(options).edit((records) => {
    const changed = changeUser(records, address, change);
    if (change.mailbox !== undefined) refuseWithoutMailbox(config, changed.record);
    return changed;
  });
  process.stdout.write(userText(record));
  const what = isChanged ? 'was changed' : 'was like this before';
  process.stderr.write(`The user ${record.user} ${what}.\n`);
}

function changeOf(options: SetOptions): UserChange {
  const { alias, addAlias, removeAlias, sender, addSender, removeSender, mailbox, disable, enable } = options;
  const { quota, quotaMessages } = options;
  if (disable === true && enable === true) throw usage('--disable and --enable exclude each other.');
  const change = {
    ...listOf('aliases', alias, addAlias, removeAlias),
    ...listOf('senders', sender, addSender, removeSender),
    ...(mailbox !== undefined && { mailbox: mailbox === false ? null : mailbox }),
    ...(quota !== undefined && { quota: quota === false ? null : quotaOf(quota) }),
    ...(quotaMessages !== undefined && {
      messages: quotaMessages === false ? null : messagesOf(quotaMessages),
    }),
    ...((disable ?? enable) === true && { disabled: disable === true }),
  };
  if (Object.keys(change).length === 0)
    throw usage('There is nothing to change.', '"sluice user set --help" shows what can be changed.');
  return change;
}

function listOf<Name extends 'aliases' | 'senders'>(
  name: Name,
  only: readonly string[] | false | undefined,
  add: readonly string[] | undefined,
  remove: readonly string[] | undefined,
): Partial<Record<Name, ListChange>> {
  if (only === undefined && add === undefined && remove === undefined) return {};
  const change: ListChange = { only: only === false ? [] : only, add, remove };
  return { [name]: change } as Partial<Record<Name, ListChange>>;
}

function usage(problem: string, advice?: string): CommandError {
  return new CommandError(exitCodes.usage, 'DIRECTORY_RECORD', problem, advice);
}
