// The contract of tables: keys in, values out. A table is asked for several keys at once, and answers at once or as a promise.
// Promises: all answers of one call come from the same version of the table's data; a table that cannot tell says so, and
// never answers "absent" for that reason: whoever asks then answers 4xx.

/** What a table says about one key. */
export type Answer =
  /** The key is there. `values` is in the order of the table; it is empty for a key of a list. */
  | { readonly kind: 'found'; readonly values: readonly string[] }
  | { readonly kind: 'absent' }
  /** The table cannot tell now. `reason` is one clause for the log, without a final period. */
  | {
      readonly kind: 'failing';
      readonly reason: string;
      /** Only this key has the fault: the table can tell others. */
      readonly isOfEntry?: true;
    };

/** A named table. */
export interface Table {
  readonly name: string;
  /**
   * Looks keys up.
   * @param keys - in the form of `tableKey`
   * @returns one answer for each key, in the same order. It never throws and never rejects.
   */
  lookup(keys: readonly string[]): readonly Answer[] | Promise<readonly Answer[]>;
  /**
   * The answer of the first key that is not absent; absent when all are. Not given: `lookup` costs no more. As `lookup`, it never throws and never
   * rejects.
   */
  lookupFirst?(keys: readonly string[]): Answer | Promise<Answer>;
  /**
   * The answers, at least that of the first key which is not absent, if they are there without asking anybody; undefined: they are not. Not given: `lookup`
   * needs nobody else.
   */
  lookupAtOnce?(keys: readonly string[]): readonly Answer[] | undefined;
}

/** One table as it was configured. */
export type TableSettings = FileSettings | SqliteSettings;

/** What every table has. */
export interface NamedFile {
  readonly name: string;
  /** The absolute path of its file. */
  readonly path: string;
}

export interface FileSettings extends NamedFile {
  readonly kind:
    | 'list'
    | 'key-value'
    | 'passwd'
    | 'aliases'
    | 'postmap'
    | 'smtproutes'
    | 'pcre'
    | 'regexp'
    | 'cdb'
    | 'rules'
    | 'tcprules';
  /** Of a cdb: its hash tables are held in memory. */
  readonly holdsIndex?: true;
}

export interface SqliteSettings extends NamedFile {
  readonly kind: 'sqlite';
  /** Has one parameter, the key. */
  readonly query: string;
  /** What of each row is a value: its first column (not given), or all of it as an object in JSON, by the names of the columns. */
  readonly rows?: 'first-column' | 'object' | undefined;
  /** For one look-up. */
  readonly timeoutMs: number;
  /** Memory for answers that are kept, about. */
  readonly cacheBytes: number;
  /** For so long they are kept. */
  readonly cacheMs: number;
  /** For so long it is kept that nothing was found; not given: as long. */
  readonly absentCacheMs?: number | undefined;
}

/** The most values of one key. */
export const maxValues = 1000;

/** For every key that is not there. */
export const absent: Answer = { kind: 'absent' };

/** For every key of a list that is there. */
export const found: Answer = { kind: 'found', values: [] };

/** The answers of a table that cannot tell, for whatever keys. */
export function allFailing(keys: readonly string[], reason: string): readonly Answer[] {
  const failing: Answer = { kind: 'failing', reason };
  return keys.map(() => failing);
}

/** As `Table.lookupFirst`, of the answers of `lookup`. */
export function firstOf(answers: readonly Answer[]): Answer {
  return answers.find(({ kind }) => kind !== 'absent') ?? absent;
}
