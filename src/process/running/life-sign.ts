// Signs of life: each process of a role listens on a socket of its own in the spool's folder, named by its process id, as
// long as it lives. When a supervisor is killed, its processes end by themselves, but one that is stopped or stalled
// cannot, and its connections stay open. The next Sluice on the spool finds it by its socket and ends it before it starts.

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { StartError } from '../../errors/start-error.ts';
import type { Logger } from '../../log/logger.ts';
import { socketPath } from '../../channel/manager-socket.ts';
import type { RoleName } from '../role.ts';

/** Time that processes of before get to end by themselves. */
const patienceMs = 2_000;
/** A process that was killed is gone within this, unless it hangs in the system itself (a disk that does not answer). */
const killedWithinMs = 10_000;

/** No name is longer: process ids have at most seven digits (proc_sys_kernel(5), pid_max). */
const longestName = 'receiver-4194304.sock';
const namePattern = /^(?<role>manager|receiver|sender|control)-(?<pid>\d+)\.sock$/u;

/** Shows that this process lives, until it ends. @throws {StartError} when the socket cannot be made */
export async function showLife(spool: string, role: RoleName): Promise<void> {
  const path = signOf(spool, role, process.pid);
  rmSync(path, { force: true });
  // Whoever connects waits for the end of this process.
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.resume();
    socket.unref();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new StartError(
          'SPOOL_UNUSABLE',
          `Making ${path}: ${error.message}.`,
          'Make the spool a folder that Sluice may write.',
        ),
      ),
    );
    server.listen(path, resolve);
  });
  server.unref();
}

/** Removes what a process that has ended left behind. */
export function removeSign(spool: string, role: RoleName, pid: number): void {
  rmSync(signOf(spool, role, pid), { force: true });
}

/**
 * Resolves when no process of an earlier Sluice uses the spool any more. Those that do not end by themselves are killed.
 * @throws {StartError} `ROLE_LEFT_OVER` when one cannot be ended
 */
export async function endLeftOvers(spool: string, log: Logger): Promise<void> {
  const { folder, prefix } = placeOfSigns(spool);
  const found: Promise<void>[] = [];
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix)) continue;
    const { role, pid } = namePattern.exec(name.slice(prefix.length))?.groups ?? {};
    if (role !== undefined) found.push(endLeftOver(join(folder, name), role, Number(pid), log));
  }
  await Promise.all(found);
}

async function endLeftOver(path: string, role: string, pid: number, log: Logger): Promise<void> {
  const socket = await connectTo(path);
  if (socket !== undefined) {
    const ended = new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
    });
    if (!(await isWithin(ended, patienceMs))) {
      log.warn(`a ${role} process (${pid}) of an earlier Sluice on this spool does not end; killing it`);
      kill(role, pid);
      if (!(await isWithin(ended, killedWithinMs))) throw leftOver(role, pid);
    }
  }
  rmSync(path, { force: true });
}

function kill(role: string, pid: number): void {
  if (!isRole(role, pid)) throw leftOver(role, pid);
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It may have ended in this moment: then its socket closes.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw leftOver(role, pid);
  }
}

/** In another container the same process id may be somebody else's. Where there is no /proc, the name is believed. */
function isRole(role: string, pid: number): boolean {
  if (!existsSync('/proc/self/cmdline')) return true;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith(`sluice: ${role}`);
  } catch {
    return false;
  }
}

function leftOver(role: string, pid: number): StartError {
  return new StartError(
    'ROLE_LEFT_OVER',
    `Starting: the ${role} process ${pid} of an earlier Sluice still uses the spool and cannot be ended.`,
    `End it (kill -9 ${pid}; in a container: there), then start Sluice again.`,
  );
}

function signOf(spool: string, role: RoleName, pid: number): string {
  const { folder, prefix } = placeOfSigns(spool);
  return join(folder, `${prefix}${role}-${pid}.sock`);
}

/** All signs of a spool are in one folder: its own, or that for temporary files when its name is too long for a socket. */
function placeOfSigns(spool: string): { readonly folder: string; readonly prefix: string } {
  const path = socketPath(spool, longestName);
  return { folder: dirname(path), prefix: basename(path).slice(0, -longestName.length) };
}

function connectTo(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('error', () => resolve(undefined)); // nobody listens any more, or its end reset the connection
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
