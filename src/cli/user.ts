// `sluice user`: the users of Sluice's own directory, and their passwords. What they change is in force some seconds later, without a reload.

import { type Command, Option } from 'commander';
import {
  addUser,
  existing,
  newUser,
  removeApplicationPassword,
  removeUser,
  renameUser,
  setApplicationPassword,
  setPassword,
} from '../directory/edit/changes.ts';
import type { EditableRecords } from '../directory/edit/editable.ts';
import { accountKey } from '../directory/account-key.ts';
import type { UserRecord } from '../directory/record.ts';
import { generatePassword } from '../password/new-password.ts';
import { askPassword } from './ask-password.ts';
import { readConfig } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { type DirectoryOptions, directoryOptions, ownDirectory } from './own-directory.ts';
import { messagesOf, quotaOf } from './quota-option.ts';
import { registerSet } from './user-set.ts';
import { registerTest } from './user-test.ts';
import {
  mailOfRemoved,
  mailOfRenamed,
  refuseWithoutMailbox,
  removedMailOption,
  type RemovedMailOptions,
  renamedMailOption,
  type RenamedMailOptions,
  tellOfFoundMail,
} from './user-mail.ts';
import { goOnWith, referencesTo } from './user-references.ts';
import { userText } from './user-text.ts';

interface AddOptions extends DirectoryOptions {
  readonly alias?: readonly string[];
  readonly sender?: readonly string[];
  readonly mailbox?: string;
  readonly quota?: string;
  readonly quotaMessages?: string;
  readonly generate?: boolean;
  /** False with --no-password. */
  readonly password: boolean;
}

interface PasswordOptions extends DirectoryOptions {
  readonly generate?: boolean;
  readonly application?: string;
  readonly remove?: boolean;
}

function generateOption(): Option {
  return new Option('--generate', 'make a password, and print it');
}

export function register(program: Command): void {
  const user = program
    .command('user')
    .description("the users of Sluice's own directory, and their passwords");
  const commands = [
    user
      .command('add')
      .description('add a user; asks for the password, or reads it from standard input')
      .argument('<address>', 'such as joe@example.com')
      .option('--alias <address...>', 'further addresses of the user')
      .option(
        '--sender <address...>',
        'addresses the user may send from beside these; "@example.net" for a domain',
      )
      .option('--mailbox <place>', "where the user's mail is kept")
      .option('--quota <size>', 'how much mail there may be, such as 1GiB')
      .option('--quota-messages <number>', 'how many messages there may be')
      .addOption(generateOption())
      .option('--no-password', 'the user has no password yet, and cannot log in')
      .action(add),
    registerSet(user),
    user
      .command('passwd')
      .description('change the password of a user, or make an application password')
      .argument('<address>')
      .addOption(generateOption())
      .option('--application <name>', 'make and print a password for one application or device of the user')
      .option('--remove', 'remove the application password')
      .action(passwd),
    user
      .command('list')
      .description('list the users')
      .argument('[domain]', 'only users of this domain')
      .option('--json', 'print one line of JSON for each user, without passwords')
      .action(list),
    user
      .command('show')
      .description('print what is known of a user')
      .argument('<address>', 'an address or alias')
      .option('--json', 'print JSON, without passwords')
      .action(show),
    user
      .command('remove')
      .description('remove a user, and the mail if that is wanted')
      .argument('<address>')
      .addOption(removedMailOption())
      .action(remove),
    user
      .command('rename')
      .description('give a user another address')
      .argument('<address>')
      .argument('<new>')
      .addOption(renamedMailOption())
      .action(rename),
  ];
  registerTest(user);
  for (const command of commands) for (const option of directoryOptions()) command.addOption(option);
}

async function add(address: string, options: AddOptions): Promise<void> {
  const { alias, sender, mailbox, quota, quotaMessages } = options;
  const record: UserRecord = {
    user: address,
    ...(alias !== undefined && { aliases: [...alias] }),
    ...(sender !== undefined && { senders: [...sender] }),
    ...(mailbox !== undefined && { mailbox }),
    ...(quota !== undefined && { quota: quotaOf(quota) }),
    ...(quotaMessages !== undefined && { quota_messages: messagesOf(quotaMessages) }),
  };
  const config = readConfig(options.config);
  refuseWithoutMailbox(config, record);
  const directory = ownDirectory(options);
  // What is wrong with the rest is told before anybody types a password.
  await directory.read((records) => newUser(records, record));
  const { generate = false, password: isWanted } = options;
  const password = !isWanted ? undefined : generate ? generatePassword() : await askPassword(address);
  await directory.edit((records) => {
    addUser(records, record);
    if (password !== undefined) setPassword(records, address, password);
  });
  if (password !== undefined && generate) process.stdout.write(`${password}\n`);
  process.stderr.write(`The user ${address} was added.\n`);
  await tellOfFoundMail(config, record);
}

async function passwd(address: string, options: PasswordOptions): Promise<void> {
  const { application, generate = false, remove: isRemoved = false } = options;
  if (isRemoved && application === undefined)
    throw new CommandError(
      exitCodes.usage,
      'DIRECTORY_APPLICATION',
      '--remove removes an application password, and none was named.',
      'Add --application with its name. To keep a user from logging in, give a new password with --generate.',
    );
  const directory = ownDirectory(options);
  if (application !== undefined && isRemoved) {
    await directory.edit((records) => removeApplicationPassword(records, address, application));
    process.stderr.write(`The password of ${address} for ${application} was removed.\n`);
    return;
  }
  await directory.read((records) => existing(records, address));
  const isGenerated = generate || application !== undefined;
  const password = isGenerated ? generatePassword() : await askPassword(address);
  await directory.edit((records) =>
    application === undefined
      ? setPassword(records, address, password)
      : setApplicationPassword(records, address, application, password),
  );
  if (isGenerated) process.stdout.write(`${password}\n`);
  const which = application === undefined ? '' : ` for ${application}`;
  process.stderr.write(`The password of ${address}${which} was changed.\n`);
}

async function list(
  domain: string | undefined,
  options: DirectoryOptions & { readonly json?: boolean },
): Promise<void> {
  const key = domain === undefined ? undefined : accountKey(`@${domain}`).slice(1);
  const users = await ownDirectory(options).read((records) => [...records.users(key)]);
  for (const each of users)
    process.stdout.write(
      options.json === true ? `${JSON.stringify(withoutSecrets(each))}\n` : `${each.user}\n`,
    );
}

async function show(address: string, options: DirectoryOptions & { readonly json?: boolean }): Promise<void> {
  const record = await ownDirectory(options).read((records) => existing(records, address));
  process.stdout.write(
    options.json === true ? `${JSON.stringify(withoutSecrets(record))}\n` : userText(record),
  );
}

async function remove(address: string, options: DirectoryOptions & RemovedMailOptions): Promise<void> {
  const directory = ownDirectory(options);
  const { record, users } = await directory.read(withOthers(address));
  const config = readConfig(options.config);
  const named = await referencesTo(config, users, record, [record.user, ...(record.aliases ?? [])]);
  await goOnWith(named, `Remove ${record.user}`);
  const then = await mailOfRemoved(config, record, options);
  await directory.edit((records) => removeUser(records, address));
  process.stderr.write(`The user ${address} was removed.\n`);
  await then();
}

async function rename(
  address: string,
  next: string,
  options: DirectoryOptions & RenamedMailOptions,
): Promise<void> {
  const directory = ownDirectory(options);
  const { record, users } = await directory.read(withOthers(address));
  const config = readConfig(options.config);
  refuseWithoutMailbox(config, { ...record, user: next });
  await goOnWith(await referencesTo(config, users, record, [record.user]), `Rename ${record.user}`);
  const then = await mailOfRenamed(config, record, next, options);
  await directory.edit((records) => renameUser(records, address, next));
  process.stderr.write(`The user ${address} is ${next} now.\n`);
  await then();
}

/** A user, and all of the directory. */
function withOthers(address: string) {
  return (records: EditableRecords) => ({ record: existing(records, address), users: [...records.users()] });
}

function withoutSecrets({ password, scram, applications = [], ...rest }: UserRecord) {
  return {
    ...rest,
    hasPassword: password !== undefined,
    hasScram: scram !== undefined,
    applications: applications.map(({ name }) => name),
  };
}
