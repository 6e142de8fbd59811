// Changes Sluice's own directory in a database of SQLite, each time in one transaction.

import { chmodSync, chownSync, closeSync, openSync, statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { recordOfRow } from '../forms/columns.ts';
import type { UserRecord } from '../record.ts';
import { schema, userColumns } from '../sources/own-database.ts';
import { DirectoryError } from './directory-error.ts';
import type { EditableDirectory, EditableRecords, NewFileOwnership } from './editable.ts';

/** For so long a lock of another program is waited for. */
const busyMs = 10_000;

/**
 * @param path - absolute. A database that is not there is made, and so are its tables.
 * @throws {DirectoryError} `DIRECTORY_BROKEN` when SQLite refuses; {Error} of the system
 */
export function editableDatabase(path: string, ownership: NewFileOwnership): EditableDirectory {
  return {
    read: async (act) => {
      const connection = opened(path, true);
      try {
        return act(new DatabaseRecords(connection, path));
      } catch (error) {
        throw isOfSqlite(error) ? broken(path, error.message) : error;
      } finally {
        connection.close();
      }
    },
    edit: async (change) => {
      makeFile(path, ownership);
      const connection = opened(path, false);
      try {
        connection.exec('PRAGMA foreign_keys = ON; BEGIN IMMEDIATE');
        connection.exec(schema);
        const result = change(new DatabaseRecords(connection, path));
        connection.exec('COMMIT');
        return result;
      } catch (error) {
        if (connection.isTransaction) connection.exec('ROLLBACK');
        throw isOfSqlite(error) ? broken(path, error.message) : error;
      } finally {
        connection.close();
      }
    },
  };
}

function opened(path: string, readOnly: boolean): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: busyMs, readOnly });
  } catch (error) {
    throw isOfSqlite(error) ? broken(path, error.message) : error;
  }
}

/** SQLite would make it with the rights of every other file. */
function makeFile(path: string, { mode, owner }: NewFileOwnership): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return;
  closeSync(openSync(path, 'wx', 0o600));
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
  chmodSync(path, mode);
}

function isOfSqlite(error: unknown): error is Error {
  return error instanceof Error && 'errcode' in error;
}

function broken(path: string, why: string): DirectoryError {
  return new DirectoryError(
    'DIRECTORY_BROKEN',
    `Changing ${path}: ${why}.`,
    'Nothing was changed. Look after the database: is it one of SQLite, with the tables of Sluice, and may you write it?',
  );
}

class DatabaseRecords implements EditableRecords {
  readonly #connection: DatabaseSync;
  readonly #path: string;

  constructor(connection: DatabaseSync, path: string) {
    this.#connection = connection;
    this.#path = path;
  }

  user(address: string): UserRecord | undefined {
    const [user] = this.#users(
      'WHERE u.address = coalesce((SELECT a.user FROM aliases a WHERE a.address = ?1), ?1)',
      address,
    );
    return user;
  }

  hasDomain(domain: string): boolean {
    return this.#connection.prepare('SELECT 1 FROM domains WHERE domain = ?').get(domain) !== undefined;
  }

  domains(): readonly string[] {
    const rows = this.#connection.prepare('SELECT domain FROM domains ORDER BY domain').all();
    return rows.map(({ domain }) => String(domain));
  }

  users(domain?: string): Iterable<UserRecord> {
    return domain === undefined
      ? this.#users('ORDER BY u.address')
      : this.#users("WHERE substr(u.address, instr(u.address, '@') + 1) = ?1 ORDER BY u.address", domain);
  }

  putUser(record: UserRecord, before?: string): void {
    if (record.forward !== undefined || record.autoreply !== undefined)
      throw new DirectoryError(
        'DIRECTORY_RECORD',
        `${this.#path} has no place for forwards and automatic answers.`,
        'They are kept in a [[directory]] of kind "users", or come from one with a query, as columns forward, keep_copy and autoreply.',
      );
    const { user, password = null, scram = null, mailbox = null, quota = null, disabled = false } = record;
    const columns = [user, password, scram, mailbox, quota, disabled ? 1 : 0];
    if (before === undefined)
      this.#run(
        'INSERT INTO users (address, password, scram, mailbox, quota, disabled) VALUES (?, ?, ?, ?, ?, ?)',
        ...columns,
      );
    else
      this.#run(
        'UPDATE users SET address = ?, password = ?, scram = ?, mailbox = ?, quota = ?, disabled = ? WHERE address = ?',
        ...columns,
        before,
      );
    for (const table of ['aliases', 'senders', 'applications'])
      this.#run(`DELETE FROM ${table} WHERE user = ?`, user);
    for (const alias of record.aliases ?? []) this.#run('INSERT INTO aliases VALUES (?, ?)', alias, user);
    for (const sender of record.senders ?? []) this.#run('INSERT INTO senders VALUES (?, ?)', user, sender);
    for (const { name, password: stored, scram: secret = null } of record.applications ?? [])
      this.#run('INSERT INTO applications VALUES (?, ?, ?, ?)', user, name, stored, secret);
  }

  removeUser(address: string): void {
    this.#run('DELETE FROM users WHERE address = ?', address);
  }

  addDomain(domain: string): void {
    this.#run('INSERT INTO domains VALUES (?)', domain);
  }

  removeDomain(domain: string): void {
    this.#run('DELETE FROM domains WHERE domain = ?', domain);
  }

  *#users(condition: string, ...parameters: readonly SQLInputValue[]): Iterable<UserRecord> {
    const statement = this.#connection.prepare(`SELECT ${userColumns} FROM users u ${condition}`);
    for (const row of statement.iterate(...parameters)) {
      const read = recordOfRow(String(row['user']), row);
      if (read.kind !== 'user')
        throw broken(this.#path, `the user ${String(row['user'])} has columns that are no record`);
      yield read.record;
    }
  }

  #run(sql: string, ...parameters: readonly SQLInputValue[]): void {
    this.#connection.prepare(sql).run(...parameters);
  }
}
