// The log: does anything keep its file from growing without end, and is there what takes it to syslog?

import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Check, Patient } from './check.ts';
import { error, type Finding, warning } from './finding.ts';

export interface LogFacts {
  /** Undefined: the log goes to no file. */
  readonly file: LogFileFacts | undefined;
  /** Undefined: the log goes to no syslog socket. */
  readonly syslog: SyslogFacts | undefined;
}

interface LogFileFacts {
  readonly path: string;
  readonly sizeBytes: number;
  /** What rotates it: Sluice, the name of another program's configuration file, or nothing. */
  readonly rotatedBy: readonly string[];
}

interface SyslogFacts {
  readonly socket: string;
  readonly isThere: boolean;
  /** Programs that are missing. */
  readonly missing: readonly string[];
}

/** A log of this size is worth a word though it may be young. */
const largeBytes = 1 << 30;

export const log: Check = {
  kind: 'log',
  subject: 'the log',
  look: (patient) => Promise.resolve(logFindings(logFacts(patient))),
};

export function logFindings({ file, syslog }: LogFacts): readonly Finding[] {
  return [
    ...(file === undefined ? [] : fileFindings(file)),
    ...(syslog === undefined ? [] : syslogFindings(syslog)),
  ];
}

function fileFindings({ path, sizeBytes, rotatedBy }: LogFileFacts): readonly Finding[] {
  if (rotatedBy.length === 0) {
    const size = sizeBytes >= largeBytes ? ` It has ${(sizeBytes / largeBytes).toFixed(1)} GiB already.` : '';
    return [
      warning(
        'log-endless',
        `Nothing rotates ${path}: no rotate_size and no rotate_every in [log], and no file of /etc/logrotate.d names it. It grows until its disk is full.${size}`,
        'write rotate_size = "100MiB" into [log], then: sluice reload',
      ),
    ];
  }
  if (rotatedBy.length === 1) return [];
  return [
    warning(
      'log-twice',
      `Several rotate ${path}: ${rotatedBy.join(' and ')}. Each may remove what the other one wants to keep.`,
      'take rotate_size and rotate_every out of [log], or the log out of logrotate',
    ),
  ];
}

function syslogFindings({ socket, isThere, missing }: SyslogFacts): readonly Finding[] {
  return [
    ...missing.map((program) =>
      error(
        'log-program',
        `The program ${program} is not installed, and the log goes to syslog through it: Sluice loses its log, or does not start.`,
        'apt-get install bsdutils coreutils',
      ),
    ),
    ...(isThere
      ? []
      : [
          error(
            'log-syslog',
            `The log goes to the syslog socket ${socket}, and there is none: lines are kept in memory up to a bound, and then lost.`,
            'start the syslog server (systemctl start rsyslog), or take syslog out of [log]',
          ),
        ]),
  ];
}

function logFacts({ config }: Patient): LogFacts {
  const { file, rotateSize, rotateEvery, syslog } = config.log;
  const own = rotateSize === undefined && rotateEvery === undefined ? [] : ['Sluice'];
  const found = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
  // A device or a pipe does not grow.
  const isFile = found?.isFile() ?? true;
  return {
    file:
      file === undefined || !isFile
        ? undefined
        : { path: file, sizeBytes: found?.size ?? 0, rotatedBy: [...own, ...logrotateFiles(file)] },
    syslog: syslog?.kind === 'unix' ? syslogFacts(syslog.path ?? '/dev/log') : undefined,
  };
}

const logrotateFolder = '/etc/logrotate.d';

/** The files of logrotate that name the log, or a pattern for its folder. */
function logrotateFiles(log: string): readonly string[] {
  try {
    return readdirSync(logrotateFolder)
      .map((name) => join(logrotateFolder, name))
      .filter((path) => namesLog(readFileSync(path, 'utf8'), log));
  } catch {
    return []; // no logrotate here
  }
}

/** A log is named before the braces, perhaps by a pattern such as `/var/log/sluice/*.log`. */
export function namesLog(text: string, log: string): boolean {
  const folder = log.slice(0, log.length - basename(log).length);
  return text
    .split('\n')
    .filter((line) => !line.trim().startsWith('#'))
    .flatMap((line) => line.split(/[\s"{]+/))
    .some(
      (word) => word === log || (word.startsWith(folder) && /^[^/]*\*[^/]*$/.test(word.slice(folder.length))),
    );
}

function syslogFacts(socket: string): SyslogFacts {
  const isThere = statSync(socket, { throwIfNoEntry: false })?.isSocket() ?? false;
  return { socket, isThere, missing: ['logger', 'mkfifo'].filter((name) => !isInstalled(name)) };
}

function isInstalled(program: string): boolean {
  return ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
