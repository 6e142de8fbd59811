// The state of a plugin: a database of SQLite in its folder, which all processes with this plugin share. It is opened when it is first used.

import { randomUUID } from 'node:crypto';
import { chmodSync, closeSync, linkSync, openSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import type { PluginState } from '../types.ts';

const mostKeyBytes = 1024;
const mostValueBytes = 64 * 1024;
const pageBytes = 4096;
const mostBytes = 512 * 1024 * 1024;
/** How long it waits for another process that writes. */
const busyMs = 2_000;
/** Entries whose time is over are removed so often. */
const cleanEveryMs = 60_000;

interface Statements {
  readonly get: StatementSync;
  readonly set: StatementSync;
  readonly add: StatementSync;
  readonly remove: StatementSync;
  readonly clean: StatementSync;
}

export class State implements PluginState {
  readonly #folder: string;
  readonly #open: (path: string) => DatabaseSync;
  readonly #now: () => number;
  #database: DatabaseSync | undefined;
  #statements: Statements | undefined;
  #cleanedAtMs = -Infinity;

  /** @param now - Unix ms */
  constructor(folder: string, open: (path: string) => DatabaseSync, now: () => number) {
    this.#folder = folder;
    this.#open = open;
    this.#now = now;
  }

  get(key: string): string | undefined {
    const row = this.#ready.get.get(checkedKey(key), this.#now());
    return row === undefined ? undefined : String(row['value']);
  }

  set(key: string, value: string, keepMs?: number): void {
    if (typeof value !== 'string') throw new TypeError('a value of the state is a text');
    if (Buffer.byteLength(value) > mostValueBytes) {
      throw new RangeError(`a value of the state has ${mostValueBytes} bytes at most`);
    }
    this.#ready.set.run(checkedKey(key), value, this.#until(keepMs));
  }

  delete(key: string): void {
    this.#ready.remove.run(checkedKey(key));
  }

  add(key: string, amount: number, keepMs?: number): number {
    if (!Number.isFinite(amount)) throw new TypeError(`${amount} cannot be added`);
    const now = this.#now();
    const row = this.#ready.add.get({ key: checkedKey(key), amount, until: this.#until(keepMs), now });
    return Number(row?.['value']);
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
    this.#statements = undefined;
  }

  get #ready(): Statements {
    const statements = (this.#statements ??= this.#prepare());
    const now = this.#now();
    if (now >= this.#cleanedAtMs + cleanEveryMs) {
      this.#cleanedAtMs = now;
      statements.clean.run(now);
    }
    return statements;
  }

  #prepare(): Statements {
    const database = (this.#database ??= this.#openShared());
    database.exec(`PRAGMA busy_timeout = ${busyMs}`);
    database.exec(`PRAGMA journal_mode = WAL`);
    database.exec('PRAGMA synchronous = NORMAL');
    database.exec(`PRAGMA max_page_count = ${mostBytes / pageBytes}`);
    database.exec(
      'CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value, until REAL) WITHOUT ROWID;' +
        'CREATE INDEX IF NOT EXISTS state_until ON state (until) WHERE until IS NOT NULL',
    );
    return {
      get: database.prepare('SELECT value FROM state WHERE key = ? AND (until IS NULL OR until > ?)'),
      set: database.prepare(
        'INSERT INTO state VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, until = excluded.until',
      ),
      add: database.prepare(
        `INSERT INTO state VALUES (:key, :amount, :until) ON CONFLICT DO UPDATE SET
           value = iif(until <= :now, :amount, CAST(value AS NUMERIC) + :amount),
           until = iif(until <= :now, :until, until)
         RETURNING value`,
      ),
      remove: database.prepare('DELETE FROM state WHERE key = ?'),
      clean: database.prepare('DELETE FROM state WHERE until <= ?'),
    };
  }

  /**
   * Another process, of another user, may use the file as soon as it is there. So it comes into its place with its rights, and SQLite gives the
   * same to the files beside it.
   */
  #openShared(): DatabaseSync {
    const path = join(this.#folder, 'state.sqlite');
    const isShared = (statSync(this.#folder).mode & 0o020) !== 0;
    if (isShared && statSync(path, { throwIfNoEntry: false }) === undefined) placeShared(path);
    return this.#open(path);
  }

  #until(keepMs: number | undefined): number | null {
    if (keepMs === undefined) return null;
    if (!(keepMs >= 0)) throw new RangeError(`${keepMs} ms are no time to keep something for`);
    return this.#now() + keepMs;
  }
}

/** Puts an empty file there, which the group of its folder may write. */
function placeShared(path: string): void {
  const made = `${path}.${randomUUID()}`;
  closeSync(openSync(made, 'wx', 0o600));
  try {
    chmodSync(made, 0o660);
    linkSync(made, path);
  } catch (error) {
    // Another process was quicker.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(made);
  }
}

function checkedKey(key: string): string {
  if (typeof key !== 'string') throw new TypeError('a key of the state is a text');
  if (Buffer.byteLength(key) > mostKeyBytes)
    throw new RangeError(`a key of the state has ${mostKeyBytes} bytes at most`);
  return key;
}
