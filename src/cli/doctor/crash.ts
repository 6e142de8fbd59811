// Crashes: those of the last days, whether something would be kept of the next one, and whether the kernel would write its core.

import { access, constants, realpath, stat, statfs } from 'node:fs/promises';
import { newFolderOf } from '../../crash/crash-folder.ts';
import { type KeptCrash, readCrashes } from '../../crash/read-crashes.ts';
import { coreFolder, type CorePattern, fixedFolder, parseCorePattern } from '../../crash/core-pattern.ts';
import { roleUsers } from '../../process/privileges/role-users.ts';
import type { Check, Patient } from './check.ts';
import { coreFindings, type CoreFacts, type CoreProcess, type FolderFacts } from './cores.ts';
import { type Finding, note, notSeen, warning } from './finding.ts';
import { mountOf } from './mount.ts';
import { systemNumber, systemText } from './system-text.ts';

const recentMs = 7 * 86_400_000;

export const crash: Check = {
  kind: 'crash',
  subject: 'crashes and cores',
  look: async (patient) => [...recentFindings(patient), ...(await coreFindingsOf(patient))],
};

function recentFindings({ config }: Patient): readonly Finding[] {
  let crashes: readonly KeptCrash[];
  try {
    crashes = readCrashes(config.crash.folder);
  } catch {
    return [
      notSeen(
        `Whether processes have crashed is not known: this user may not read ${config.crash.folder}.`,
        'Run "sluice doctor" as root, or as the user that runs Sluice.',
      ),
    ];
  }
  return crashFindings(crashes, Date.now());
}

/** @param nowMs - Unix ms */
export function crashFindings(crashes: readonly KeptCrash[], nowMs: number): readonly Finding[] {
  const recent = crashes.filter(({ record }) => nowMs - Date.parse(record.endedAt) < recentMs);
  const [last] = recent;
  if (last === undefined) return [];
  const count =
    recent.length === 1 ? 'A process has crashed' : `Processes have crashed ${recent.length} times`;
  return [
    warning(
      'crash-recent',
      `${count} in the last seven days, the ${last.record.process} at ${last.record.endedAt}: ${last.record.words}`,
      '"sluice doctor --crash" shows what was in hand, and where reports and cores are',
    ),
  ];
}

async function coreFindingsOf(patient: Patient): Promise<readonly Finding[]> {
  const { crash: wanted, processes } = patient.config;
  if (!wanted.cores) return [];
  if (processes.singleProcess)
    return [
      note(
        'crash-core-single',
        'cores = true in [crash] has no effect with processes.single_process = true: no supervisor is there to ask for cores.',
        'Set single_process = false; or "ulimit -c unlimited" before Sluice is started',
      ),
    ];
  const pattern = await systemText('/proc/sys/kernel/core_pattern');
  if (pattern === undefined)
    return [
      notSeen(
        'Whether this system writes cores is not known: there is no /proc/sys/kernel/core_pattern.',
        'Test it with "sluice crash-test sender --by segv", when connections may be interrupted.',
      ),
    ];
  const usesPid = (await systemNumber('/proc/sys/kernel/core_uses_pid')) === 1;
  return coreFindings(await coreFacts(patient, pattern.trimEnd(), parseCorePattern(pattern, usesPid)));
}

async function coreFacts(patient: Patient, patternText: string, pattern: CorePattern): Promise<CoreFacts> {
  const { config, processes: found } = patient;
  const roles = found.kind === 'running' ? found.roles : [];
  const users = roleUsers(config);
  const processes = await Promise.all(roles.map(async (each) => coreProcess(each.role, each.pid)));
  const programPath = await realpath(process.execPath);
  return {
    processes: processes.filter((each) => each !== undefined),
    pattern,
    patternText,
    suidDumpable: await systemNumber('/proc/sys/fs/suid_dumpable'),
    dropsRoot: users !== undefined,
    isContainer: await isContainer(),
    hasSeveral: config.processes.receivers > 1 || config.processes.senders > 1,
    program: pattern.kind === 'pipe' ? await programFacts(pattern.program) : undefined,
    folder: pattern.kind === 'file' ? await folderFacts(pattern, patient) : undefined,
    isProgramReadable: await mayRead(programPath, users === undefined ? undefined : Object.values(users.of)),
    programPath,
    maxSize: config.crash.maxSize,
  };
}

async function coreProcess(role: string, pid: number): Promise<CoreProcess | undefined> {
  const [limits, status, filter, owner] = await Promise.all([
    systemText(`/proc/${pid}/limits`),
    systemText(`/proc/${pid}/status`),
    systemText(`/proc/${pid}/coredump_filter`),
    // The folder itself always belongs to the user of the process; its files do so only when the process is dumpable (proc_pid(5)).
    stat(`/proc/${pid}/status`).catch(() => undefined),
  ]);
  if (owner === undefined) return undefined;
  const uid = numberIn(status, /^Uid:\s+\d+\s+(\d+)/mu);
  const bits = filter === undefined ? Number.NaN : Number.parseInt(filter, 16);
  return {
    role,
    pid,
    coreLimit: limitIn(limits, 'Max core file size'),
    fileLimit: limitIn(limits, 'Max file size'),
    memoryBytes: kilobytes(status, 'RssAnon'),
    dataBytes: kilobytes(status, 'VmData'),
    // Of root itself nothing can be told by the owner.
    isDumpable: uid === undefined || uid === 0 ? undefined : owner.uid === uid,
    isFilterFull: Number.isNaN(bits) ? undefined : (bits & fullFilter) === fullFilter,
  };
}

/** Anonymous memory, private and shared, and the headers of programs (core(5)). */
const fullFilter = 0b1_0011;

function limitIn(limits: string | undefined, name: string): number | undefined {
  const soft = new RegExp(`^${name}\\s+(\\S+)`, 'mu').exec(limits ?? '')?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Infinity : Number(soft);
}

function kilobytes(status: string | undefined, name: string): number | undefined {
  const found = numberIn(status, new RegExp(`^${name}:\\s+(\\d+) kB`, 'mu'));
  return found === undefined ? undefined : found * 1024;
}

function numberIn(text: string | undefined, pattern: RegExp): number | undefined {
  const found = pattern.exec(text ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Marks that the usual programs for containers leave. */
export async function isContainer(): Promise<boolean> {
  const marks = ['/.dockerenv', '/run/.containerenv', '/run/systemd/container'];
  const found = await Promise.all(marks.map((path) => systemText(path)));
  if (found.some((each) => each !== undefined)) return true;
  return /(?:docker|kubepods|containerd|lxc)/u.test((await systemText('/proc/1/cgroup')) ?? '');
}

async function programFacts(program: string): Promise<NonNullable<CoreFacts['program']>> {
  const isThere = await access(program, constants.X_OK).then(
    () => true,
    () => false,
  );
  return { isThere, stores: await stores(program) };
}

async function stores(program: string): Promise<boolean> {
  if (/\/(?:false|true|null)$/u.test(program)) return false;
  // It keeps cores of programs that packages have installed, and Sluice's Node is none where it comes from npm.
  if (program.endsWith('/apport')) return false;
  if (!program.endsWith('systemd-coredump')) return true;
  const text = (await systemText('/etc/systemd/coredump.conf')) ?? '';
  return !/^\s*Storage\s*=\s*none\s*$/imu.test(text);
}

/** Of the folder into which a core of a sender would go. */
async function folderFacts(
  pattern: CorePattern,
  { config, processes }: Patient,
): Promise<FolderFacts | undefined> {
  if (pattern.kind !== 'file') return undefined;
  const own = newFolderOf(config.crash.folder, 'sender');
  const folder = coreFolder(pattern, own) ?? fixedFolder(pattern.folder ?? '/');
  const found = await stat(folder).catch(() => undefined);
  // Sluice makes its own folders when it starts.
  const isOwn = folder === own;
  if (found === undefined && isOwn) return undefined;
  if (found?.isDirectory() !== true)
    return { path: folder, isThere: false, isReadOnly: false, closedTo: [], freeBytes: undefined };
  // As the processes see it: systemd gives a unit mounts of its own.
  const [{ pid = 'self' } = {}] = processes.kind === 'running' ? processes.roles : [];
  const mountinfo =
    (await systemText(`/proc/${pid}/mountinfo`)) ?? (await systemText('/proc/self/mountinfo')) ?? '';
  const mount = mountOf(mountinfo, await realpath(folder));
  const { bavail, bsize } = await statfs(folder);
  const users = roleUsers(config);
  const closedTo = isOwn ? [] : closedUsers(found, users === undefined ? undefined : Object.values(users.of));
  return {
    path: folder,
    isThere: true,
    isReadOnly: mount?.options.includes('ro') === true,
    closedTo: [...new Set(closedTo)],
    freeBytes: bavail * bsize,
  };
}

interface Rights {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

interface Somebody {
  readonly user: string;
  readonly uid: number;
  readonly groups: readonly number[];
}

/** Those who may not make files in a folder. @param users - undefined: this user runs Sluice */
function closedUsers(folder: Rights, users: readonly Somebody[] | undefined): readonly string[] {
  const all = users ?? [caller()];
  return all.filter((each) => !hasRights(folder, each, 0o3)).map(({ user }) => `the user ${user}`);
}

async function mayRead(path: string, users: readonly Somebody[] | undefined): Promise<boolean | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  return (users ?? [caller()]).every((each) => hasRights(found, each, 0o4));
}

function caller(): Somebody {
  const uid = process.geteuid?.() ?? 0;
  return { user: String(uid), uid, groups: process.getgroups?.() ?? [] };
}

function hasRights({ uid, gid, mode }: Rights, somebody: Somebody, needed: number): boolean {
  if (somebody.uid === 0) return true;
  const shift = uid === somebody.uid ? 6 : somebody.groups.includes(gid) ? 3 : 0;
  return ((mode >> shift) & needed) === needed;
}
