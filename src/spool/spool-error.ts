// Errors of the queue store. Each code is stable; the message names the file or the message.

import { SluiceError } from '../errors/sluice-error.ts';

export type SpoolErrorCode =
  /** The disk is full, or writing would use the reserve; nothing was stored. */
  | 'SPOOL_FULL'
  /** A write or sync failed; nothing was stored. */
  | 'SPOOL_WRITE_FAILED'
  /** A checksum does not match. */
  | 'SPOOL_CORRUPT'
  /** The system could not read a file: no file descriptor left, no permission, a disk error. A later attempt may succeed. */
  | 'SPOOL_UNREADABLE'
  /** The segment, record or file is missing. */
  | 'SPOOL_MISSING'
  /** A link, folder, pipe, device or far too large file is where a file of the spool belongs; it is not read. */
  | 'SPOOL_FOREIGN'
  /** The directory has another format version, or no spool. */
  | 'SPOOL_FORMAT'
  /** A folder of the spool is missing. */
  | 'SPOOL_FOLDER_MISSING'
  /** This user may not read or write the spool. */
  | 'SPOOL_DENIED'
  /** A queue id or envelope that cannot be stored. */
  | 'SPOOL_BAD_ENVELOPE'
  /** An operator has stopped the queue whose store it is. */
  | 'SPOOL_STOPPED'
  /** The store was used before `recover` or after `close`. */
  | 'SPOOL_NOT_OPEN';

const advice: Record<SpoolErrorCode, string> = {
  SPOOL_FULL: 'Free space on the file system of the spool, or lower the reserve.',
  SPOOL_WRITE_FAILED: 'Look at the system log for errors of the disk or file system.',
  SPOOL_CORRUPT: 'Run "sluice spool check" to see what else is damaged.',
  SPOOL_UNREADABLE: 'Look at the system log for errors of the disk, and at the rights of the spool.',
  SPOOL_MISSING: 'If the file was removed by hand, the message is lost; remove it from the queue.',
  SPOOL_FOREIGN: 'Sluice does not make such things: look who made it and when, then move it away.',
  SPOOL_FORMAT:
    'Start the version of Sluice that wrote this spool, so that its mail is delivered; or set spool = "..." to another folder, where a new queue begins and the mail of this one is left.',
  SPOOL_FOLDER_MISSING:
    'Is its disk mounted? Restore the folder from a copy. If there is none, make an empty folder with this name: its contents are lost.',
  SPOOL_DENIED:
    'Run this command as root, or as the user that runs Sluice. With [users], run it as root: only root may read the spool and ask the running Sluice.',
  SPOOL_BAD_ENVELOPE: '',
  SPOOL_STOPPED: '"sluice queue start --queue NAME" starts it again.',
  SPOOL_NOT_OPEN: '',
};

export class SpoolError extends SluiceError {
  constructor(code: SpoolErrorCode, message: string, options?: ErrorOptions & { readonly advice?: string }) {
    super(code, message, options?.advice ?? advice[code], options);
  }
}

/** The code of a failed system call, e.g. `ENOENT`; empty for anything else. */
export function systemCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return '';
}

/** True when permission is missing: another user is needed, not another version or disk. */
export function isDenied(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'EACCES' || code === 'EPERM';
}

/**
 * The text of a system error without the call and path, which differ from one failure to the next:
 * `EROFS: read-only file system`. For any other error, its message.
 */
export function systemErrorText(error: unknown): string {
  const origin = error instanceof SpoolError && error.cause !== undefined ? error.cause : error;
  if (!(origin instanceof Error)) return String(origin);
  const [words = ''] = systemCode(origin) === '' ? [origin.message] : origin.message.split(', ');
  return words;
}

/** True when a write failed because the disk or the quota is used up. */
export function isDiskFull(error: unknown): boolean {
  const code = systemCode(error instanceof SpoolError ? error.cause : error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** True when a write failed because the disk is full or read-only: the file is unchanged, and may be written later. */
export function isDiskFullOrReadOnly(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EROFS'].includes(systemCode(error));
}

/** True for errors of a disk that may end by themselves; a wrong folder or missing permission does not. */
export function isTransientDiskError(error: unknown): boolean {
  return isDiskFullOrReadOnly(error) || systemCode(error) === 'EIO';
}

const damageCodes: ReadonlySet<string> = new Set(['SPOOL_CORRUPT', 'SPOOL_MISSING', 'SPOOL_FOREIGN']);

/** True when the stored message is damaged or missing: another attempt gives the same result. */
export function isDamage(error: unknown): error is SpoolError {
  return error instanceof SpoolError && damageCodes.has(error.code);
}

/** Wraps an error of a write or sync: `SPOOL_FULL` if the disk is full, otherwise `SPOOL_WRITE_FAILED`. */
export function writeError(doing: string, cause: unknown): SpoolError {
  if (cause instanceof SpoolError) return cause;
  const full = isDiskFull(cause);
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SpoolError(full ? 'SPOOL_FULL' : 'SPOOL_WRITE_FAILED', `${doing}: ${why}`, { cause });
}
