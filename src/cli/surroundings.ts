// Finds what would be missing if Sluice were started here now: folders, ports, addresses, open files, space. Changes nothing.

import { accessSync, constants, lstatSync, statfsSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../config/config.ts';
import { socketPathProblem } from '../config/problems/socket-paths.ts';
import { systemReason } from '../config/read/config-error.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { controlResult } from '../control/control-client.ts';
import { ControlError } from '../control/control-error.ts';
import { formatEndpoint } from '../values/endpoint.ts';
import { includesAddress, type ListenAddress, parseListenAddress } from '../values/listen-address.ts';
import { bindProblem } from '../io/bind-problem.ts';
import { answers } from '../io/unix-listener.ts';
import { shortageText } from '../settings/capacity.ts';
import { queueDiskProblems } from './queue-disk-problems.ts';
import { diskProblemNow } from '../process/watch/disk-watch.ts';
import { isLocked } from '../process/running/instance-lock.ts';
import { capacityHere } from '../settings/system-facts.ts';

/** File systems of the kernel (statfs(2)): nobody can make a file there, whatever the rights say. */
const kernelFileSystems: ReadonlySet<number> = new Set([0x9fa0 /* proc */, 0x62656572 /* sysfs */]);

/** Everything that is missing for the user who runs this command. */
export async function surroundings(config: Config): Promise<ConfigWarning[]> {
  return [
    ...placeProblems(config),
    ...(await addressProblems(config, await heldListeners(config))),
    ...resourceProblems(config),
  ];
}

/** The addresses of listeners that a running Sluice has; those of the configuration when it cannot be asked, or seen. Empty when none runs. */
export async function heldListeners(config: Config): Promise<readonly ListenAddress[]> {
  const isRunning = (await isLocked(config.spool)) || (await answers(config.controlSocket));
  if (!isRunning) return mayLook(config) ? [] : config.listen.map(({ address }) => address);
  try {
    const { listeners } = await controlResult(config.controlSocket, { operation: 'tls' });
    return listeners.map(({ address }) => parseListenAddress(address));
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    return config.listen.map(({ address }) => address);
  }
}

/** Whether this user can see whether a Sluice runs: the folders of its lock and of its control socket may be closed. */
function mayLook({ spool, controlSocket }: Config): boolean {
  try {
    for (const path of [join(spool, 'lock.sock'), controlSocket]) lstatSync(path, { throwIfNoEntry: false });
    return true;
  } catch {
    return false;
  }
}

/** Whether the running Sluice listens there, or on an address that includes it or is in it: a reload gives that up first. */
export function isHeld(address: ListenAddress, held: readonly ListenAddress[]): boolean {
  return held.some((each) => includesAddress(each, address) || includesAddress(address, each));
}

/** Folders and sockets that the user who runs this command could not make or write. */
export function placeProblems({
  spool,
  controlSocket,
  submissionSocket,
  listen,
  log,
}: Config): ConfigWarning[] {
  const found: (readonly [key: readonly (string | number)[], problem: string | undefined])[] = [
    [['spool'], folderProblem(spool)],
    [['control_socket'], socketProblem(controlSocket)],
    [['submission_socket'], socketProblem(submissionSocket)],
    ...listen.map(
      ({ address }, index) =>
        [
          ['listen', index, 'address'],
          address.kind === 'unix' ? socketProblem(address.path) : undefined,
        ] as const,
    ),
    [['log', 'file'], log.file === undefined ? undefined : fileProblem(log.file)],
    [['log', log.rotateSize === undefined ? 'rotate_every' : 'rotate_size'], rotationProblem(log)],
  ];
  return found.flatMap(([path, message]) => (message === undefined ? [] : [{ path, message }]));
}

/** The problem of a folder that Sluice makes if it is missing; undefined: there is none. */
function folderProblem(path: string): string | undefined {
  let there = path;
  try {
    while (statSync(there, { throwIfNoEntry: false }) === undefined) there = dirname(there);
  } catch (error) {
    return `${there} cannot be used: ${writeReason(error)}`;
  }
  if (!statSync(there).isDirectory()) return `${there} is no folder`;
  if (kernelFileSystems.has(statfsSync(there).type))
    return `no folder can be made in ${there}: it belongs to the kernel`;
  return writeProblem(there, constants.W_OK | constants.X_OK);
}

function socketProblem(path: string): string | undefined {
  const tooLong = socketPathProblem(path);
  if (tooLong !== undefined) return tooLong;
  const inFolder = folderProblem(dirname(path));
  if (inFolder !== undefined) return inFolder;
  const there = lstatSync(path, { throwIfNoEntry: false });
  return there === undefined || there.isSocket() ? undefined : `${path} is there already, and is no socket`;
}

/** The problem of a file that Sluice appends to; Sluice does not make its folder. */
function fileProblem(path: string): string | undefined {
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory() === true) return `${path} is a folder`;
    if (there !== undefined) return writeProblem(path, constants.W_OK);
  } catch (error) {
    return `${path} cannot be used: ${writeReason(error)}`;
  }
  const folder = dirname(path);
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return `the folder ${folder} does not exist`;
  return folderProblem(folder);
}

/** A file is renamed in its folder. */
function rotationProblem({ file, rotateSize, rotateEvery }: Config['log']): string | undefined {
  if (file === undefined || (rotateSize === undefined && rotateEvery === undefined)) return undefined;
  const folder = dirname(file);
  // A missing folder is the problem of the file.
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return undefined;
  const problem = writeProblem(folder, constants.W_OK | constants.X_OK);
  return problem === undefined ? undefined : `the log cannot be rotated: ${problem}`;
}

function writeProblem(path: string, rights: number): string | undefined {
  try {
    accessSync(path, rights);
    return undefined;
  } catch (error) {
    return `${path} cannot be written: ${writeReason(error)}`;
  }
}

function writeReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EACCES' || code === 'EPERM') return `the user ${userName()} may not`;
  if (code === 'EROFS') return 'its file system is read-only';
  return systemReason(error);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? ''); // a number without a name
  }
}

/** @param held - by the running Sluice itself */
async function addressProblems(
  { listen, source }: Config,
  held: readonly ListenAddress[],
): Promise<ConfigWarning[]> {
  const found: ConfigWarning[] = [];
  for (const [index, { address }] of listen.entries()) {
    if (address.kind === 'unix' || isHeld(address, held)) continue;
    const problem = await bindProblem(address.host, address.port);
    const where = formatEndpoint(address);
    const path = ['listen', index, 'address'];
    if (problem === 'EADDRINUSE') {
      found.push({ path, message: `the port of ${where} is in use by another program` });
    } else if (problem === 'EACCES') {
      const message = `the user ${userName()} may not listen on ${where}: ports below 1024 need root or CAP_NET_BIND_SERVICE`;
      found.push({ path, message });
    } else if (problem !== undefined) {
      found.push({ path, message: noSuchAddress(address.host) });
    }
  }
  for (const [index, { address }] of source.entries()) {
    if ((await bindProblem(address, 0)) === undefined) continue;
    found.push({ path: ['source', index, 'address'], message: noSuchAddress(address) });
  }
  return found;
}

function noSuchAddress(address: string): string {
  return `this host does not have the address ${address}`;
}

function resourceProblems(config: Config): ConfigWarning[] {
  const shortages = capacityHere(config).shortages.map((each) => ({
    path: [each.code === 'CAPACITY_RECEIVER_FILES' ? 'receive' : 'deliver', 'max_connections'],
    message: `if started from here, ${shortageText(each)}`,
  }));
  const disk = diskProblemNow(config);
  const found = [...shortages, ...queueDiskProblems(config)];
  return disk === undefined
    ? found
    : [...found, { path: ['queue', 'reserve'], message: `${disk.text} ${disk.advice}` }];
}
