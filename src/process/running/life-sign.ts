// Signs of life: each process of a role listens on a socket of its own in the spool's folder run, named by its process id, as
// long as it lives. When a supervisor is killed, its processes end by themselves, but one that is stopped by a signal or
// hangs cannot, and its connections stay open. The next Sluice on the spool finds it by its socket and kills it first.

import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { StartError } from '../../errors/start-error.ts';
import { makeFolder } from '../../io/make-folder.ts';
import { removeFile, removeLeftover } from '../../io/remove-file.ts';
import { listenAt } from '../../io/unix-listener.ts';
import type { Logger } from '../../log/logger.ts';
import { isTransientDiskError, systemCode } from '../../spool/spool-error.ts';
import { runFolder, socketError, socketPath } from '../../channel/manager-socket.ts';
import type { RoleName } from '../role.ts';

/** Time that a process of an earlier Sluice gets to end by itself. */
const endsItselfWithinMs = 2_000;
/** Pause between two attempts to make a sign. */
const retryEveryMs = 1_000;
/** A killed process ends within this time, unless it hangs in a system call (on a disk that does not answer). */
const killedWithinMs = 10_000;

/** The longest possible name: process ids have at most seven digits (proc_sys_kernel(5), pid_max). */
const longestName = 'receiver-4194304.sock';
const namePattern = /^(?<role>manager|receiver|sender|keys|control)-(?<pid>\d+)\.sock$/u;

/** Makes the server listen on a Unix-domain socket at this path. */
type Listen = (server: Server, path: string) => Promise<void>;

/**
 * Shows that this process lives, until it ends. A disk that is read-only, full or failing for the moment does not keep the
 * process from running: the sign is made later. The next Sluice does not need it sooner: it cannot start on such a disk.
 * @throws {StartError} `SPOOL_UNUSABLE` when the socket cannot be made for another reason
 */
export async function showLife(
  spool: string,
  role: RoleName,
  log: Pick<Logger, 'info' | 'warn'>,
  listen: Listen = listenAt,
): Promise<void> {
  const path = signPath(spool, role, process.pid);
  const problem = await makeSign(path, listen);
  if (problem === undefined) return;
  const error = socketError(path, problem);
  if (!isTransientDiskError(problem)) throw error;
  log.warn(
    `the ${role} process runs without its sign of life, and tries to make it every second: ${error.message}`,
  );
  const tryLater = (): void => {
    setTimeout(async () => {
      if ((await makeSign(path, listen)) === undefined) log.info(`the ${role} process has its sign of life`);
      else tryLater();
    }, retryEveryMs).unref();
  };
  tryLater();
}

/** Listens on the socket: a later Sluice connects to it and waits for its close. @returns the error; undefined: it listens */
async function makeSign(path: string, listen: Listen): Promise<unknown> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.resume();
    socket.unref();
  });
  try {
    makeFolder(dirname(path), 0o700);
    removeFile(path);
    await listen(server, path);
  } catch (error) {
    return error;
  }
  server.unref();
  return undefined;
}

/** Removes the sign of a process that has ended. If that fails, the next start removes it. */
export function removeSign(spool: string, role: RoleName, pid: number): void {
  removeLeftover(signPath(spool, role, pid));
}

/** A process of a role that runs now. */
export interface RunningProcess {
  readonly role: RoleName;
  readonly pid: number;
}

/**
 * The processes of the roles that use a spool, by their signs; none that lives in another container. Changes nothing.
 * @throws {Error} of the system when this user may not read the folder
 */
export function runningProcesses(spool: string): readonly RunningProcess[] {
  const { folder, prefix } = folderOfSigns(runFolder(spool));
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
  return names.flatMap((name) => {
    if (!name.startsWith(prefix)) return [];
    const { role, pid } = namePattern.exec(name.slice(prefix.length))?.groups ?? {};
    if (role === undefined || !isRole(role, Number(pid))) return [];
    return [{ role: role as RoleName, pid: Number(pid) }];
  });
}

/**
 * Resolves when no process of an earlier Sluice uses the spool any more. A process that does not end by itself is killed.
 * @throws {StartError} `ROLE_LEFT_OVER` when one cannot be ended, `SPOOL_UNUSABLE` when the folder cannot be read
 */
export async function endLeftOvers(spool: string, log: Logger): Promise<void> {
  const found: Promise<void>[] = [];
  for (const { folder, prefix } of [folderOfSigns(spool), folderOfSigns(runFolder(spool))]) {
    for (const name of namesIn(folder)) {
      if (!name.startsWith(prefix)) continue;
      const { role, pid } = namePattern.exec(name.slice(prefix.length))?.groups ?? {};
      if (role !== undefined) found.push(endLeftOver(join(folder, name), role, Number(pid), log));
    }
  }
  await Promise.all(found);
}

async function endLeftOver(path: string, role: string, pid: number, log: Logger): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  // A process makes a socket. A link may lead to that of any program, which would not end.
  if (!found.isSocket()) {
    log.warn(`${path} is no socket, and so no sign of a process of an earlier Sluice: removing it`);
    removeLeftover(path);
    return;
  }
  const socket = await connectTo(path);
  if (socket !== undefined) {
    const ended = new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
    });
    if (!(await isWithin(ended, endsItselfWithinMs))) {
      log.warn(`a ${role} process (${pid}) of an earlier Sluice on this spool does not end; killing it`);
      kill(path, role, pid);
      if (!(await isWithin(ended, killedWithinMs))) throw leftOverError(role, pid);
    }
  }
  removeLeftover(path);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    // A spool that has had no process yet, or that of a Sluice which kept its signs in the spool's folder itself.
    if (basename(folder) === 'run' && systemCode(error) === 'ENOENT') return [];
    throw new StartError(
      'SPOOL_UNUSABLE',
      `Looking for processes of an earlier Sluice in ${folder}: ${error instanceof Error ? error.message : String(error)}.`,
      'Look at the system log for errors of the disk, and at the rights of the folder.',
    );
  }
}

function kill(path: string, role: string, pid: number): void {
  if (!isRole(role, pid) || !isOfMaker(path, pid)) throw strangerError(path, role, pid);
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: it has just ended by itself, and its socket closes.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw leftOverError(role, pid);
  }
}

/** The id may be that of another program: ids differ between containers. Without /proc, the name of the sign is believed. */
function isRole(role: string, pid: number): boolean {
  if (!existsSync('/proc/self/cmdline')) return true;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith(`sluice: ${role}`);
  } catch {
    return false;
  }
}

/** A process of another user may have made the sign, to have somebody else's process killed. Without /proc, it is believed. */
function isOfMaker(path: string, pid: number): boolean {
  try {
    const uid = /^Uid:\s+(?<uid>\d+)/mu.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.groups?.['uid'];
    return Number(uid) === lstatSync(path).uid;
  } catch {
    return !existsSync('/proc/self/status');
  }
}

function leftOverError(role: string, pid: number): StartError {
  return new StartError(
    'ROLE_LEFT_OVER',
    `Starting: the ${role} process ${pid} of an earlier Sluice still uses the spool and cannot be ended.`,
    `End it (kill -9 ${pid}; in a container: there), then start Sluice again.`,
  );
}

/** The process id in the name is that of another program, which nobody must end because of this message. */
function strangerError(path: string, role: string, pid: number): StartError {
  return new StartError(
    'ROLE_LEFT_OVER',
    `Starting: something listens at ${path} and does not end, so a ${role} process of an earlier Sluice may still use the spool. Here, the process ${pid} is another program.`,
    'Find the process that has the socket (ss -xlp, or fuser; in every container that has the spool), end it, then start Sluice again.',
  );
}

function signPath(spool: string, role: RoleName, pid: number): string {
  const { folder, prefix } = folderOfSigns(runFolder(spool));
  return join(folder, `${prefix}${role}-${pid}.sock`);
}

/** All signs of a spool are in one folder: `parent`, or that for temporary files when its path is too long. */
function folderOfSigns(parent: string): { readonly folder: string; readonly prefix: string } {
  const path = socketPath(parent, longestName);
  return { folder: dirname(path), prefix: basename(path).slice(0, -longestName.length) };
}

function connectTo(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('error', () => resolve(undefined)); // nothing listens, or the process ended and reset the connection
    socket.once('connect', () => {
      socket.resume();
      resolve(socket);
    });
  });
}

async function isWithin(what: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const happened = await Promise.race([what.then(() => true), late]);
  clearTimeout(timer);
  return happened;
}
