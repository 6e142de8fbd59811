// What operators see of the database of greylisting.

import type { DatabaseSync } from 'node:sqlite';

import type { GreylistCounts, GreylistFilter, GreylistNetworkRow, GreylistRow } from './messages.ts';

const ofFilter = "until_ms > ?1 AND (?2 = '' OR stage = ?2)";
const states: Readonly<Record<GreylistFilter['state'], string>> = {
  all: '',
  waiting: 'AND passed_ms IS NULL',
  passed: 'AND passed_ms IS NOT NULL',
};

/** The latest attempts come first. */
export function listedRows(
  database: DatabaseSync,
  { stage, text, state, most }: GreylistFilter,
  nowMs: number,
): { readonly rows: readonly GreylistRow[]; readonly total: number } {
  const where = `${ofFilter} AND (?3 = '' OR instr(network || ' ' || iif(sender = '', '<>', sender) || ' ' || domain, ?3) > 0) ${states[state]}`;
  const total = database.prepare(`SELECT count(*) AS total FROM key WHERE ${where}`).get(nowMs, stage, text);
  const rows = database
    .prepare(`SELECT * FROM key WHERE ${where} ORDER BY first_ms DESC LIMIT ?4`)
    .all(nowMs, stage, text, most);
  return {
    total: Number(total?.['total']),
    rows: rows.map((row) => ({
      stage: String(row['stage']),
      network: String(row['network']),
      sender: String(row['sender']),
      domain: String(row['domain']),
      firstMs: Number(row['first_ms']),
      passedMs: row['passed_ms'] === null ? undefined : Number(row['passed_ms']),
      attempts: Number(row['attempts']),
      untilMs: Number(row['until_ms']),
    })),
  };
}

/** Those that operators have allowed come first, and then those with the most mail. */
export function listedNetworks(
  database: DatabaseSync,
  { stage, text, most }: GreylistFilter,
  nowMs: number,
): { readonly rows: readonly GreylistNetworkRow[]; readonly total: number } {
  const where = `${ofFilter} AND (?3 = '' OR instr(network, ?3) > 0)`;
  const total = database
    .prepare(`SELECT count(*) AS total FROM network WHERE ${where}`)
    .get(nowMs, stage, text);
  const rows = database
    .prepare(`SELECT * FROM network WHERE ${where} ORDER BY fixed DESC, passes DESC LIMIT ?4`)
    .all(nowMs, stage, text, most);
  return {
    total: Number(total?.['total']),
    rows: rows.map((row) => ({
      stage: String(row['stage']),
      network: String(row['network']),
      passes: Number(row['passes']),
      isFixed: row['fixed'] === 1,
      untilMs: Number(row['until_ms']),
    })),
  };
}

export function stageCounts(database: DatabaseSync, nowMs: number): readonly GreylistCounts[] {
  const counts = new Map<string, GreylistCounts>();
  const none = { waiting: 0, once: 0, passed: 0, networks: 0, fixed: 0 };
  const keys = database
    .prepare(
      `SELECT stage, sum(passed_ms IS NULL) AS waiting, sum(passed_ms IS NULL AND attempts = 1) AS once,
         sum(passed_ms IS NOT NULL) AS passed FROM key WHERE until_ms > ? GROUP BY stage`,
    )
    .all(nowMs);
  for (const row of keys) {
    const [waiting, once, passed] = ['waiting', 'once', 'passed'].map((name) => Number(row[name]));
    const stage = String(row['stage']);
    counts.set(stage, { ...none, stage, waiting: waiting ?? 0, once: once ?? 0, passed: passed ?? 0 });
  }
  const networks = database
    .prepare(
      'SELECT stage, count(*) AS networks, sum(fixed) AS fixed FROM network WHERE until_ms > ? GROUP BY stage',
    )
    .all(nowMs);
  for (const row of networks) {
    const stage = String(row['stage']);
    const before = counts.get(stage) ?? { ...none, stage };
    counts.set(stage, { ...before, networks: Number(row['networks']), fixed: Number(row['fixed']) });
  }
  return [...counts.values()];
}
