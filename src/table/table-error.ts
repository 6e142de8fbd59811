// Errors of tables. Codes: docs/errors.md.

import { systemReason } from '../config/read/config-error.ts';
import { SluiceError } from '../errors/sluice-error.ts';
import { maxValues } from './table.ts';

export class TableError extends SluiceError {}

/** A file that does not hold what its kind of table asks for. */
export function brokenTable(what: string, advice = ''): TableError {
  return new TableError('TABLE_BROKEN', what, advice);
}

/** A key with more values than a table may answer. */
export function tooManyValues(key: string): TableError {
  return brokenTable(`the key ${JSON.stringify(key)} has more than ${maxValues} values`);
}

/** Why a table cannot be read. */
export interface TableProblem {
  /** A clause without a final period. */
  readonly text: string;
  /** It lies in what the file holds: reading it again would not help. */
  readonly isOfContent: boolean;
}

/** The problem that an error of reading a table tells of. */
export function problemOf(error: unknown): TableProblem {
  if (!(error instanceof TableError)) return { text: systemReason(error), isOfContent: false };
  return { text: error.message, isOfContent: error.code === 'TABLE_BROKEN' };
}
