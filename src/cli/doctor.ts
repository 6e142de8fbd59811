// `sluice doctor`: what would go wrong before it does. It looks at the machine, the configuration, the DNS and the running instance, and
// says of each finding what mends it. It changes nothing, and its time is bounded.

import { setTimeout as wait } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/read/config-error.ts';
import { answers } from '../io/unix-listener.ts';
import { openResolver } from '../manager/open-resolver.ts';
import { isLocked } from '../process/running/instance-lock.ts';
import { runningProcesses } from '../process/running/life-sign.ts';
import { parseDuration } from '../values/duration.ts';
import { ValueError } from '../values/value-error.ts';
import { configOption, readConfig } from './config-file.ts';
import { type CheckKind, checkKinds, type Patient, type Processes } from './doctor/check.ts';
import { checks } from './doctor/checks.ts';
import { mistakeFindings } from './doctor/configuration.ts';
import type { DnsFacts } from './doctor/dns.ts';
import { dnsFacts } from './doctor/dns-facts.ts';
import { type Examination, examine } from './doctor/examine.ts';
import { doctorCode, findingsText } from './doctor/report.ts';
import { endAfterOutput } from './output.ts';
import { printText } from './terminal-text.ts';

interface Options {
  readonly config?: string;
  readonly json?: boolean;
  readonly only?: readonly CheckKind[];
  readonly offline?: boolean;
  readonly timeout: number;
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

async function run({ config: named, json, only, offline, timeout }: Options): Promise<void> {
  const { findings, isCutShort } = await examined(named, {
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

interface Extent {
  readonly only: readonly CheckKind[] | undefined;
  readonly isOffline: boolean;
  readonly timeoutMs: number;
}

async function examined(named: string | undefined, extent: Extent): Promise<Examination> {
  const { only, isOffline, timeoutMs } = extent;
  let config: Config;
  try {
    config = readConfig(named);
  } catch (mistake) {
    if (!(mistake instanceof ConfigError)) throw mistake;
    return { findings: mistakeFindings(mistake), isCutShort: false };
  }
  const late = new AbortController();
  const resolver = openResolver(impatient(config), () => performance.now());
  try {
    let dns: Promise<DnsFacts> | undefined;
    const patient: Patient = {
      config,
      isOffline,
      resolver,
      processes: await processesOf(config),
      dns: () => (dns ??= dnsFacts(config, resolver, isOffline)),
    };
    const chosen = checks.filter(({ kind }) => only === undefined || only.includes(kind));
    const over = wait(timeoutMs, undefined, { signal: late.signal }).catch(
      () => new Promise<void>(() => undefined),
    );
    return await examine(patient, chosen, over);
  } finally {
    late.abort();
    resolver.close();
  }
}

/** Somebody waits for the answer: two tries of two seconds tell whether there is one. */
function impatient(config: Config): Config {
  const { dns } = config;
  const timeout = Math.min(dns.timeout, 2_000);
  return { ...config, dns: { ...dns, timeout, attempts: Math.min(dns.attempts, 2) } };
}

async function processesOf({ spool, controlSocket }: Config): Promise<Processes> {
  try {
    const roles = runningProcesses(spool);
    const isRunning = (await isLocked(spool)) || (await answers(controlSocket));
    return isRunning ? { kind: 'running', roles } : { kind: 'stopped' };
  } catch {
    // The folder of the spool is closed to this user: whether one runs is not known, so that nothing is said about a stopped one.
    return { kind: 'hidden', reason: `this user may not look into ${spool}` };
  }
}
