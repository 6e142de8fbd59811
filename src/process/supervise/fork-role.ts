// How the supervisor starts the process of a role, and what that process has from its first moment.

import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { GivenSocket } from '../../channel/messages.ts';
import { largestShare } from '../../spool/bounded-files.ts';
import type { Identity } from '../privileges/identity.ts';
import type { RoleName } from '../role.ts';

/** The role program beside this file: TypeScript in a checkout, JavaScript in a package. */
const program = new URL(
  import.meta.url.endsWith('.ts') ? '../roles/role-main.ts' : '../roles/role-main.js',
  import.meta.url,
);

/** The path of the role program. */
export const programPath = fileURLToPath(program);

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

/**
 * Threads for operations on files, unless the environment says another number (4 is that of Node). A delivery into a mailbox or an archive
 * is mostly a wait for the disk, which carries out many waits together.
 */
const fileThreads: Readonly<Partial<Record<RoleName, number>>> = { sender: 16 };
const usualThreads = 4;
/** Stores that a reload may add without taking threads of others. */
const spareStores = 4;
/** The most that libuv makes. */
const mostThreads = 1024;

/**
 * With several stores each has a share of its own (`threadShare`), and so many threads are left for all else as a process with one store has. So the
 * disks of all of them may hang at once, and of those alone mail waits.
 * @param stores - of all queues
 * @returns undefined: as many as Node makes by itself
 */
export function fileThreadsOf(role: RoleName, stores: number): number | undefined {
  const base = fileThreads[role];
  if (stores <= 1 || role === 'keys' || role === 'pop3') return base;
  return Math.min(mostThreads, (base ?? usualThreads) + largestShare * (stores + spareStores));
}

/**
 * On SIGUSR1 Node would open a debugger on a port of this host, in which everybody may run code, from one role in another.
 */
const withoutDebugger = '--disable-sigusr1';

/** Descriptors 0 to 4 have other purposes. */
const firstSocket = 5;

/** What a process has from its start, and what it has not. */
export interface GivenAtStart {
  /** The user that the process becomes as its first act; undefined: it stays the caller's. */
  readonly identity: Identity | undefined;
  /** Environment variables that it does not get, because a secret is in them. */
  readonly hidden: readonly string[];
  /** The file of its trail, as the descriptor `trailDescriptor`; undefined: it has none. */
  readonly trail: number | undefined;
  /** The largest core that the system may write of it; 0: what the system does by itself. */
  readonly coreBytes: number;
  /** Number of stores of mail. Default: 1. */
  readonly stores?: number;
  /** Sockets of this process that it gets, too. */
  readonly sockets: readonly GivenSocket[];
}

/** The sockets, with the descriptors that they have in a process that was given them. */
export function inChild(sockets: readonly GivenSocket[]): readonly GivenSocket[] {
  return sockets.map((each, index) => ({ ...each, fd: firstSocket + index }));
}

/**
 * Starts the program of a role.
 *
 * The system may start no process: it has none left, no memory or no open file (fork(2): EAGAIN, ENOMEM, EMFILE). Node
 * throws for some of these; for others it emits `error`, and no `exit` follows. This function treats all of them alike.
 * @param onFailure - called once, instead of any event of the process, when no process was started
 * @returns undefined when no process was started
 */
export function forkRole(
  name: RoleName,
  { identity, hidden, trail, coreBytes, sockets, stores = 1 }: GivenAtStart,
  onFailure: (error: Error) => void,
): ChildProcess | undefined {
  let forked: ChildProcess;
  const flags = [...process.execArgv, withoutDebugger, ...(runtimeOptions[name] ?? [])];
  try {
    forked = fork(program, identity === undefined ? [name] : [name, JSON.stringify(identity)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', trail ?? 'ignore', ...sockets.map(({ fd }) => fd)],
      env: environmentOf(name, hidden, stores),
      execArgv: flags,
      ...(coreBytes > 0 && launchWithCores(flags, coreBytes)),
    });
  } catch (error) {
    onFailure(error instanceof Error ? error : new Error(String(error)));
    return undefined;
  }
  if (forked.pid !== undefined) return forked;
  forked.once('error', onFailure);
  return undefined;
}

/**
 * Node cannot set its own limits, so a shell does, which then becomes Node. The hard limit is raised as far as this user may. Everything
 * that is not in a file goes into the core (core(5)), whatever this process was started with.
 */
const launcher = `
{ ulimit -c "$1" || ulimit -S -c "$(ulimit -H -c)"; echo 0x33 > /proc/$$/coredump_filter; } 2>/dev/null
shift
exec "$0" "$@"`;

function launchWithCores(
  flags: readonly string[],
  coreBytes: number,
): { readonly execPath: string; readonly execArgv: string[] } {
  const blocks = Math.ceil(coreBytes / 512); // the unit of ulimit -c
  return { execPath: '/bin/sh', execArgv: ['-c', launcher, process.execPath, String(blocks), ...flags] };
}

function environmentOf(role: RoleName, hidden: readonly string[], stores: number): NodeJS.ProcessEnv {
  const kept =
    hidden.length === 0
      ? process.env
      : Object.fromEntries(Object.entries(process.env).filter(([name]) => !hidden.includes(name)));
  const threads = fileThreadsOf(role, stores);
  return threads === undefined ? kept : { UV_THREADPOOL_SIZE: String(threads), ...kept };
}
