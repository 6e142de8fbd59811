// Errors of the queue store. Each code is stable; the message says which file or message was concerned.

import { SluiceError } from '../errors/sluice-error.ts';

export type SpoolErrorCode =
  /** The reserve would be eaten; nothing was written. */
  | 'SPOOL_FULL'
  /** A write or sync failed; the message is not in the spool. */
  | 'SPOOL_WRITE_FAILED'
  /** A checksum does not hold. */
  | 'SPOOL_CORRUPT'
  /** The system could not read it: no open file left, no right, an error of the disk. It may go better later. */
  | 'SPOOL_UNREADABLE'
  /** The segment, record or file is gone. */
  | 'SPOOL_MISSING'
  /** The directory holds another format version, or no spool at all. */
  | 'SPOOL_FORMAT'
  /** A folder of the spool is gone. */
  | 'SPOOL_FOLDER_MISSING'
  /** This user may not read or write it. */
  | 'SPOOL_DENIED'
  /** A queue id or envelope that cannot be stored. */
  | 'SPOOL_BAD_ENVELOPE'
  /** The store was used before `recover` or after `close`. */
  | 'SPOOL_NOT_OPEN';

const advice: Record<SpoolErrorCode, string> = {
  SPOOL_FULL: 'Free space on the file system of the spool, or lower the reserve.',
  SPOOL_WRITE_FAILED: 'Look at the system log for errors of the disk or file system.',
  SPOOL_CORRUPT: 'Run "sluice spool check" to see what else is damaged.',
  SPOOL_UNREADABLE: 'Look at the system log for errors of the disk, and at the rights of the spool.',
  SPOOL_MISSING: 'If the file was removed by hand, the message is lost; remove it from the queue.',
  SPOOL_FORMAT: 'Use the version of Sluice that wrote this spool, or point to another directory.',
  SPOOL_FOLDER_MISSING:
    'Is its disk mounted? Bring the folder back from a copy. If nothing of it is left, make an empty one of this name: what was in it is lost.',
  SPOOL_DENIED: 'Run this command as the user that runs Sluice, or as root.',
  SPOOL_BAD_ENVELOPE: '',
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

/** Rights are missing: another user is needed, not another version or disk. */
export function isDenied(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'EACCES' || code === 'EPERM';
}

/**
 * The system's words, without what they were about, which differs from one failure to the next:
 * `EROFS: read-only file system`. Of anything else, the message.
 */
export function systemWords(error: unknown): string {
  const origin = error instanceof SpoolError && error.cause !== undefined ? error.cause : error;
  if (!(origin instanceof Error)) return String(origin);
  const [words = ''] = systemCode(origin) === '' ? [origin.message] : origin.message.split(', ');
  return words;
}

/** True when a write failed because the disk or the quota is used up. */
export function isOutOfRoom(error: unknown): boolean {
  const code = systemCode(error instanceof SpoolError ? error.cause : error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** True when a write failed for want of room, or of the right to use it: the file is as it was, and may be written later. */
export function isWithoutRoom(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EROFS'].includes(systemCode(error));
}

/** True for what a disk does that may end by itself; a wrong folder or missing rights do not. */
export function isPassing(error: unknown): boolean {
  return isWithoutRoom(error) || systemCode(error) === 'EIO';
}

/** The stored message is not as it was written, or gone: trying again finds the same. */
export function isDamage(error: unknown): error is SpoolError {
  return error instanceof SpoolError && (error.code === 'SPOOL_CORRUPT' || error.code === 'SPOOL_MISSING');
}

/** Wraps what a write or sync threw: no space is `SPOOL_FULL`, anything else `SPOOL_WRITE_FAILED`. */
export function writeError(doing: string, cause: unknown): SpoolError {
  if (cause instanceof SpoolError) return cause;
  const full = isOutOfRoom(cause);
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SpoolError(full ? 'SPOOL_FULL' : 'SPOOL_WRITE_FAILED', `${doing}: ${why}`, { cause });
}
