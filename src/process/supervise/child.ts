// The process of a role, as its supervisor keeps it.

import { fork, type ChildProcess } from 'node:child_process';
import { Heartbeat } from '../watch/heartbeat.ts';
import type { RoleFacts } from '../../channel/messages.ts';
import type { RoleName } from '../role.ts';

/** How long its first successor waits. */
export const firstDelayMs = 100;

/** The role program beside this file: TypeScript in a checkout, JavaScript in a package. */
const program = new URL(
  import.meta.url.endsWith('.ts') ? '../roles/role-main.ts' : '../roles/role-main.js',
  import.meta.url,
);

/**
 * The manager's heap is collected when it has grown by half, not to four times what is in use: after mail to 100,000
 * domains it takes about 350 MiB instead of 550, and stays there.
 * A connection is small and lives long: with the usual young generation most of a sender's memory would be garbage and
 * room for it (12,000 idle connections: 9.5 KiB each, and 5.4 KiB with 4 MiB; the same CPU for each message).
 */
const runtimeOptions: Readonly<Partial<Record<RoleName, readonly string[]>>> = {
  manager: ['--heap-growing-percent=50'],
  sender: ['--max-semi-space-size=4'],
};

/** What does not happen while a role does not run. */
export const withoutRole: Readonly<Record<RoleName, string>> = {
  manager: 'mail is taken and nothing is delivered',
  receiver: 'its clients have to try again',
  sender: 'the others deliver, or nobody does if there is one only',
  control: 'operators get no answers',
};

/** A process is short-lived beside what it does: when one ends, the next one takes its place here. */
export interface Child {
  readonly name: RoleName;
  readonly index: number;
  process: ChildProcess | undefined;
  /** Of the process; see `Hello`. */
  serial: number;
  heartbeat: Heartbeat;
  /** It was said of this process that it does not answer. */
  isStalled: boolean;
  /** Of the process, when it has started. */
  facts: RoleFacts | undefined;
  startedAtMs: number;
  delayMs: number;
  timer: NodeJS.Timeout | undefined;
  /** What it said before it ended, when it knew why it could not go on. */
  lastWords: string;
  /** Settles when the role has started, or has said why it cannot. */
  readonly started: PromiseWithResolvers<RoleFacts>;
}

export function newChild(name: RoleName, index: number): Child {
  const started = Promise.withResolvers<RoleFacts>();
  started.promise.catch(() => undefined); // several may fail; the first one is reported
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
    started,
  };
}

/** Starts the program of a role. */
export function forkRole(name: RoleName): ChildProcess {
  return fork(program, [name], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [...process.execArgv, ...(runtimeOptions[name] ?? [])],
  });
}
