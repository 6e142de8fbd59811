// Looks at everything around one configuration file: what `sluice doctor` does, without its output.

import { stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Config } from '../../config/config.ts';
import { ConfigError } from '../../config/read/config-error.ts';
import { answers } from '../../io/unix-listener.ts';
import { openResolver } from '../../manager/open-resolver.ts';
import { isLocked } from '../../process/running/instance-lock.ts';
import { runningProcesses } from '../../process/running/life-sign.ts';
import { readConfig } from '../config-file.ts';
import { type CheckKind, checkKinds, type Patient, type Processes } from './check.ts';
import { checks } from './checks.ts';
import { mistakeFindings } from './configuration.ts';
import type { DnsFacts } from './dns.ts';
import { dnsFacts } from './dns-facts.ts';
import { type Examination, examine } from './examine.ts';
import { error, notSeen } from './finding.ts';

const never = new Promise<never>(() => undefined);

/** How far to look. */
export interface Extent {
  /** Undefined: at everything. */
  readonly only: readonly CheckKind[] | undefined;
  readonly isOffline: boolean;
  /** For everything together. */
  readonly timeoutMs: number;
}

/**
 * @param named - the configuration file of the command line; without it, as for every command
 * @param touch - looks at a folder, which takes for ever on a disk that hangs
 */
export async function examineFile(
  named: string | undefined,
  extent: Extent,
  touch: (folder: string) => Promise<unknown> = stat,
): Promise<Examination> {
  const { only, isOffline, timeoutMs } = extent;
  let config: Config;
  try {
    config = readConfig(named);
  } catch (mistake) {
    if (!(mistake instanceof ConfigError)) throw mistake;
    return { findings: mistakeFindings(mistake), isCutShort: false };
  }
  const late = new AbortController();
  const over = wait(timeoutMs, 'over' as const, { signal: late.signal }).catch(() => never);
  const resolver = openResolver(impatient(config), () => performance.now());
  try {
    // Some of what follows would wait for such a disk without end.
    const touched = touch(config.spool).then(
      () => 'answers' as const,
      () => 'answers' as const,
    );
    if ((await Promise.race([touched, over])) === 'over') return hanging(config.spool);
    let dns: Promise<DnsFacts> | undefined;
    const patient: Patient = {
      config,
      kinds: new Set(only ?? checkKinds),
      isOffline,
      resolver,
      processes: await processesOf(config),
      dns: () => (dns ??= dnsFacts(config, resolver, isOffline)),
    };
    const chosen = checks.filter(({ kind }) => patient.kinds.has(kind));
    return await examine(patient, chosen, over);
  } finally {
    late.abort();
    resolver.close();
  }
}

function hanging(spool: string): Examination {
  const findings = [
    error(
      'disk-hangs',
      `The disk of the spool ${spool} does not answer: no mail can be taken or delivered.`,
      'dmesg | tail, and the server of a network file system, say why; Sluice goes on by itself as soon as the disk answers',
    ),
    notSeen(
      'Nothing else was looked at, because the disk of the spool does not answer.',
      'Run "sluice doctor" again when it does.',
    ),
  ];
  return { findings, isCutShort: true };
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
