// `sluice init`: writes a first configuration for a purpose. Promises: nothing that exists is changed; the configuration is complete,
// or nothing is left of it; a password is in a file of its own, which nobody else may read.

import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Argument, type Command, Option } from 'commander';
import { parseConfig } from '../config/config.ts';
import { systemReason } from '../config/read/config-error.ts';
import { makeFolder } from '../io/make-folder.ts';
import { removeLeftover } from '../io/remove-file.ts';
import { addDomain } from '../directory/edit/changes.ts';
import { parseNetwork } from '../values/network.ts';
import { askPassword } from './ask-password.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { type Answers, besideFiles, type Purpose, purposes } from './init/answers.ts';
import { gatherAnswers, type Person } from './init/ask-questions.ts';
import { composeConfig } from './init/compose.ts';
import { type HostFacts, hostFacts } from './init/host-facts.ts';
import { nextSteps } from './init/next-steps.ts';
import { type Given, listOf, type QuestionName, questionNames, questions } from './init/questions.ts';
import { ownDirectory } from './own-directory.ts';

interface InitOptions extends Partial<Record<string, string>> {
  readonly config?: string;
  readonly passwordFile?: string;
  readonly spool?: string;
  readonly sockets?: string;
}

export function register(program: Command): void {
  const command = program
    .command('init')
    .description('write a first configuration for a purpose, by questions on a terminal or by options')
    .addArgument(new Argument('[purpose]', purposeHelp()).choices(Object.keys(purposes)))
    .option(
      '-c, --config <file>',
      'the file to write (default: /etc/sluice/sluice.toml for root, else ./sluice.toml)',
    );
  for (const name of questionNames) command.addOption(new Option(`--${name} <answer>`, questions[name].text));
  command
    .option(
      '--password-file <file>',
      'smarthost: a file that has the password of --login already (default: asked for, or read from standard input, and written into a file beside the configuration)',
    )
    .option('--spool <folder>', 'where mail is kept (default: /var/spool/sluice for root, else ./var/spool)')
    .option(
      '--sockets <folder>',
      'where the sockets for commands are (default: /run/sluice for root, else ./var)',
    )
    .action(async (purpose: Purpose | undefined, options: InitOptions) => init(purpose, options));
}

function purposeHelp(): string {
  return Object.entries(purposes)
    .map(([name, text]) => `${name}: ${text}`)
    .join('; ');
}

async function init(named: Purpose | undefined, options: InitOptions): Promise<void> {
  const facts = hostFacts();
  const file = resolve(options.config ?? (facts.isRoot ? '/etc/sluice/sluice.toml' : 'sluice.toml'));
  refuseExisting(file);
  const person = process.stdin.isTTY ? terminal() : undefined;
  const purpose = named ?? (await askPurpose(person));
  const given = await gatherAnswers(purpose, optionsAsGiven(options), facts, person);
  const answers = toAnswers(purpose, given, options, facts);
  const password = await passwordFor(answers);
  const text = composeConfig(answers);
  parseConfig(text, file); // a mistake of ours is told before anything is written
  const beside = (name: string): string => join(dirname(file), name);
  const files: NewFile[] = [
    ...(password === undefined
      ? []
      : [{ path: beside(besideFiles.password), text: `${password}\n`, mode: 0o600 }]),
    ...(purpose === 'mail'
      ? [{ path: beside(besideFiles.mailboxes), text: `${answers.mailboxes.join('\n')}\n`, mode: 0o644 }]
      : []),
    { path: file, text, mode: 0o644 },
  ];
  writeAll(files);
  const hasUser = answers.runAs === undefined || facts.hasUser(answers.runAs);
  const hasDirectory = purpose === 'submission' && hasUser;
  if (hasDirectory)
    for (const domain of answers.domains)
      await ownDirectory({ config: file }).edit((records) => addDomain(records, domain));
  const lines = [
    ...files.map(({ path }) => `Written: ${path}`),
    ...(hasDirectory ? [`Written: ${beside(besideFiles.users)}`] : []),
    '',
    ...nextSteps(answers, { file, hasUser, hasDirectory }),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Options of questions, by the names of the questions: commander knows `--run-as` as `runAs`. */
function optionsAsGiven(options: InitOptions): Given {
  const found: Partial<Record<QuestionName, string>> = {};
  for (const name of questionNames) {
    const value = options[name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function toAnswers(purpose: Purpose, given: Given, options: InitOptions, { isRoot }: HostFacts): Answers {
  const text = (name: QuestionName): string | undefined => (given[name] === '' ? undefined : given[name]);
  const list = (name: QuestionName): readonly string[] => listOf(given[name] ?? '');
  const { certificate, key } = given;
  return {
    purpose,
    hostname: given.hostname ?? '',
    runAs: text('run-as'),
    listen: list('listen'),
    spool: folder(options.spool) ?? (isRoot ? '/var/spool/sluice' : undefined),
    sockets: folder(options.sockets) ?? (isRoot ? '/run/sluice' : undefined),
    networks: list('network').map(parseNetwork),
    domains: list('domain'),
    smarthost: text('smarthost'),
    login: text('login'),
    passwordFile: folder(options.passwordFile),
    primary: text('primary'),
    lmtp: text('lmtp'),
    mailboxes: list('mailbox'),
    certificate:
      certificate === undefined || certificate === '' || key === undefined
        ? undefined
        : { chain: certificate, key },
  };
}

/** A path of the command line starts at the working folder, one in the file at the folder of the file. */
function folder(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}

async function askPurpose(person: Person | undefined): Promise<Purpose> {
  const names = Object.keys(purposes) as Purpose[];
  if (person === undefined) {
    throw new CommandError(
      exitCodes.usage,
      'INIT_MISSING',
      'Writing a configuration: the purpose is missing.',
      `Name one of ${names.join(', ')}; or call the command on a terminal, where it asks.`,
    );
  }
  person.say(
    `What is this server for?\n${names.map((name, at) => `  ${at + 1} ${name.padEnd(11)} ${purposes[name]}\n`).join('')}`,
  );
  for (;;) {
    const typed = await person.ask('Number or name: ');
    if (typed === undefined)
      throw new CommandError(exitCodes.cancelled, 'INIT_CANCELLED', 'No answer; nothing was written.');
    const found = names[Number(typed.trim()) - 1] ?? names.find((name) => name === typed.trim());
    if (found !== undefined) return found;
    person.say(`  "${typed.trim()}" is none of these.\n`);
  }
}

/** Undefined: none is needed, or it is in a file already. */
async function passwordFor({ login, passwordFile }: Answers): Promise<string | undefined> {
  if (login === undefined || passwordFile !== undefined) return undefined;
  return askPassword(`${login} at the smarthost`, 'once');
}

function terminal(): Person {
  return {
    say: (text) => process.stdout.write(text),
    ask: async (question) => {
      // One reader for each question: the password is read by another one.
      const lines = createInterface({ input: process.stdin, output: process.stdout });
      try {
        return await new Promise<string | undefined>((done) => {
          lines.once('close', () => done(undefined));
          lines.question(question, done);
        });
      } finally {
        lines.close();
      }
    },
  };
}

interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

function refuseExisting(path: string): void {
  if (!existsSync(path)) return;
  throw new CommandError(
    exitCodes.failed,
    'INIT_EXISTS',
    `Writing ${path}: it exists already, and was left as it is.`,
    'Move it away, or name another file with --config.',
  );
}

/** @throws {CommandError} `INIT_EXISTS`, `INIT_WRITE`; then none of the files is there */
function writeAll(files: readonly NewFile[]): void {
  for (const { path } of files) refuseExisting(path);
  const written: string[] = [];
  for (const { path, text, mode } of files) {
    try {
      makeFolder(dirname(path), 0o755);
      // wx: a file that came meanwhile is not written over.
      writeFileSync(path, text, { flag: 'wx', mode: 0o600, flush: true });
      written.push(path);
      chmodSync(path, mode);
    } catch (error) {
      for (const each of written) removeLeftover(each);
      throw new CommandError(
        exitCodes.ioError,
        'INIT_WRITE',
        `Writing ${path}: ${systemReason(error)}. Nothing was left of it.`,
        'Name a file in a folder that this user may write, with --config.',
        { cause: error },
      );
    }
  }
}
