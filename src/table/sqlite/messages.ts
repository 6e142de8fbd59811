// What goes to the thread that asks SQLite, and what comes back.

import type { Answer } from '../table.ts';

/** A database and what is asked of it. */
export interface Database {
  /** Identifies it in the thread, which opens it when it is asked for the first time. */
  readonly id: number;
  readonly path: string;
  /** Has one parameter, the key. */
  readonly query: string;
  /** What of a row is a value: its first column, or all of it as an object in JSON, by the names of the columns. */
  readonly rows: 'first-column' | 'object';
  /** For so long a look-up waits for another program's lock of the database: less than its time limit, so that it ends by itself. */
  readonly busyMs: number;
}

/** One call of `lookup`. */
export interface Question {
  readonly database: Database;
  readonly keys: readonly string[];
}

/** Questions that are sent together, and the databases that nobody asks any more. */
export interface ToThread {
  readonly questions: readonly Question[];
  readonly close: readonly number[];
}

/** The answers to one question; a text: the fault of SQLite. */
export type Reply = readonly Answer[] | string;
