// Whether the kernel would write a core of a process of Sluice, condition by condition (core(5)): each one that fails is a finding. Only
// asked where cores are wanted.

import type { CorePattern } from '../../crash/core-pattern.ts';
import { formatSize } from '../../values/size.ts';
import { error, type Finding, note, warning } from './finding.ts';

/** One process of a role. What this user may not see is undefined. */
export interface CoreProcess {
  readonly role: string;
  readonly pid: number;
  /** RLIMIT_CORE and RLIMIT_FSIZE in bytes, soft; Infinity for none. */
  readonly coreLimit: number | undefined;
  readonly fileLimit: number | undefined;
  /** What is in memory and in no file: the room that a core takes. */
  readonly memoryBytes: number | undefined;
  /** What it has reserved: the size of a core, which has holes. */
  readonly dataBytes: number | undefined;
  /** The kernel dumps it. Where the files in /proc/PID belong to root and the process does not, it does not. */
  readonly isDumpable: boolean | undefined;
  /** coredump_filter has anonymous memory and the headers of programs. */
  readonly isFilterFull: boolean | undefined;
}

export interface CoreFacts {
  readonly processes: readonly CoreProcess[];
  readonly pattern: CorePattern;
  /** As the kernel has it, for messages. */
  readonly patternText: string;
  /** fs.suid_dumpable: 0, 1 or 2. */
  readonly suidDumpable: number | undefined;
  /** Root starts Sluice, and each role becomes a user. */
  readonly dropsRoot: boolean;
  readonly isContainer: boolean;
  /** More than one process of some role. */
  readonly hasSeveral: boolean;
  /** Of a pipe. */
  readonly program: { readonly isThere: boolean; readonly stores: boolean } | undefined;
  /** Of a file. */
  readonly folder: FolderFacts | undefined;
  /** The users of the roles may read the program that runs, that is, Node. */
  readonly isProgramReadable: boolean | undefined;
  readonly programPath: string;
  readonly maxSize: number;
}

export interface FolderFacts {
  readonly path: string;
  readonly isThere: boolean;
  readonly isReadOnly: boolean;
  /** Users of roles who may not make files there. */
  readonly closedTo: readonly string[];
  readonly freeBytes: number | undefined;
}

/** Where a pattern of our own advice puts cores. */
const advisedPattern = '/var/crash/core.%e.%p';

export function coreFindings(facts: CoreFacts): readonly Finding[] {
  return [
    ...patternFindings(facts),
    ...limitFindings(facts),
    ...dumpableFindings(facts),
    ...(facts.folder === undefined ? [] : folderFindings(facts, facts.folder)),
  ];
}

function patternFindings(facts: CoreFacts): readonly Finding[] {
  const { pattern, patternText, program, isContainer, hasSeveral } = facts;
  if (pattern.kind === 'none') {
    return [
      error(
        'crash-core-nowhere',
        'kernel.core_pattern is empty, so the kernel writes no core of any program.',
        `sysctl -w kernel.core_pattern=${advisedPattern}, and the same line in a file of /etc/sysctl.d; mkdir -m 1777 /var/crash`,
      ),
    ];
  }
  const found: Finding[] = [];
  if (pattern.kind === 'pipe') {
    if (program?.stores === false)
      found.push(
        error(
          'crash-core-discarded',
          `kernel.core_pattern gives cores to ${patternText.slice(1)}, which keeps none of Sluice.`,
          keepingAdvice(pattern.program),
        ),
      );
    else if (isContainer)
      found.push(
        note(
          'crash-core-host',
          `Sluice runs in a container, and kernel.core_pattern is that of the host: it gives cores to ${pattern.program} outside of the container.`,
          'Look for cores on the host: coredumpctl list, or the folder of its program',
        ),
      );
    else if (program?.isThere === false)
      found.push(
        error(
          'crash-core-program',
          `kernel.core_pattern gives cores to ${pattern.program}, which is not there, or cannot be run: every core is lost.`,
          `apt install systemd-coredump; or sysctl -w kernel.core_pattern=${advisedPattern}`,
        ),
      );
    else
      found.push(
        note(
          'crash-core-piped',
          `kernel.core_pattern gives cores to ${pattern.program}, which decides whether and where they are kept.`,
          pattern.program.endsWith('systemd-coredump')
            ? '"coredumpctl list" shows them; ProcessSizeMax and ExternalSizeMax in /etc/systemd/coredump.conf limit them'
            : `Look into the manual of ${pattern.program}`,
        ),
      );
    return found;
  }
  if (!pattern.isOwn && (pattern.isAbsolute || hasSeveral))
    found.push(
      warning(
        'crash-core-overwritten',
        `kernel.core_pattern is "${patternText}" and kernel.core_uses_pid is 0: the core of one process replaces that of another.`,
        'sysctl -w kernel.core_uses_pid=1, and the same line in a file of /etc/sysctl.d',
      ),
    );
  return found;
}

function keepingAdvice(program: string): string {
  if (program.endsWith('systemd-coredump'))
    return 'Set Storage=external in /etc/systemd/coredump.conf; it holds from the next core on';
  if (program.endsWith('apport'))
    return `apport keeps cores of packages of the system alone: systemctl disable --now apport, and sysctl -w kernel.core_pattern=${advisedPattern}`;
  return `sysctl -w kernel.core_pattern=${advisedPattern}, and the same line in a file of /etc/sysctl.d`;
}

function limitFindings({ processes, maxSize, pattern }: CoreFacts): readonly Finding[] {
  const found: Finding[] = [];
  // A program that gets cores is told of the limit, and the kernel does not apply it.
  const isLimited = pattern.kind === 'file';
  const small = processes.filter(
    ({ coreLimit, memoryBytes = 0 }) => isLimited && coreLimit !== undefined && coreLimit < memoryBytes,
  );
  const [least] = small.toSorted((a, b) => (a.coreLimit ?? 0) - (b.coreLimit ?? 0));
  if (least !== undefined) {
    const what =
      least.coreLimit === 0
        ? 'writes no core of it'
        : `cuts its core off after ${formatSize(least.coreLimit ?? 0)}, and it has ${formatSize(least.memoryBytes ?? 0)} in memory`;
    const isOurs = (least.coreLimit ?? 0) >= maxSize;
    found.push(
      error(
        'crash-core-limit',
        `The limit for cores (RLIMIT_CORE) of the ${namesOf(small)} is ${formatSize(least.coreLimit ?? 0)}: the kernel ${what}.`,
        isOurs
          ? 'Set a larger max_size in [crash]'
          : 'LimitCORE=infinity in the unit of systemd (systemctl edit sluice); elsewhere "ulimit -H -c unlimited" before Sluice is started. Then restart Sluice',
      ),
    );
  }
  const narrow = processes.filter(
    ({ fileLimit, dataBytes = 0 }) => isLimited && fileLimit !== undefined && fileLimit < dataBytes,
  );
  const [one] = narrow;
  if (one !== undefined)
    found.push(
      error(
        'crash-core-file-limit',
        `The ${namesOf(narrow)} may write files of ${formatSize(one.fileLimit ?? 0)} at most (RLIMIT_FSIZE), and a core reaches ${formatSize(one.dataBytes ?? 0)}, with holes: it is cut off.`,
        'LimitFSIZE=infinity in the unit of systemd (systemctl edit sluice); elsewhere "ulimit -f unlimited" before Sluice is started. Then restart Sluice',
      ),
    );
  const filtered = processes.filter(({ isFilterFull }) => isFilterFull === false);
  if (filtered.length > 0)
    found.push(
      warning(
        'crash-core-filter',
        `A core of the ${namesOf(filtered)} would lack memory: its coredump_filter leaves some out.`,
        'CoredumpFilter=default in the unit of systemd, then restart Sluice; where cores = true in [crash], a process that Sluice starts anew has the default',
      ),
    );
  return found;
}

function dumpableFindings(facts: CoreFacts): readonly Finding[] {
  const { processes, suidDumpable, dropsRoot, pattern, isProgramReadable, programPath } = facts;
  const found: Finding[] = [];
  const closed = processes.filter(({ isDumpable }) => isDumpable === false);
  const isClosed = closed.length > 0 || (processes.length === 0 && dropsRoot);
  if (isProgramReadable === false)
    found.push(
      error(
        'crash-core-unreadable',
        `The users of the processes may not read ${programPath}, and the kernel writes no core of a program that its user may not read.`,
        `chmod a+r ${programPath}`,
      ),
    );
  if (isClosed && suidDumpable === 0 && isProgramReadable !== false)
    found.push(
      error(
        'crash-core-dumpable',
        `${closed.length > 0 ? `The ${namesOf(closed)}` : 'A process that root has started and that became another user'} was root once, and the kernel writes no core of such a process while fs.suid_dumpable is 0.`,
        'sysctl -w fs.suid_dumpable=2, and the same line in a file of /etc/sysctl.d, with an absolute kernel.core_pattern; or let the service manager start Sluice as its user (User= in the unit)',
      ),
    );
  const needsAbsolute = pattern.kind === 'file' && !pattern.isAbsolute;
  if (isClosed && suidDumpable === 2 && needsAbsolute)
    found.push(
      error(
        'crash-core-relative',
        'fs.suid_dumpable is 2, and then the kernel writes cores of processes that were root once only where kernel.core_pattern is absolute, or a program.',
        `sysctl -w kernel.core_pattern=${advisedPattern}, and the same line in a file of /etc/sysctl.d; mkdir -m 1777 /var/crash`,
      ),
    );
  return found;
}

function folderFindings({ processes }: CoreFacts, folder: FolderFacts): readonly Finding[] {
  const { path, isThere, isReadOnly, closedTo, freeBytes } = folder;
  if (!isThere)
    return [
      error(
        'crash-core-folder',
        `The kernel would write cores into ${path}, which is not there.`,
        `mkdir -m 1777 -p ${path}`,
      ),
    ];
  if (isReadOnly)
    return [
      error(
        'crash-core-read-only',
        `The kernel would write cores into ${path}, which Sluice may only read: it is mounted so, or by ProtectSystem of systemd.`,
        `ReadWritePaths=${path} in the unit of systemd (systemctl edit sluice); or mount -o remount,rw`,
      ),
    ];
  const found: Finding[] = [];
  if (closedTo.length > 0)
    found.push(
      error(
        'crash-core-closed',
        `The kernel would write cores into ${path}, where ${closedTo.join(' and ')} may not make files.`,
        `chmod 1777 ${path}`,
      ),
    );
  const largest = Math.max(0, ...processes.map(({ memoryBytes = 0 }) => memoryBytes));
  if (freeBytes !== undefined && freeBytes < largest)
    found.push(
      warning(
        'crash-core-space',
        `${path} has ${formatSize(freeBytes)} free, and a core of the largest process takes ${formatSize(largest)}.`,
        'Make room there, or set folder in [crash] to another disk',
      ),
    );
  return found;
}

function namesOf(processes: readonly CoreProcess[]): string {
  const roles = [...new Set(processes.map(({ role }) => role))];
  return `${roles.join(', ')} process${processes.length === 1 ? '' : 'es'}`;
}
