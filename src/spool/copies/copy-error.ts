// Errors of backups, restores and rescues.

import { SluiceError } from '../../errors/sluice-error.ts';
import { SpoolError, systemErrorText } from '../spool-error.ts';

export type CopyErrorCode =
  /** Something is already where a copy should be written. */
  | 'COPY_EXISTS'
  /** The copy could not be written; what was written of it was removed. */
  | 'COPY_FAILED'
  /** Another process is writing this copy. */
  | 'COPY_RUNNING'
  /** Somebody has ended the command; what was written was removed. */
  | 'COPY_CANCELLED'
  /** A folder is no complete backup. */
  | 'BACKUP_INCOMPLETE'
  /** Files of a backup are missing, or are not as they were written. */
  | 'BACKUP_DAMAGED';

export class CopyError extends SluiceError {
  constructor(code: CopyErrorCode, message: string, advice: string, cause?: unknown) {
    super(code, message, advice, { cause });
  }
}

/** Awaits what writes to the copy in `folder`, and names the folder when that fails. @throws {CopyError} `COPY_FAILED` */
export async function writing<Result>(folder: string, written: Promise<Result>): Promise<Result> {
  try {
    return await written;
  } catch (error) {
    if (error instanceof CopyError) throw error;
    const why =
      error instanceof SpoolError && error.cause === undefined ? error.message : systemErrorText(error);
    throw new CopyError(
      'COPY_FAILED',
      `Writing ${folder}: ${why}.`,
      'Give a folder that this user may write, on a disk with room.',
      error,
    );
  }
}
