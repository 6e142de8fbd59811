// The database of greylisting: what has been sent by whom. Promises: a batch is one transaction, carried out as a whole or not at all; the number of
// keys is bounded. Times come with each batch.

import { DatabaseSync, type StatementSync } from 'node:sqlite';

import {
  type GreylistEntry,
  type GreylistNetwork,
  judgeAttempt,
} from '../../policy/greylist/judge-attempt.ts';
import type { GreylistAnswer, GreylistQuestion, GreylistTerms } from '../../policy/greylist/types.ts';
import { listedNetworks, listedRows, stageCounts } from './greylist-listing.ts';
import {
  forEverMs,
  type GreylistBatch,
  type GreylistResult,
  type GreylistTask,
  sweptAtOnce,
} from './messages.ts';

const version = 1;
/** 2 GiB: some millions of keys. */
const mostPages = 524_288;

const tables = `
CREATE TABLE IF NOT EXISTS key (
  stage TEXT NOT NULL, network TEXT NOT NULL, sender TEXT NOT NULL, domain TEXT NOT NULL,
  first_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, passed_ms INTEGER, until_ms INTEGER NOT NULL,
  PRIMARY KEY (stage, network, sender, domain)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS key_until ON key (until_ms);
CREATE TABLE IF NOT EXISTS network (
  stage TEXT NOT NULL, network TEXT NOT NULL, passes INTEGER NOT NULL, fixed INTEGER NOT NULL, until_ms INTEGER NOT NULL,
  PRIMARY KEY (stage, network)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS network_until ON network (until_ms);
PRAGMA user_version = ${version};`;

export class GreylistDatabase {
  readonly #database: DatabaseSync;
  readonly #key: StatementSync;
  readonly #network: StatementSync;
  readonly #setKey: StatementSync;
  readonly #setNetwork: StatementSync;

  /** @throws {Error} of SQLite when it cannot be opened */
  constructor(path: string, busyMs: number) {
    const database = new DatabaseSync(path, { timeout: busyMs });
    this.#database = database;
    try {
      database.exec('PRAGMA journal_mode = WAL');
      // What was written last may be lost when power fails, and then somebody waits once more: no reason to wait for the disk.
      database.exec('PRAGMA synchronous = NORMAL');
      database.exec(`PRAGMA max_page_count = ${mostPages}`);
      const found = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
      if (found > version) throw new Error(`the database is of a newer Sluice (version ${found})`);
      if (found < version) database.exec(tables);
      this.#key = database.prepare(
        'SELECT first_ms, attempts, passed_ms, until_ms FROM key WHERE stage = ? AND network = ? AND sender = ? AND domain = ?',
      );
      this.#network = database.prepare(
        'SELECT passes, fixed, until_ms FROM network WHERE stage = ? AND network = ?',
      );
      this.#setKey = database.prepare('INSERT OR REPLACE INTO key VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
      this.#setNetwork = database.prepare('INSERT OR REPLACE INTO network VALUES (?, ?, ?, ?, ?)');
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** @throws {Error} of SQLite; then nothing was carried out */
  carryOut({ tasks, nowMs }: Pick<GreylistBatch, 'tasks' | 'nowMs'>): readonly GreylistResult[] {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const results = tasks.map((task) => this.#carryOutOne(task, nowMs));
      this.#database.exec('COMMIT');
      return results;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }

  #carryOutOne(task: GreylistTask, nowMs: number): GreylistResult {
    switch (task.kind) {
      case 'attempt':
        return { kind: 'answer', answer: this.#attempt(task.question, nowMs) };
      case 'list':
        return { kind: 'rows', ...listedRows(this.#database, task.filter, nowMs) };
      case 'networks':
        return { kind: 'networks', ...listedNetworks(this.#database, task.filter, nowMs) };
      case 'counts':
        return { kind: 'counts', counts: stageCounts(this.#database, nowMs) };
      case 'allow':
        this.#setNetwork.run(task.stage, task.network, 0, 1, task.untilMs ?? forEverMs);
        return { kind: 'done', changed: 1 };
      case 'forget':
        return { kind: 'done', changed: this.#forget(task.stage, task.text) };
      case 'sweep':
        return { kind: 'done', changed: this.#sweep(task.mostEntries, nowMs) };
    }
  }

  #attempt(question: GreylistQuestion, nowMs: number): GreylistAnswer {
    let answer: GreylistAnswer = { kind: 'passes', why: 'known' };
    for (const domain of question.domains)
      answer = stricter(answer, this.#attemptTo(domain, question, nowMs));
    return answer;
  }

  #attemptTo(domain: string, question: GreylistQuestion, nowMs: number): GreylistAnswer {
    const { stage, network, sender, terms, isTrial = false } = question;
    const judged = judgeAttempt(
      entryOf(this.#key.get(stage, network, sender, domain)),
      networkOf(this.#network.get(stage, network)),
      terms,
      nowMs,
    );
    const keep = (entry: GreylistEntry | undefined): void => {
      if (entry === undefined || isTrial) return;
      const { firstMs, attempts, passedMs = null, untilMs } = entry;
      this.#setKey.run(stage, network, sender, domain, firstMs, attempts, passedMs, untilMs);
    };
    const keepNetwork = (kept: GreylistNetwork | undefined): void => {
      if (kept === undefined || isTrial) return;
      this.#setNetwork.run(stage, network, kept.passes, kept.isFixed ? 1 : 0, kept.untilMs);
    };
    switch (judged.kind) {
      case 'network':
        keepNetwork(judged.network);
        return { kind: 'passes', why: 'network' };
      case 'known':
        keep(judged.entry);
        return { kind: 'passes', why: 'known' };
      case 'waited':
        keep(judged.entry);
        if (wantsNetworks(terms)) keepNetwork(judged.network);
        return { kind: 'passes', why: 'waited', waitedMs: judged.waitedMs };
      case 'waits':
        keep(judged.entry);
        return { kind: 'waits', ms: judged.ms, attempts: judged.entry.attempts };
    }
  }

  #forget(stage: string, text: string): number {
    const ofStage = "(?1 = '' OR stage = ?1)";
    const keys = this.#database
      .prepare(
        `DELETE FROM key WHERE ${ofStage} AND (?2 = '' OR ?2 IN (network, iif(sender = '', '<>', sender), domain))`,
      )
      .run(stage, text);
    const networks = this.#database
      .prepare(`DELETE FROM network WHERE ${ofStage} AND (?2 = '' OR ?2 = network)`)
      .run(stage, text);
    return Number(keys.changes) + Number(networks.changes);
  }

  /** Forgets what is over, and of more keys than there may be those that would be forgotten first. */
  #sweep(mostEntries: number, nowMs: number): number {
    let changed = 0;
    for (const table of ['key', 'network']) {
      changed += this.#removeFirst(table, 'until_ms <= ?', [nowMs]);
      const count = Number(this.#database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.['count']);
      if (count > mostEntries)
        changed += this.#removeFirst(table, 'until_ms < ?', [forEverMs], count - mostEntries);
    }
    return changed;
  }

  #removeFirst(table: string, where: string, values: readonly number[], most = sweptAtOnce): number {
    const columns = table === 'key' ? 'stage, network, sender, domain' : 'stage, network';
    const sql = `DELETE FROM ${table} WHERE (${columns}) IN (SELECT ${columns} FROM ${table} WHERE ${where} ORDER BY until_ms LIMIT ?)`;
    return Number(this.#database.prepare(sql).run(...values, Math.min(most, sweptAtOnce)).changes);
  }
}

/** One recipient that has to wait makes the message wait. */
function stricter(one: GreylistAnswer, other: GreylistAnswer): GreylistAnswer {
  if (one.kind === 'waits' && other.kind === 'waits') return one.ms >= other.ms ? one : other;
  return one.kind === 'waits' ? one : other;
}

function wantsNetworks({ allowAfter }: GreylistTerms): boolean {
  return allowAfter > 0;
}

type Row = Record<string, unknown>;

function entryOf(row: Row | undefined): GreylistEntry | undefined {
  if (row === undefined) return undefined;
  return {
    firstMs: Number(row['first_ms']),
    attempts: Number(row['attempts']),
    passedMs: row['passed_ms'] === null ? undefined : Number(row['passed_ms']),
    untilMs: Number(row['until_ms']),
  };
}

function networkOf(row: Row | undefined): GreylistNetwork | undefined {
  if (row === undefined) return undefined;
  return { passes: Number(row['passes']), isFixed: row['fixed'] === 1, untilMs: Number(row['until_ms']) };
}
