// `sluice passwd`: users change their own password, and prove by the old one who they are. Root and the group of full rights set that of any user
// without it.

import { accessSync, constants } from 'node:fs';
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { controlResult } from '../control/control-client.ts';
import { ControlError } from '../control/control-error.ts';
import { existing, setPassword } from '../directory/edit/changes.ts';
import type { PasswordChanged } from '../directory/password-change.ts';
import { passwordFault, passwordFaultFor } from '../directory/password-rules.ts';
import { passwordSocketOf } from '../values/control-sockets.ts';
import { askPasswords, type OldAndNew } from './ask-password.ts';
import { configOption, readPlaces } from './config-file.ts';
import { directoryFailing } from './directory-failing.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { ownDirectory } from './own-directory.ts';
import { age } from './text-table.ts';
import { ask } from './until-reachable.ts';

interface PasswdOptions {
  readonly config?: string;
}

export function register(program: Command): void {
  program
    .command('passwd')
    .description('change your own password for mail; operators set that of any user')
    .argument('[user]', 'as you log in for mail, such as joe@example.com (default: your name on this host)')
    .addOption(configOption())
    .action(passwd);
}

async function passwd(user: string | undefined, options: PasswdOptions): Promise<void> {
  const places = readPlaces(options.config);
  const right = rightAt(places.controlSocket);
  if (right === 'own') {
    const login = user ?? userInfo().username;
    const { current = '', next } = await asked(login, true);
    const question = { operation: 'password.change', login, password: current, next } as const;
    print(login, await controlResult(passwordSocketOf(places.controlSocket), question).catch(isOff));
    return;
  }
  if (user === undefined)
    throw new CommandError(
      exitCodes.usage,
      'PASSWORD_INPUT',
      'No user was named.',
      'You may set the password of any user. Name one: sluice passwd joe@example.com.',
    );
  if (right === 'any') {
    const { next } = await asked(user, false);
    print(user, await ask(places, { operation: 'password.set', login: user, next }));
    return;
  }
  const directory = ownDirectory(options);
  const record = await directory.read((records) => existing(records, user));
  const { next } = await asked(user, false);
  refuse(passwordFaultFor(next, [record.user, ...(record.aliases ?? [])]));
  await directory.edit((records) => setPassword(records, user, next));
  print(user, { kind: 'changed', user });
}

/** Passwords of any user, by the running Sluice or in the file of a Sluice that does not run; or the own one. */
function rightAt(controlSocket: string): 'any' | 'file' | 'own' {
  try {
    accessSync(controlSocket, constants.W_OK);
    return 'any';
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code !== 'ENOENT';
    return !isThere && process.getuid?.() === 0 ? 'file' : 'own';
  }
}

/** What people type, if it keeps the rules that need no question. */
async function asked(login: string, needsCurrent: boolean): Promise<OldAndNew> {
  const typed = await askPasswords(login, needsCurrent);
  refuse(passwordFault(typed.next));
  return typed;
}

/** @param fault - what is wrong with a password */
function refuse(fault: string | undefined): void {
  if (fault === undefined) return;
  throw new CommandError(
    exitCodes.usage,
    'PASSWORD_RULES',
    `The new password cannot be used: ${fault}.`,
    'Nothing was changed. Choose another one, of 8 characters or more.',
  );
}

function isOff(error: unknown): never {
  if (!(error instanceof ControlError) || error.code !== 'NOT_RUNNING') throw error;
  throw new CommandError(
    exitCodes.unavailable,
    'PASSWORD_OFF',
    'Users cannot change their passwords here, or Sluice is not running.',
    'Ask whoever looks after this server: user_passwords = true in [control] lets users do so, and root sets a password with "sluice passwd USER".',
    { cause: error },
  );
}

function print(login: string, answer: PasswordChanged): void {
  switch (answer.kind) {
    case 'changed':
      process.stderr.write(`The password of ${answer.user} was changed. It counts within some seconds.\n`);
      return;
    case 'refused':
      throw new CommandError(exitCodes.failed, answer.code, answer.message, answer.advice);
    case 'wrong':
      throw new CommandError(
        exitCodes.noPermission,
        'PASSWORD_WRONG',
        `The password of ${login} until now is not right, or there is no such user.`,
        'Nothing was changed. Each wrong one counts as a failed log-in.',
      );
    case 'banned':
      throw new CommandError(
        exitCodes.tempFail,
        'PASSWORD_BANNED',
        `Too many log-ins of ${answer.ban.target} have failed, so the password was not checked.`,
        `Try again in ${age(answer.ban.remainingMs)}.`,
      );
    case 'failing':
      throw directoryFailing(answer);
  }
}
