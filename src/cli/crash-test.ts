// `sluice crash-test`: has a process of the running Sluice crash, and watches what follows: what is kept, the next process, and mail.

import { type Command, Option } from 'commander';
import type { Config } from '../config/config.ts';
import { ControlError } from '../control/control-error.ts';
import { askStatus } from '../control/status-client.ts';
import { type CrashRole, crashRoles, type CrashWay, crashWays } from '../control/operations/crash-test.ts';
import { runningProcesses } from '../process/running/life-sign.ts';
import { configOption, readConfig } from './config-file.ts';
import { seenAfterCrash, type Seen } from './crash-test-steps.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { printText } from './terminal-text.ts';
import { ask } from './until-reachable.ts';

interface Options {
  readonly config?: string;
  readonly by: CrashWay;
  readonly process: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('crash-test')
    .description(
      'have a process of the running Sluice crash, and watch what follows: what is kept, that another process is started, that mail goes on; connections of that process are interrupted; exits with 0 when all held, else with 1',
    )
    .argument('<role>', `which process: ${crashRoles.join(', ')}`)
    .addOption(configOption())
    .addOption(
      new Option(
        '--by <way>',
        'how: segv, abort or kill send this signal; uncaught throws an error; memory uses all memory that the process may have; loop lets its event loop stand still, until unresponsive_after in [crash]',
      )
        .choices(crashWays)
        .default('segv'),
    )
    .addOption(
      new Option('--process <number>', 'of several processes of the role, the first is 1').default('1'),
    )
    .option('--yes', 'do it: without this option, the command only says what it would do')
    .option('--json', 'print one JSON object for programs, with ok and steps: step, ok, text')
    .action(run);
}

async function run(name: string, options: Options): Promise<void> {
  const role = crashRoles.find((each) => each === name);
  const index = Number(options.process) - 1;
  if (role === undefined || !Number.isInteger(index) || index < 0) {
    throw new CommandError(
      exitCodes.usage,
      'CRASH_TEST',
      `Which process? ${role === undefined ? `"${name}" is none of the roles` : `"${options.process}" is no number of a process`}.`,
      `Name one of ${crashRoles.join(', ')}; with several processes of it, --process 2 is the second.`,
    );
  }
  const config = readConfig(options.config);
  if (options.yes !== true) {
    throw new CommandError(
      exitCodes.failed,
      'CRASH_TEST',
      `This would have the ${role} process crash (${options.by}), and interrupt what it has in hand: ${consequences[role]}.`,
      'Add --yes when that may happen now. Nothing is lost that was accepted; a message that is just being delivered may arrive twice.',
    );
  }
  const seen = await test(config, role, index, options.by);
  const isFine = seen.every(({ ok }) => ok);
  if (options.json === true) process.stdout.write(`${JSON.stringify({ ok: isFine, steps: seen })}\n`);
  else
    printText(
      `${seen.map(({ step, ok, text }) => `${ok ? 'ok    ' : 'FAILED'} ${step.padEnd(9)} ${text}`).join('\n')}\n`,
    );
  process.exitCode = isFine ? exitCodes.ok : exitCodes.failed;
}

const consequences: Readonly<Record<CrashRole, string>> = {
  receiver: 'sessions of clients break, and they send again what was not answered with 250',
  sender: 'deliveries in hand break, and are tried again',
  manager: 'nothing is delivered until the next one has read the queue',
  keys: 'log-ins and signatures get temporary errors for a second',
  control: 'operators get no answers for a second',
  pop3: 'sessions of POP3 break, and their clients fetch their mail again',
};

async function test(config: Config, role: CrashRole, index: number, by: CrashWay): Promise<readonly Seen[]> {
  const before = await askStatus(config.controlSocket, { sites: 0 });
  const pid = await crashOf(config, role, index, by);
  return seenAfterCrash({ config, role, by, pid, before, startMs: performance.now() });
}

/** @returns the process that crashes now */
async function crashOf(config: Config, role: CrashRole, index: number, by: CrashWay): Promise<number> {
  const known = runningProcesses(config.spool).find((each) => each.role === role);
  try {
    const request = { operation: 'crash.test', role, index, by, isMeant: true } as const;
    return (await ask(config, request)).pid;
  } catch (error) {
    // The control process itself crashes before its answer arrives.
    const isExpected = role === 'control' && error instanceof ControlError && error.code === 'CONTROL_LOST';
    if (isExpected && known !== undefined) return known.pid;
    throw error;
  }
}
