// The program of the thread that asks SQLite. Its calls wait for the disk and for locks: the event loop of a role must not.
// Promises: databases are opened for reading only; all keys of one question are answered from one transaction.

import { statSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';
import { absent, type Answer, maxValues } from '../table.ts';
import type { Database, Question, Reply, ToThread } from './messages.ts';

/** The most bytes of one value. */
const maxValueBytes = 65_536;

interface OpenDatabase {
  /** The file that is open: one that has taken its name is another database. */
  readonly file: string | undefined;
  readonly connection: DatabaseSync;
  readonly statement: StatementSync;
  /** The names of the columns, when a value is a whole row. */
  readonly columns: readonly string[] | undefined;
}

const open = new Map<number, OpenDatabase>();

parentPort?.on('message', ({ questions, close: ended }: ToThread) => {
  for (const id of ended) close(id);
  closeReplaced(questions);
  if (questions.length > 0) parentPort?.postMessage(questions.map(reply));
});

function reply({ database, keys }: Question): Reply {
  try {
    const { connection, statement, columns } = opened(database);
    connection.exec('BEGIN');
    const answers = keys.map((key) => answer(statement, key, columns));
    connection.exec('COMMIT');
    return answers;
  } catch (error) {
    // After an error, SQLite tells the statement's next use of it once more: the next question opens the database anew.
    close(database.id);
    return error instanceof Error ? error.message : String(error);
  }
}

/** Closes those whose file is gone, or is another one now, and has to be opened for the next question. */
function closeReplaced(questions: readonly Question[]): void {
  const paths = new Map(questions.map(({ database }) => [database.id, database.path]));
  for (const [id, path] of paths) {
    const known = open.get(id);
    if (known !== undefined && known.file !== fileAt(path)) close(id);
  }
}

/** Which file has this name, by its device and inode. */
function fileAt(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function close(id: number): void {
  open.get(id)?.connection.close();
  open.delete(id);
}

function opened({ id, path, query, busyMs, rows }: Database): OpenDatabase {
  const known = open.get(id);
  if (known !== undefined) return known;
  // Before it is opened: if another one takes its place meanwhile, that is noticed at the next question.
  const file = fileAt(path);
  const connection = new DatabaseSync(path, { readOnly: true, timeout: busyMs, allowExtension: false });
  try {
    const statement = connection.prepare(query);
    statement.setReturnArrays(true);
    // Numbers above 2^53 would be an error otherwise.
    statement.setReadBigInts(true);
    const columns = rows === 'object' ? statement.columns().map(({ name }) => name) : undefined;
    const database = { file, connection, statement, columns };
    open.set(id, database);
    return database;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function answer(statement: StatementSync, key: string, columns: readonly string[] | undefined): Answer {
  const values: string[] = [];
  let rows = 0;
  for (const row of statement.iterate(key)) {
    if (rows++ === maxValues)
      return { kind: 'failing', reason: `the query has more than ${maxValues} rows for a key` };
    const cells = row as unknown as readonly unknown[];
    const value = columns === undefined ? textOf(cells[0]) : objectOf(columns, cells);
    if (value === undefined) continue;
    if (value.length > maxValueBytes)
      return { kind: 'failing', reason: `the query has a value longer than ${maxValueBytes} bytes` };
    values.push(value);
  }
  return values.length === 0 ? absent : { kind: 'found', values };
}

/** A row without NULLs, as an object in JSON. A row that has nothing else is a value, too: it says that the key is there. */
function objectOf(columns: readonly string[], cells: readonly unknown[]): string {
  const texts = columns.map((name, at) => [name, textOf(cells[at])] as const);
  const given = texts.filter(([, text]) => text !== undefined);
  return JSON.stringify(Object.fromEntries(given));
}

/**
 * Undefined for NULL, which is no value: `max(mailbox)` or an outer join has such a row for a key that is not there. An empty text
 * is a value.
 */
function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  return value instanceof Uint8Array ? Buffer.from(value).toString() : String(value);
}
