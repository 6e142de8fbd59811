// What `sluice crash-test` looks at after the crash, one step after the other, each with what was seen. Every wait is bounded.

import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import type { CrashRole, CrashWay } from '../control/operations/crash-test.ts';
import type { StatusAnswer } from '../control/operations/status.ts';
import { askStatus } from '../control/status-client.ts';
import { type KeptCrash, readCrashes } from '../crash/read-crashes.ts';
import type { CrashKind, CrashRecord } from '../crash/crash-record.ts';
import { formatDuration } from '../values/duration.ts';
import { formatListenAddress } from '../values/listen-address.ts';
import { formatSize } from '../values/size.ts';
import { untilReachable } from './until-reachable.ts';

export interface Seen {
  readonly step: 'ended' | 'report' | 'core' | 'restarted' | 'listening' | 'manager' | 'doctor';
  readonly ok: boolean;
  readonly text: string;
}

export interface Test {
  readonly config: Config;
  readonly role: CrashRole;
  readonly by: CrashWay;
  readonly pid: number;
  /** The status before the crash. */
  readonly before: StatusAnswer;
  /** By `performance.now()`. */
  readonly startMs: number;
}

/** A process ends and another one starts within this time, also on a busy machine. */
const endsWithinMs = 60_000;
const startsWithinMs = 60_000;
const lookEveryMs = 100;
const greetsWithinMs = 10_000;

const kinds: Readonly<Record<CrashWay, CrashKind>> = {
  segv: 'signal',
  abort: 'signal',
  kill: 'signal',
  uncaught: 'error',
  memory: 'memory',
  loop: 'stalled',
};

/** Node writes a report of these; see docs/crash.md. */
const withReport: ReadonlySet<CrashWay> = new Set(['uncaught', 'memory']);
/** The kernel writes a core of these. */
const withCore: ReadonlySet<CrashWay> = new Set(['segv', 'abort', 'memory', 'loop']);

export async function seenAfterCrash(test: Test): Promise<readonly Seen[]> {
  const { config, by, pid, startMs } = test;
  const patienceMs = endsWithinMs + (by === 'loop' ? config.crash.unresponsiveAfter : 0);
  const crash = await found(config, pid, patienceMs, () => true);
  if (crash === undefined) {
    const text = `no crash of the process ${pid} was kept in ${config.crash.folder} within ${formatDuration(patienceMs)}`;
    return [{ step: 'ended', ok: false, text }];
  }
  const endedMs = performance.now() - startMs;
  const again = await found(config, pid, startsWithinMs, (record) => record.restartedAfterMs !== undefined);
  const { record } = again ?? crash;
  return [
    endedStep(record, by, endedMs),
    reportStep(record, by),
    coreStep(record, test),
    restartedStep(record),
    await listeningStep(config),
    await managerStep(test),
    doctorStep(config, pid),
  ];
}

async function found(
  { crash: { folder } }: Config,
  pid: number,
  withinMs: number,
  isWanted: (record: CrashRecord) => boolean,
): Promise<KeptCrash | undefined> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    const crash = readCrashes(folder).find(({ record }) => record.pid === pid && isWanted(record));
    if (crash !== undefined || performance.now() > untilMs) return crash;
    await wait(lookEveryMs);
  }
}

function endedStep(record: CrashRecord, by: CrashWay, endedMs: number): Seen {
  const ok = record.kind === kinds[by];
  const as = ok ? '' : `, and it was taken for "${record.kind}" instead of "${kinds[by]}"`;
  const text = `the ${record.process} process ${record.pid} ended after ${Math.round(endedMs)} ms: ${record.words}${as}`;
  return { step: 'ended', ok, text };
}

function reportStep(record: CrashRecord, by: CrashWay): Seen {
  if (record.report !== undefined) return { step: 'report', ok: true, text: `written: ${record.report}` };
  return { step: 'report', ok: !withReport.has(by), text: `none: ${record.reportMissing ?? ''}` };
}

function coreStep(record: CrashRecord, { config, by }: Test): Seen {
  const { core, coreBytes = 0, coreMissing = '' } = record;
  if (core !== undefined)
    return { step: 'core', ok: true, text: `written: ${core} (${formatSize(coreBytes)})` };
  if (!config.crash.cores)
    return { step: 'core', ok: true, text: 'none, and none was asked for (cores in [crash])' };
  const isGivenAway = coreMissing.startsWith('the system gives cores to ');
  return { step: 'core', ok: !withCore.has(by) || isGivenAway, text: `none: ${coreMissing}` };
}

function restartedStep({ restartedAfterMs, process: role }: CrashRecord): Seen {
  if (restartedAfterMs === undefined) {
    const text = `no other ${role} process ran within ${formatDuration(startsWithinMs)}`;
    return { step: 'restarted', ok: false, text };
  }
  return { step: 'restarted', ok: true, text: `another ${role} process ran after ${restartedAfterMs} ms` };
}

/** A receiver greets a client. */
async function listeningStep({ listen }: Config): Promise<Seen> {
  const plain = listen.find(
    ({ receive, proxyProtocol }) =>
      receive.tls !== 'implicit' && (proxyProtocol === undefined || proxyProtocol.length === 0),
  );
  if (plain === undefined)
    return {
      step: 'listening',
      ok: true,
      text: 'not looked at: no listener greets without TLS or a load balancer',
    };
  const { address } = plain;
  const name = formatListenAddress(address);
  const greeting = await greetingOf(
    address.kind === 'unix' ? { path: address.path } : { host: reachable(address.host), port: address.port },
  );
  const ok = greeting.startsWith('220');
  return {
    step: 'listening',
    ok,
    text: ok ? `${name} greets: ${greeting}` : `${name} does not greet: ${greeting}`,
  };
}

function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

/** The first line that a server says, or why there is none. */
function greetingOf(
  place: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(place);
    const give = (text: string): void => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(greetsWithinMs, () => give(`nothing within ${formatDuration(greetsWithinMs)}`));
    socket.once('error', ({ message }) => give(message));
    socket.once('close', () => give('the connection was closed'));
    socket.once('data', (bytes: Buffer) => {
      socket.end('QUIT\r\n');
      give(bytes.toString('latin1').split('\r\n', 1)[0] ?? '');
    });
  });
}

/** The manager answers, and its queue is there. */
async function managerStep({ config, before }: Test): Promise<Seen> {
  const untilMs = performance.now() + startsWithinMs;
  for (;;) {
    const status = await statusOf(config);
    if (status.kind === 'answered') {
      const had = messagesIn(before);
      const text = `the manager answers: ${status.messages} messages in the queue${had === undefined ? '' : `, ${had} before`}`;
      return { step: 'manager', ok: true, text };
    }
    if (performance.now() > untilMs) return { step: 'manager', ok: false, text: status.reason };
    await wait(lookEveryMs);
  }
}

type ManagerStatus =
  | { readonly kind: 'answered'; readonly messages: number }
  | { readonly kind: 'silent'; readonly reason: string };

async function statusOf(config: Config): Promise<ManagerStatus> {
  try {
    const status = await untilReachable(config, () => askStatus(config.controlSocket, { sites: 0 }));
    const messages = messagesIn(status);
    if (messages !== undefined) return { kind: 'answered', messages };
    return { kind: 'silent', reason: 'the manager does not answer' };
  } catch (error) {
    return { kind: 'silent', reason: error instanceof Error ? error.message : String(error) };
  }
}

function messagesIn(status: StatusAnswer): number | undefined {
  return status.kind === 'complete' ? status.messages : undefined;
}

function doctorStep({ crash: { folder } }: Config, pid: number): Seen {
  const ok = readCrashes(folder).some(({ record }) => record.pid === pid);
  return {
    step: 'doctor',
    ok,
    text: ok ? '"sluice doctor --crash" tells of it' : `it is not in ${folder} any more`,
  };
}
