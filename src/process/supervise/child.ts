// What the supervisor knows of one role and its process, and how it starts that process.

import type { ChildProcess } from 'node:child_process';
import type { Config } from '../../config/config.ts';
import type { CrashRecord } from '../../crash/crash-record.ts';
import type { CpuMark, ProcessState } from '../../crash/process-state.ts';
import { SluiceError } from '../../errors/sluice-error.ts';
import { StartError } from '../../errors/start-error.ts';
import { Heartbeat } from '../watch/heartbeat.ts';
import type { RoleFacts, SupervisorToRole } from '../../channel/messages.ts';
import { servesPop3 } from '../../settings/pop3.ts';
import { needsKeys } from '../../settings/signing.ts';
import type { RoleName } from '../role.ts';
import { StartBrokenOff } from './instance.ts';

/** After this time, a process that ended is started again; the time doubles as long as the new one ends soon. */
const firstDelayMs = 100;
const longestDelayMs = 30_000;
/** A process that ends sooner than this has not recovered: the next one is started after a longer delay. */
const stableMs = 10_000;

/** Beats after which a process has been killed in vain; a core may take a minute of that. One that was killed ends within moments. */
const stuckBeats = 90;

/** How long after the grace a process is killed. */
const killAfterMs = 5_000;

/** The longest time that a stop can take: senders and receivers end first, then the manager, then all others. */
export function longestStopMs(graceMs: number): number {
  return 3 * (graceMs + killAfterMs);
}

/** A crash that is kept, until the next process has started. */
export interface Crash {
  readonly name: string;
  record: CrashRecord;
  /** By `performance.now()`. */
  readonly atMs: number;
  /** Those before it after which no process of the role has started either. */
  earlier: readonly Crash[];
}

/** One role with its current process. When the process ends, the next one takes its place in the same object. */
export interface Child {
  readonly name: RoleName;
  readonly index: number;
  process: ChildProcess | undefined;
  /** Number of the process, never used again; see `Hello`. */
  serial: number;
  heartbeat: Heartbeat;
  /** The log and the troubles say already that this process does not answer. */
  isStalled: boolean;
  /** What the process reported when it had started; undefined before. */
  facts: RoleFacts | undefined;
  startedAtMs: number;
  delayMs: number;
  timer: NodeJS.Timeout | undefined;
  /** Why the process ended, if it reported a reason; empty otherwise. */
  lastWords: string;
  /** What the process reported as the reason of its end. */
  failure: { readonly code: string; readonly message: string } | undefined;
  /** When it was first found silent. */
  silentSince: CpuMark | undefined;
  /** Why the supervisor has ended this process because it does not answer; undefined: it has not. */
  stall: ProcessState | undefined;
  /** Beats since then. */
  endingBeats: number;
  /** The crash after which this process is started again. */
  crash: Crash | undefined;
  /** Resolves when the role has started; rejects when it reports why it cannot start. */
  readonly started: PromiseWithResolvers<RoleFacts>;
}

/** Roles that run only where the configuration needs them. */
const lateRoles = ['keys', 'pop3'] as const;

type Needs = Pick<Config, 'directory' | 'signingKey' | 'listen'>;

function isNeeded(role: RoleName, config: Needs): boolean {
  return role === 'keys' ? needsKeys(config) : servesPop3(config);
}

/** What a configuration changes: roles that are to be started, and those that are to end. */
export function lateChanges(
  children: readonly Child[],
  config: Needs,
): { readonly missing: readonly Child[]; readonly unneeded: readonly Child[] } {
  const late = children.filter(({ name }) => lateRoles.some((role) => role === name));
  return {
    missing: lateRoles
      .filter((role) => isNeeded(role, config) && !late.some(({ name }) => name === role))
      .map((role) => newChild(role, 0)),
    unneeded: late.filter(({ name }) => !isNeeded(name, config)),
  };
}

/** All roles of an instance, in the order in which they are started. */
export function newChildren({
  processes,
  ...config
}: Pick<Config, 'processes' | 'directory' | 'signingKey' | 'listen'>): readonly Child[] {
  return [
    newChild('manager', 0),
    ...Array.from({ length: processes.senders }, (_, index) => newChild('sender', index)),
    ...Array.from({ length: processes.receivers }, (_, index) => newChild('receiver', index)),
    ...lateRoles.filter((name) => isNeeded(name, config)).map((name) => newChild(name, 0)),
    newChild('control', 0),
  ];
}

export function newChild(name: RoleName, index: number): Child {
  const started = Promise.withResolvers<RoleFacts>();
  started.promise.catch(() => undefined); // several roles may fail; only the first failure is reported
  return {
    name,
    index,
    process: undefined,
    serial: 0,
    heartbeat: new Heartbeat(),
    isStalled: false,
    facts: undefined,
    startedAtMs: 0,
    delayMs: firstDelayMs,
    timer: undefined,
    lastWords: '',
    failure: undefined,
    silentSince: undefined,
    stall: undefined,
    endingBeats: 0,
    crash: undefined,
    started,
  };
}

/** A process of the role has been started; nothing of the one before holds for it. */
export function begin(child: Child, started: ChildProcess, serial: number): void {
  child.process = started;
  child.serial = serial;
  child.heartbeat = new Heartbeat();
  child.isStalled = false;
  child.facts = undefined;
  child.failure = undefined;
  child.stall = undefined;
  child.endingBeats = 0;
}

/** `manager`, or `receiver 2` where there are several. */
export function nameOf({ name, index }: Child, all: readonly Child[]): string {
  const isOne = all.filter((each) => each.name === name).length === 1;
  return isOne ? name : `${name} ${index + 1}`;
}

/**
 * What a process is told of the senders: a manager, the serials of those that run. A sender that starts together with the manager may link
 * to it before the manager reads this. The manager then waits for its hello only as long as that takes.
 */
export function sendersFor({ name: role }: Child, all: readonly Child[]): number[] {
  if (role !== 'manager') return [];
  return all
    .filter(({ name, process: running }) => name === 'sender' && running !== undefined)
    .map(({ serial }) => serial);
}

/** Serial of the manager, if it has started. */
export function runningManager(all: readonly Child[]): number[] {
  return all
    .filter(
      ({ name, facts, process: running }) =>
        name === 'manager' && facts !== undefined && running !== undefined,
    )
    .map(({ serial }) => serial);
}

/** Serials of the receivers, and of POP3, that have started; with `isForAll`, of senders and of the control process, too. One that is starting opens its listeners as a part of that, or fails. */
export function runningReceivers(all: readonly Child[], isForAll = false): number[] {
  return all
    .filter(
      ({ name, facts, process: running }) =>
        (hasListeners(name) || (isForAll && hasReaders(name))) &&
        facts !== undefined &&
        running !== undefined,
    )
    .map(({ serial }) => serial);
}

/** Answers a reload, when it reads from the stores as they are now. */
function hasReaders(name: RoleName): boolean {
  return name === 'sender' || name === 'control';
}

/** Answers a reload, when its listeners are open. */
function hasListeners(name: RoleName): boolean {
  return name === 'receiver' || name === 'pop3';
}

/** It was killed because it does not answer, and has not ended. */
export function isStuck({ endingBeats, process: running }: Child): boolean {
  return running !== undefined && endingBeats >= stuckBeats;
}

/** The delay before the process is started again; the next one is twice as long. */
export function takeDelay(child: Child): number {
  const { delayMs } = child;
  child.delayMs = Math.min(delayMs * 2, longestDelayMs);
  return delayMs;
}

/** The process that has just ended had run for long enough: the delays begin anew. */
export function resetDelayIfStable(child: Child): void {
  if (performance.now() - child.startedAtMs > stableMs) child.delayMs = firstDelayMs;
}

/** The facts about all roles in one. */
export function factsTogether(facts: readonly RoleFacts[]): RoleFacts {
  return {
    listening: [
      ...(facts.find((each) => each.listening !== undefined)?.listening ?? []),
      ...facts.flatMap((each) => each.pop3Listening ?? []),
    ],
    recovered: facts.find((each) => each.recovered !== undefined)?.recovered ?? 0,
  };
}

export function tell(child: Child, message: SupervisorToRole): void {
  if (child.process?.connected === true) child.process.send(message, () => undefined);
}

/** Tells the same to all processes of a role. */
export function tellRole(all: readonly Child[], name: RoleName, message: SupervisorToRole): void {
  for (const child of all) if (child.name === name) tell(child, message);
}

/**
 * Starts no process any more, and breaks off the starts that are under way.
 * @param hasManaged - a manager has run. Without one, nothing was delivered, and nothing is lost with the manager that recovers the
 *   queue and the senders that wait for it. They are killed: a manager that reads the queue may not hear for seconds that it is to stop.
 */
export function breakOffStarts(children: readonly Child[], hasManaged: boolean): void {
  for (const { name, process: running, started, timer } of children) {
    clearTimeout(timer);
    started.reject(new StartBrokenOff());
    if (!hasManaged && (name === 'manager' || name === 'sender')) running?.kill('SIGKILL');
  }
}

/** Asks the processes to stop, and kills those that do not end in time. Resolves when all have ended. */
export async function endAll(children: readonly Child[], graceMs: number): Promise<void> {
  await Promise.all(
    children.map(async (child) => {
      const running = child.process;
      if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
      const gone = new Promise<void>((resolve) => {
        running.once('exit', () => resolve());
      });
      tell(child, { kind: 'stop', graceMs });
      const killer = setTimeout(() => running.kill('SIGKILL'), graceMs + killAfterMs);
      await gone;
      clearTimeout(killer);
    }),
  );
}

/** The process has reported why it ends; returns that. */
export function noteFailure(
  child: Child,
  { code, message, advice }: { readonly code: string; readonly message: string; readonly advice: string },
): SluiceError {
  child.failure = { code, message };
  child.lastWords = ` It said: ${code}: ${message} ${advice}`.trimEnd();
  child.started.reject(new StartError(code, message, advice));
  return new SluiceError(code, message, advice);
}
