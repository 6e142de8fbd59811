// `sluice forward`: where the mail of users of Sluice's own directory is forwarded. What it changes is in force some seconds later, without a reload.

import type { Command } from 'commander';
import { existing } from '../directory/edit/changes.ts';
import { setForward } from '../directory/edit/change-mail.ts';
import { accountKey } from '../directory/account-key.ts';
import type { UserRecord } from '../directory/record.ts';
import { exitCodes } from './exit-codes.ts';
import { type DirectoryOptions, directoryOptions, ownDirectory } from './own-directory.ts';

interface JsonOption {
  readonly json?: boolean;
}

export function register(program: Command): void {
  const forward = program
    .command('forward')
    .description("where the mail of users of Sluice's own directory is forwarded");
  const commands = [
    forward
      .command('list')
      .description('list the users whose mail is forwarded')
      .argument('[domain]', 'only users of this domain')
      .option('--json', 'print one line of JSON for each user')
      .action(list),
    forward
      .command('show')
      .description('print where the mail of a user is forwarded; exits with 1 when it is not')
      .argument('<address>', 'an address or alias')
      .option('--json', 'print JSON')
      .action(show),
    forward
      .command('set')
      .description('have the mail of a user forwarded, to these addresses in place of those of before')
      .argument('<address>', 'an address or alias of the user')
      .argument('<to...>', 'where it goes')
      .option('--keep-copy', 'it is put into the mailbox, too')
      .action(set),
    forward
      .command('remove')
      .description('forward the mail of a user no more')
      .argument('<address>', 'an address or alias of the user')
      .action(remove),
  ];
  for (const command of commands) for (const option of directoryOptions()) command.addOption(option);
}

async function list(domain: string | undefined, options: DirectoryOptions & JsonOption): Promise<void> {
  const key = domain === undefined ? undefined : accountKey(`@${domain}`).slice(1);
  const users = await ownDirectory(options).read((records) => [...records.users(key)]);
  for (const user of users) if (user.forward !== undefined) print(user, options);
}

async function show(address: string, options: DirectoryOptions & JsonOption): Promise<void> {
  const user = await ownDirectory(options).read((records) => existing(records, address));
  if (user.forward !== undefined) {
    print(user, options);
    return;
  }
  process.stderr.write(`The mail of ${user.user} is not forwarded.\n`);
  process.exitCode = exitCodes.failed;
}

async function set(
  address: string,
  to: readonly string[],
  options: DirectoryOptions & { readonly keepCopy?: boolean },
): Promise<void> {
  const { keepCopy = false } = options;
  const user = await ownDirectory(options).edit((records) => setForward(records, address, to, keepCopy));
  print(user, {});
}

async function remove(address: string, options: DirectoryOptions): Promise<void> {
  const user = await ownDirectory(options).edit((records) => setForward(records, address, [], false));
  process.stderr.write(`The mail of ${user.user} is forwarded no more.\n`);
}

function print({ user, forward = [], keep_copy: keepCopy = false }: UserRecord, { json }: JsonOption): void {
  const text =
    json === true
      ? JSON.stringify({ user, forward, keepCopy })
      : `${user} is forwarded to ${forward.join(', ')}${keepCopy ? ', and kept' : ''}`;
  process.stdout.write(`${text}\n`);
}
