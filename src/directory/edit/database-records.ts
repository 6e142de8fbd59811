// Changes Sluice's own directory in a database of SQLite, each time in one transaction.

import { chmodSync, chownSync, closeSync, openSync, statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { domainRecordOf, recordOfRow } from '../forms/columns.ts';
import { type DomainRecord, readRecord, type UserRecord } from '../record.ts';
import {
  domainOfUser,
  domainsQuery,
  newerColumns,
  schema,
  userColumns,
  usersTable,
} from '../sources/own-database.ts';
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
        addNewerColumns(connection);
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

function addNewerColumns(connection: DatabaseSync): void {
  const columnsOf = connection.prepare('SELECT name FROM pragma_table_info(?)');
  for (const [table, column, type] of newerColumns)
    if (!columnsOf.all(table).some(({ name }) => name === column))
      connection.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
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

  domain(domain: string): DomainRecord | undefined {
    const row = this.#connection.prepare(`${domainsQuery} WHERE x.domain = ?`).get(domain);
    return row === undefined ? undefined : this.#domainOf(row);
  }

  domains(): readonly DomainRecord[] {
    const rows = this.#connection.prepare(`${domainsQuery} ORDER BY x.domain`).all();
    return rows.map((row) => this.#domainOf(row));
  }

  users(domain?: string): Iterable<UserRecord> {
    return domain === undefined
      ? this.#users('ORDER BY u.address')
      : this.#users(`WHERE ${domainOfUser} = ?1 ORDER BY u.address`, domain);
  }

  putUser(record: UserRecord, before?: string): void {
    const { user, password = null, scram = null, mailbox = null, quota = null, disabled = false } = record;
    const { quota_messages: messages = null, forward, autoreply, keep_copy: keepCopy = false } = record;
    const columns: Readonly<Record<string, SQLInputValue>> = {
      address: user,
      password,
      scram,
      mailbox,
      quota,
      quota_messages: messages,
      disabled: disabled ? 1 : 0,
      forward: forward === undefined ? null : JSON.stringify(forward),
      keep_copy: keepCopy ? 1 : null,
      autoreply: autoreply === undefined ? null : JSON.stringify(autoreply),
    };
    const names = Object.keys(columns);
    const values = Object.values(columns);
    if (before === undefined)
      this.#run(
        `INSERT INTO users (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
        ...values,
      );
    else
      this.#run(
        `UPDATE users SET ${names.map((name) => `${name} = ?`).join(', ')} WHERE address = ?`,
        ...values,
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

  putDomain({ domain, quota, quota_messages: messages }: DomainRecord): void {
    this.#run(
      'INSERT OR REPLACE INTO domains (domain, most_bytes, most_messages) VALUES (?, ?, ?)',
      domain,
      quota ?? null,
      messages ?? null,
    );
  }

  removeDomain(domain: string): void {
    this.#run('DELETE FROM domains WHERE domain = ?', domain);
  }

  *#users(condition: string, ...parameters: readonly SQLInputValue[]): Iterable<UserRecord> {
    const statement = this.#connection.prepare(`SELECT ${userColumns} FROM ${usersTable} ${condition}`);
    for (const row of statement.iterate(...parameters)) {
      const read = recordOfRow(String(row['user']), row);
      if (read.kind !== 'user')
        throw broken(this.#path, `the user ${String(row['user'])} has columns that are no record`);
      yield read.record;
    }
  }

  #domainOf(row: Readonly<Record<string, unknown>>): DomainRecord {
    const read = readRecord(JSON.stringify(domainRecordOf(row)));
    if (read.kind === 'domain') return read.record;
    throw broken(this.#path, `the domain ${String(row['domain'])} has columns that are no record`);
  }

  #run(sql: string, ...parameters: readonly SQLInputValue[]): void {
    this.#connection.prepare(sql).run(...parameters);
  }
}
