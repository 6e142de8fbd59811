// `sluice doctor`: what would go wrong before it does. It looks at the machine, the configuration, the DNS and the running instance, and
// says of each finding what mends it. It changes nothing, and its time is bounded.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { type KeptCrash, readCrashes } from '../crash/read-crashes.ts';
import { SluiceError } from '../errors/sluice-error.ts';
import { crashesText } from './doctor/crash-text.ts';
import { parseDuration } from '../values/duration.ts';
import { ValueError } from '../values/value-error.ts';
import { configOption, readConfig } from './config-file.ts';
import { type CheckKind, checkKinds } from './doctor/check.ts';
import { examineFile } from './doctor/examine-file.ts';
import { doctorCode, findingsText } from './doctor/report.ts';
import { endAfterOutput } from './output.ts';
import { printText } from './terminal-text.ts';

interface Options {
  readonly config?: string;
  readonly json?: boolean;
  readonly only?: readonly CheckKind[];
  readonly offline?: boolean;
  readonly timeout: number;
  readonly crash?: boolean;
}

export function register(program: Command): void {
  program
    .command('doctor')
    .description(
      'find what would go wrong before it does, with what mends it: open files, disk, clock, the running Sluice and more; exits with 0 (nothing wrong), 1 (warnings), 2 (errors) or 3 (nothing wrong was found, but not everything could be looked at)',
    )
    .addOption(configOption())
    .addOption(
      new Option(
        '--only <kind...>',
        'look only at these kinds of things; may be given several times',
      ).choices(checkKinds),
    )
    .option('--offline', 'ask nothing over the network: no DNS, no issuers of tokens')
    .addOption(
      new Option('--timeout <duration>', 'time for everything together')
        .default(20_000, '20s')
        .argParser(timeoutOf),
    )
    .option(
      '--crash',
      'show instead the last crashes of processes: which, when, by what, what was in hand, and where report and core are; exits with 0 when there was none, else with 1',
    )
    .option('--json', 'print one JSON object for programs, with ok and findings: code, severity, what, mend')
    .action(run);
}

function timeoutOf(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new InvalidArgumentError(error.message);
  }
}

async function run({ config: named, json, only, offline, timeout, crash }: Options): Promise<void> {
  if (crash === true) {
    showCrashes(named, json === true);
    return;
  }
  const { findings, isCutShort } = await examineFile(named, {
    only,
    isOffline: offline === true,
    timeoutMs: timeout,
  });
  const code = doctorCode(findings);
  if (json === true) process.stdout.write(`${JSON.stringify({ ok: code === 0, findings })}\n`);
  else printText(findingsText(findings));
  process.exitCode = code;
  // What hangs would hold this process back until it ends.
  if (isCutShort) endAfterOutput(code);
}

function showCrashes(named: string | undefined, isJson: boolean): void {
  const { folder } = readConfig(named).crash;
  const crashes = keptCrashes(folder);
  if (isJson) process.stdout.write(`${JSON.stringify({ folder, crashes })}\n`);
  else printText(crashesText(crashes, folder));
  process.exitCode = crashes.length === 0 ? 0 : 1;
}

function keptCrashes(folder: string): readonly KeptCrash[] {
  try {
    return readCrashes(folder);
  } catch (problem) {
    throw new SluiceError(
      'CRASH_FOLDER',
      `Reading the crashes in ${folder}: ${problem instanceof Error ? problem.message : String(problem)}.`,
      'Run "sluice doctor --crash" as root, or as the user that runs Sluice.',
      { cause: problem },
    );
  }
}
