// A database of PostgreSQL as a table: a query finds the rows of a key. Answers are kept for a while, so that a busy key costs no query each time.
// Promises: a database that is away, slow or refuses makes a look-up fail, and never a key absent; few connections, and a bounded number of look-ups
// that wait for one.

import { readFileSync } from 'node:fs';
import type { Pool } from 'pg';
import { AnswerCache } from './sqlite/answer-cache.ts';
import { absent, allFailing, type Answer, maxValues, type Table } from './table.ts';
import type { TableReports } from './table-reports.ts';

/** One database as it was configured. */
export interface PostgresqlSettings {
  readonly name: string;
  /** `postgresql://user@host:5432/database`, without a password. */
  readonly connection: string;
  readonly passwordFile: string | undefined;
  /** Its parameter is `$1`. */
  readonly query: string;
  /** What is a value: the first row as an object in JSON, by the names of the columns, or the first column of each row. */
  readonly rows: 'object' | 'first-column';
  /** For one look-up. */
  readonly timeoutMs: number;
  /** Memory for answers that are kept, about. */
  readonly cacheBytes: number;
  /** For so long they are kept. */
  readonly cacheMs: number;
  /** For so long it is kept that nothing was found. */
  readonly absentCacheMs: number;
}

const mostConnections = 4;
const mostWaiting = 1_000;
/** A connection that nobody uses is closed after this time. */
const idleMs = 60_000;

export class PostgresqlTable implements Table {
  readonly name: string;
  readonly #settings: PostgresqlSettings;
  /** Made at the first question, since its code takes a while to load. */
  #pool: Promise<Pool> | undefined;
  #isClosed = false;
  readonly #query: string;
  readonly #rows: PostgresqlSettings['rows'];
  readonly #cache: AnswerCache;
  readonly #reports: Pick<TableReports, 'cannotAnswer' | 'clear'>;
  #waiting = 0;
  #isFailing = false;

  constructor(settings: PostgresqlSettings, reports: Pick<TableReports, 'cannotAnswer' | 'clear'>) {
    const { name, query, cacheBytes, cacheMs, absentCacheMs } = settings;
    this.#settings = settings;
    this.name = name;
    this.#query = query;
    this.#rows = settings.rows;
    this.#reports = reports;
    this.#cache = new AnswerCache({ mostBytes: cacheBytes, keepMs: cacheMs, keepAbsentMs: absentCacheMs });
  }

  lookup(keys: readonly string[]): readonly Answer[] | Promise<readonly Answer[]> {
    return this.#cache.get(keys) ?? this.#ask(keys);
  }

  /** Answers that are kept; undefined: PostgreSQL would have to be asked. */
  lookupAtOnce(keys: readonly string[]): readonly Answer[] | undefined {
    return this.#cache.get(keys);
  }

  async close(): Promise<void> {
    this.#reports.clear();
    this.#isClosed = true;
    await (await this.#pool)?.end();
  }

  async #ask(keys: readonly string[]): Promise<readonly Answer[]> {
    if (this.#waiting >= mostWaiting) return allFailing(keys, 'too many look-ups wait for PostgreSQL');
    this.#waiting++;
    try {
      const answers = await Promise.all(keys.map((key) => this.#find(key)));
      this.#cache.set(keys, answers);
      if (this.#isFailing) this.#reports.clear();
      this.#isFailing = false;
      return answers;
    } catch (error) {
      const reason = `PostgreSQL: ${reasonOf(error)}`;
      this.#isFailing = true;
      this.#reports.cannotAnswer(reason);
      return allFailing(keys, reason);
    } finally {
      this.#waiting--;
    }
  }

  async #find(key: string): Promise<Answer> {
    if (this.#isClosed) throw new Error('the table is closed');
    this.#pool ??= openPool(this.#settings);
    const { rows } = await (await this.#pool).query<Readonly<Record<string, unknown>>>(this.#query, [key]);
    const values =
      this.#rows === 'object' ? rows.slice(0, 1).map((row) => JSON.stringify(row)) : firstColumns(rows);
    return values.length === 0 ? absent : { kind: 'found', values };
  }
}

async function openPool({ connection, passwordFile, timeoutMs }: PostgresqlSettings): Promise<Pool> {
  const [{ default: pg }, { parseIntoClientConfig }] = await Promise.all([
    import('pg'),
    import('pg-connection-string'),
  ]);
  const pool = new pg.Pool({
    // Of `pg` itself, a connection's text would take the place of the password beside it.
    ...parseIntoClientConfig(connection),
    // Read for each connection, so that it may be changed. The file ends in the end of a line, and the password does not.
    ...(passwordFile !== undefined && {
      password: () => readFileSync(passwordFile, 'utf8').replace(/\r?\n$/u, ''),
    }),
    max: mostConnections,
    idleTimeoutMillis: idleMs,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    statement_timeout: timeoutMs,
    application_name: 'sluice',
    allowExitOnIdle: true,
  });
  // A connection that breaks while nobody uses it is no failure: the next look-up makes another one.
  pool.on('error', () => undefined);
  return pool;
}

/** As of SQLite: a row whose first column is NULL is none. @throws {Error} when there are too many */
function firstColumns(rows: readonly Readonly<Record<string, unknown>>[]): readonly string[] {
  if (rows.length > maxValues) throw new Error(`more than ${maxValues} rows for one key`);
  return rows.flatMap((row) => {
    const [value] = Object.values(row);
    return value === null || value === undefined ? [] : [String(value)];
  });
}

/** Of a host with several addresses, Node tells of all attempts in one error without words. */
function reasonOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : String(first);
}
