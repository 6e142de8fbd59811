// What it costs to find the way of a recipient in tables of routes: `npm run bench:routing`. CPU time of the whole process, threads too, for each recipient;
// half of the domains have an entry. Text has 100,000 lines and a million, cdb and SQLite a million. Domains are taken at random, so that few answers that are kept help.

import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { RouteTableConfig } from '../src/config/route-table-config.ts';
import { Ways } from '../src/manager/ways/ways.ts';
import { buildCdb, textForms } from '../src/table/build-cdb.ts';
import { readTable } from '../src/table/read-table.ts';
import type { TableSettings } from '../src/table/table.ts';
import { fakeRouter } from '../test/route/fake-resolver.ts';

const { values } = parseArgs({
  options: {
    domains: { type: 'string', default: '1000000' },
    lines: { type: 'string', default: '100000' },
    recipients: { type: 'string', default: '200000' },
  },
});
const domains = Number(values.domains);
const lines = Number(values.lines);
const recipients = Number(values.recipients);

/** Questions under way at once, as in the manager. */
const atOnce = 256;
const budgetUs = 5;

const { router } = fakeRouter({}, { rules: [] });
const domainOf = (number: number): string => `domain${number}.example${number % 977}.test`;

interface Kind {
  readonly name: string;
  readonly entries: number;
  readonly form: RouteTableConfig['form'];
  readonly make: (folder: string) => TableSettings | Promise<TableSettings>;
}

/** Writes the entries: every second domain. */
function writeLines(path: string, count: number, line: (domain: string) => string): void {
  const fd = openSync(path, 'w');
  for (let at = 0; at < count;) {
    let text = '';
    for (const end = Math.min(count, at + 10_000); at < end; at++) text += line(domainOf(2 * at));
    writeSync(fd, text);
  }
  closeSync(fd);
}

const way = 'smtp:[relay.example.net]:587';

function transportText(entries: number): Kind {
  return {
    name: 'transport, text',
    entries,
    form: 'transport',
    make: (folder) => {
      const path = join(folder, 'transport');
      writeLines(path, entries, (domain) => `${domain} ${way}\n`);
      return { name: 'ways', kind: 'postmap', path };
    },
  };
}

const kinds: readonly Kind[] = [
  transportText(lines),
  transportText(domains),
  {
    name: 'smtproutes, text',
    entries: lines,
    form: 'smtproutes',
    make: (folder) => {
      const path = join(folder, 'smtproutes');
      writeLines(path, lines, (domain) => `${domain}:relay.example.net:587\n`);
      return { name: 'ways', kind: 'smtproutes', path };
    },
  },
  {
    name: 'transport, cdb',
    entries: domains,
    form: 'transport',
    make: async (folder) => {
      const text = join(folder, 'cdb.map');
      writeLines(text, domains, (domain) => `${domain} ${way}\n`);
      await buildCdb(join(folder, 'ways.cdb'), text, textForms['key-value']);
      return { name: 'ways', kind: 'cdb', path: join(folder, 'ways.cdb'), holdsIndex: true };
    },
  },
  {
    name: 'transport, SQLite',
    entries: domains,
    form: 'transport',
    make: (folder) => {
      const path = join(folder, 'ways.sqlite');
      const database = new DatabaseSync(path);
      database.exec('CREATE TABLE ways (domain TEXT PRIMARY KEY, way TEXT) WITHOUT ROWID; BEGIN');
      const insert = database.prepare('INSERT INTO ways VALUES (?, ?)');
      for (let at = 0; at < domains; at++) insert.run(domainOf(2 * at), way);
      database.exec('COMMIT');
      database.close();
      const query = 'SELECT way FROM ways WHERE domain = ?';
      return {
        name: 'ways',
        kind: 'sqlite',
        path,
        query,
        timeoutMs: 60_000,
        cacheBytes: 4 << 20,
        cacheMs: 5_000,
      };
    },
  },
];

/** @returns microseconds of CPU a recipient, and the share of recipients that the table has */
async function measure(ways: Ways, entries: number): Promise<{ readonly us: number; readonly hits: number }> {
  const addresses = Array.from(
    { length: recipients },
    (_, at) => `user${at}@${domainOf(Math.floor(Math.random() * 2 * entries))}`,
  );
  let hits = 0;
  const before = process.cpuUsage();
  for (let at = 0; at < recipients; at += atOnce) {
    const answers = addresses
      .slice(at, at + atOnce)
      .map((address) => ways.of(router, { reversePath: 'a@from.test', address, tenant: '', user: '' }));
    for (const answer of answers) {
      const found = answer instanceof Promise ? await answer : answer;
      if (found.kind === 'unknown') throw new Error(found.reason);
      if (found.table !== undefined) hits++;
    }
  }
  const { user, system } = process.cpuUsage(before);
  return { us: (user + system) / recipients, hits: hits / recipients };
}

const folder = mkdtempSync(join(tmpdir(), 'bench-routing-'));
try {
  process.stdout.write(
    `${'TABLE'.padEnd(20)}${'ENTRIES'.padStart(10)}${'US A RECIPIENT'.padStart(16)}${'FOUND'.padStart(8)}\n`,
  );
  for (const { name, entries, form, make } of kinds) {
    const source = await readTable(await make(folder));
    const settings = { table: 'ways', form, by: 'recipient', delimiter: '', refreshMs: 0 } as const;
    const ways = new Ways({
      tables: [{ ...settings, source }],
      routeNames: new Set(),
    });
    // The first run compiles.
    await measure(ways, entries);
    const runs = [];
    for (let run = 0; run < 5; run++) {
      await setImmediate();
      runs.push(await measure(ways, entries));
    }
    const [, , median] = runs.toSorted((one, other) => one.us - other.us);
    await source.close();
    const { us = Number.NaN, hits = Number.NaN } = median ?? {};
    const mark = us < budgetUs ? '' : `  (the budget is ${budgetUs})`;
    process.stdout.write(
      `${name.padEnd(20)}${String(entries).padStart(10)}${us.toFixed(2).padStart(16)}${`${Math.round(100 * hits)} %`.padStart(8)}${mark}\n`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
