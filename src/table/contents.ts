// One version of a table's data, and how a kind of table opens one. A version never changes: a new one takes its place.

import type { FileHandle } from 'node:fs/promises';
import type { RuleSet } from './rules/rule-set.ts';
import type { Answer } from './table.ts';

/** One version of a table's data. */
export interface Contents {
  /** As `Table.lookup`. */
  lookup(keys: readonly string[]): readonly Answer[] | Promise<readonly Answer[]>;
  /** As `Table.lookupFirst`. */
  lookupFirst?(keys: readonly string[]): Answer | Promise<Answer>;
  /** As `Table.lookupAtOnce`. */
  lookupAtOnce?(keys: readonly string[]): readonly Answer[] | undefined;
  /** The rules for clients, of a table that has some. They can be used after `close`, too. */
  readonly rules?: RuleSet | undefined;
  /** For the log: what it holds, such as `1200 keys`. */
  readonly summary: string;
  /** What is probably not meant, for `sluice check` and the log: one clause each, without a final period. */
  readonly warnings: readonly string[];
  /** Lines that cannot be read, where the others are used all the same: one clause each. */
  readonly faults?: readonly string[];
  /** Calls back with each key and value, in the order of the file, for whoever checks them; not given: the kind cannot tell them. */
  readonly readAll?: (take: (key: string, value: string) => void) => Promise<void>;
  /** The file looks as if its end were missing, which is usual while it is being written. */
  readonly endsEarly: boolean;
  /** False when its file was overwritten where it is, so that it can answer nothing any more. */
  readonly isWhole: boolean;
  /** Frees what it holds. It is called once, when no look-up is under way. */
  close(): Promise<void>;
}

/** The file of a table. */
export interface TableFile {
  readonly path: string;
  /** Open for reading. It belongs to whoever opens the contents from now on, also when that fails. */
  readonly handle: FileHandle;
  readonly sizeBytes: number;
}

/** One kind of table. */
export interface TableKind {
  /** Open contents see what is written to their file: only another file in its place is a new version. */
  readonly seesWrites: boolean;
  /**
   * Reads one version of a table from its file.
   * @throws {TableError} when the file does not hold a table of this kind, {Error} of the system when it cannot be read
   */
  readonly open: (file: TableFile) => Promise<Contents>;
}
