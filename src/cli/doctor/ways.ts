// Programs and archives of [[route]] tables, judged: can they run and be written, is there room, and do they fail? The facts are gathered by
// `ways-facts.ts`.

import { sizeText } from '../../process/watch/disk-watch.ts';
import { error, type Finding, notSeen, warning } from './finding.ts';

export interface WaysFacts {
  readonly programs: readonly ProgramFault[];
  /** Users that programs should run as, and who cannot be. */
  readonly users: readonly Fault[];
  /** Files and folders of archives that cannot be written. */
  readonly archives: readonly Fault[];
  readonly disks: readonly ArchiveDisk[];
  readonly failing: readonly FailingWay[];
  /** What this user may not look at: clauses. */
  readonly unseen: readonly string[];
}

interface Fault {
  /** As `routeName` says it. */
  readonly route: string;
  /** A clause. */
  readonly reason: string;
}

export interface ProgramFault extends Fault {
  /** It does not run at all; otherwise others may change it. */
  readonly isFatal: boolean;
}

export interface ArchiveDisk {
  readonly route: string;
  readonly folder: string;
  readonly freeBytes: number;
  readonly allBytes: number;
  /** Undefined where the file system makes them as they are needed. */
  readonly freeInodes: number | undefined;
}

export interface FailingWay {
  readonly route: string;
  /** Recipients that wait after a failed attempt. */
  readonly recipients: number;
  /** There may be more of them. */
  readonly isAtLeast: boolean;
  /** Of one of them. */
  readonly lastError: string;
  readonly name: string;
}

/** Less is no room: one message may have this size. */
const noRoomBytes = 64 * 1024 * 1024;
/** From here on it is worth a word, unless the disk is so large that this is much. */
const nearlyFull = 0.05;
const muchBytes = 10 * 1024 ** 3;
const fewInodes = 1_000;

export function waysFindings(facts: WaysFacts): readonly Finding[] {
  return [
    ...facts.programs.map(({ route, reason, isFatal }) =>
      isFatal
        ? error(
            'ways-program',
            `The program of ${route} does not run: ${reason}. Its mail waits.`,
            'Install the program, or correct pipe in the [[route]], then: sluice check && sluice reload',
          )
        : warning(
            'ways-program-open',
            `The program of ${route} can become another one: ${reason}.`,
            'Give the program and its folder to root: chown root FILE && chmod go-w FILE',
          ),
    ),
    ...facts.users.map(({ route, reason }) =>
      error(
        'ways-user',
        `The program of ${route} does not run: ${reason}. Its mail waits.`,
        'Make the user (useradd --system --shell /usr/sbin/nologin NAME), or name another one with as in the [[route]]',
      ),
    ),
    ...facts.archives.map(({ route, reason }) =>
      error(
        'ways-archive',
        `The archive of ${route} cannot be written: ${reason}. Its mail waits.`,
        'Make its folder for the user of the sender processes: install -d -o sluice -m 700 FOLDER',
      ),
    ),
    ...facts.disks.flatMap(diskFindings),
    ...facts.failing.map(failingFinding),
    ...facts.unseen.map((what) =>
      notSeen(`${what}.`, 'Run "sluice doctor" as root, or as the user that runs Sluice.'),
    ),
  ];
}

function failingFinding({ route, name, recipients, isAtLeast, lastError }: FailingWay): Finding {
  const many =
    recipients === 1 ? '1 recipient of this route waits' : `${recipients} recipients of this route wait`;
  const quoted = `'${name.replaceAll("'", "'\\''")}'`;
  return warning(
    'ways-failing',
    `Mail of ${route} fails: ${isAtLeast ? 'at least ' : ''}${many} after failed attempts. One of them: ${lastError}.`,
    `sluice queue list --route ${quoted} shows them; when the cause is gone: sluice queue retry --route ${quoted}`,
  );
}

function diskFindings({ route, folder, freeBytes, allBytes, freeInodes }: ArchiveDisk): readonly Finding[] {
  const mend = `Move old files of the archive away, or the archive to a larger disk; "df -h ${folder}" shows the room`;
  const room = `The disk of ${folder}, the archive of ${route}, has ${sizeText(freeBytes)} of ${sizeText(allBytes)} free`;
  if (freeBytes < noRoomBytes)
    return [error('ways-disk', `${room}: its mail waits as soon as a message has no room.`, mend)];
  if (freeBytes < muchBytes && freeBytes < allBytes * nearlyFull)
    return [warning('ways-disk', `${room}: when it is full, mail of the archive waits.`, mend)];
  if (freeInodes === undefined || freeInodes >= fewInodes) return [];
  return [
    warning(
      'ways-disk',
      `The disk of ${folder}, the archive of ${route}, has ${freeInodes} inodes free: a Maildir needs one for each message.`,
      mend,
    ),
  ];
}
