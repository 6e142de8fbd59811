// The command line. Each command has a file of its own, which is loaded only when the command is called.
// Promises: every error is printed as its code, what happened and what to do; stack traces only with --debug.

import { type Command, CommanderError } from 'commander';

import { version } from '../config/version.ts';
import { CommandLine } from './command-line.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { watchOutput } from './output.ts';
import { errorText } from './print-error.ts';

interface CommandFile {
  /** @param whole - the program with all of its commands, for those that tell of it */
  readonly register: (program: Command, whole: () => Promise<Command>) => void;
}

/** In the order of the help. */
const commandFiles: Readonly<Record<string, () => Promise<CommandFile>>> = {
  init: () => import('./init.ts'),
  serve: () => import('./serve.ts'),
  check: () => import('./check.ts'),
  doctor: () => import('./doctor.ts'),
  'crash-test': () => import('./crash-test.ts'),
  config: () => import('./config.ts'),
  reload: () => import('./reload.ts'),
  log: () => import('./log.ts'),
  status: () => import('./status.ts'),
  top: () => import('./top.ts'),
  queue: () => import('./queue.ts'),
  quarantine: () => import('./quarantine.ts'),
  explain: () => import('./explain.ts'),
  policy: () => import('./policy.ts'),
  limits: () => import('./limits.ts'),
  limit: () => import('./limit.ts'),
  divert: () => import('./divert.ts'),
  qmq: () => import('./qmq.ts'),
  suspend: () => import('./suspend.ts'),
  resume: () => import('./resume.ts'),
  clock: () => import('./clock.ts'),
  simulate: () => import('./simulate.ts'),
  spool: () => import('./spool.ts'),
  tls: () => import('./tls.ts'),
  dkim: () => import('./dkim.ts'),
  srs: () => import('./srs.ts'),
  table: () => import('./table.ts'),
  passwd: () => import('./passwd.ts'),
  user: () => import('./user.ts'),
  domain: () => import('./domain.ts'),
  provision: () => import('./provision.ts'),
  alias: () => import('./alias.ts'),
  forward: () => import('./forward.ts'),
  autoreply: () => import('./autoreply.ts'),
  mailbox: () => import('./mailbox.ts'),
  quota: () => import('./quota.ts'),
  bans: () => import('./bans.ts'),
  login: () => import('./login.ts'),
  clients: () => import('./clients.ts'),
  sending: () => import('./sending.ts'),
  greylist: () => import('./greylist.ts'),
  rates: () => import('./rates.ts'),
  reports: () => import('./reports.ts'),
  plugin: () => import('./plugin.ts'),
  sendmail: () => import('./sendmail.ts'),
  completion: () => import('./completion.ts'),
  version: () => import('./version.ts'),
};

/**
 * Runs one command line.
 * @param args Without the program's own name.
 * @returns The exit code; see exit-codes.ts.
 */
export async function main(args: readonly string[]): Promise<number> {
  watchOutput();
  const [name = ''] = args;
  // sendmail's flags are older than the conventions that commander follows: `runSendmail` reads them.
  const isSendmail = name === 'sendmail';
  const debug = !isSendmail && args.includes('--debug');
  try {
    if (isSendmail) {
      const { runSendmail } = await import('./sendmail.ts');
      return await runSendmail(args.slice(1));
    }
    const program = await commands(name);
    await program.parseAsync(
      args.filter((arg) => arg !== '--debug'),
      { from: 'user' },
    );
    return Number(process.exitCode ?? exitCodes.ok);
  } catch (error) {
    // Commander has already printed what is wrong, or the help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    process.stderr.write(errorText(error, debug));
    const code = exitCodeOf(error);
    // Faults of Sluice and of this machine are temporary ones: the caller of sendmail keeps its message.
    const isOurFault = code === exitCodes.software || code === exitCodes.osError;
    return isSendmail && isOurFault ? exitCodes.tempFail : code;
  }
}

const asksVersion: ReadonlySet<string> = new Set(['-V', '--version']);

/** The program with the command of this name, or with all of them. */
export async function commands(name = ''): Promise<Command> {
  const program = new CommandLine('sluice')
    .description(
      'A mail transfer agent that keeps thousands of connections open and never floods a destination.',
    )
    .version(version, '-V, --version', 'print the version')
    .option('--debug', 'print stack traces with errors')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(sluice --help lists the commands)');
  const wanted = commandFiles[name];
  // The version needs none of them.
  const files = wanted !== undefined ? [wanted] : asksVersion.has(name) ? [] : Object.values(commandFiles);
  for (const load of files) (await load()).register(program, commands);
  return program;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
