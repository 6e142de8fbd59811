// The program sqlite3 changes a database that Sluice reads at the same time.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import { readTable } from '../../src/table/read-table.ts';
import { temporaryFolder } from '../temporary-folder.ts';

function withoutSqlite(): string | false {
  try {
    execFileSync('sqlite3', ['-version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'sqlite3 is not installed (Debian: sqlite3)';
  }
}

const run = promisify(execFile);
const keys = ['joe', 'jane', 'jim'];

suite('sqlite3', { skip: withoutSqlite() }, () => {
  for (const mode of ['DELETE', 'WAL']) {
    test(`look-ups see its transactions whole, and wait for its locks (journal mode ${mode})`, async (t) => {
      const folder = temporaryFolder(t, 'sqlite');
      const path = `${folder.path}/users.sqlite`;
      const rows = keys.map((key) => `('${key}', 0)`).join(', ');
      await run('sqlite3', [
        path,
        `PRAGMA journal_mode = ${mode}; CREATE TABLE users (name TEXT PRIMARY KEY, round); INSERT INTO users VALUES ${rows}`,
      ]);
      const contents = await readTable({
        name: 'users',
        kind: 'sqlite',
        path,
        query: 'SELECT round FROM users WHERE name = ?',
        timeoutMs: 60_000,
        cacheBytes: 0,
        cacheMs: 0,
      });
      folder.atEnd(() => contents.close());
      const rounds = Array.from({ length: 40 }, (_, round) => `UPDATE users SET round = ${round + 1};`).join(
        '\n',
      );
      const writing = run('sqlite3', ['-cmd', '.timeout 60000', path, rounds]);
      let isOver = false;
      void writing.finally(() => (isOver = true));
      for (;;) {
        const isLast = isOver;
        const answers = await contents.lookup(keys);
        const [first] = answers;
        assert.equal(first?.kind, 'found');
        for (const answer of answers) assert.deepEqual(answer, first);
        if (!isLast) continue;
        assert.deepEqual(first, { kind: 'found', values: ['40'] });
        break;
      }
      await writing;
    });
  }
});
