// `sluice user test`: what the running Sluice knows of a user, from all of its sources, and whether a password is right.

import type { Command } from 'commander';
import type { LoginAnswer } from '../directory/types.ts';
import { askPassword } from './ask-password.ts';
import { configOption, readPlaces } from './config-file.ts';
import { directoryFailing } from './directory-failing.ts';
import { exitCodes } from './exit-codes.ts';
import { age } from './text-table.ts';
import { ask } from './until-reachable.ts';
import { factsText } from './user-text.ts';

interface TestOptions {
  readonly config?: string;
  /** False with --no-password. */
  readonly password: boolean;
}

/** Adds the command below `sluice user`. */
export function registerTest(user: Command): void {
  user
    .command('test')
    .description('ask the running Sluice about a user and a password; exits with 1 when one is wrong')
    .argument('<login>', 'as a client would log in')
    .option('--no-password', 'tell only what is known of the user')
    .addOption(configOption())
    .action(test);
}

async function test(login: string, options: TestOptions): Promise<void> {
  const places = readPlaces(options.config);
  if (!options.password) {
    const found = await ask(places, { operation: 'user.find', address: login });
    if (found.kind === 'failing') throw directoryFailing(found);
    if (found.kind === 'user') process.stdout.write(factsText(found.user));
    else wrong(`There is no user with the address ${login}.`);
    return;
  }
  const password = await askPassword(login, 'once');
  // As a client on this host that is encrypted.
  const question = { login, password, client: '127.0.0.1', isEncrypted: true };
  print(await ask(places, { operation: 'user.check', ...question }));
}

function print(answer: LoginAnswer): void {
  switch (answer.kind) {
    case 'right': {
      const which = answer.application === undefined ? '' : ` It is the one for ${answer.application}.`;
      process.stdout.write(`The password is right.${which}\n${factsText(answer.user)}`);
      return;
    }
    case 'wrong':
      wrong(`The log-in is refused: ${answer.reason}.`);
      return;
    case 'banned':
      wrong(
        `The password was not checked: too many log-ins of ${answer.ban.target} have failed, and it is banned for ${age(answer.ban.remainingMs)}. "sluice bans lift ${answer.ban.target}" ends that.`,
      );
      return;
    case 'failing':
      throw directoryFailing(answer);
  }
}

function wrong(text: string): void {
  process.stdout.write(`${text}\n`);
  process.exitCode = exitCodes.failed;
}
