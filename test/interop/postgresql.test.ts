// A directory in a real PostgreSQL: users, passwords, answers that are kept, and a server that goes away and comes back.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { makePostgresql, type Postgresql, withoutPostgresql } from '../../sim/neighbours/postgresql.ts';
import type { SourceSettings } from '../../src/directory/settings.ts';
import { directoryWorld, withPassword } from '../directory/world.ts';

const tables = `CREATE TABLE accounts (login text PRIMARY KEY, crypt text, aliases text[], megabytes bigint, off boolean);
  INSERT INTO accounts VALUES ('joe@example.com', '{PLAIN}Grüße 42', '{j@example.com}', 5, false);
  INSERT INTO accounts VALUES ('off@example.com', '{PLAIN}x', NULL, NULL, true);`;
const query = `SELECT login AS user, crypt AS password, to_json(aliases) AS aliases, megabytes * 1048576 AS quota, off AS disabled
  FROM accounts WHERE login = $1 OR $1 = ANY (aliases)`;

function source(
  it: Postgresql,
  ground: Ground,
  settings: Partial<Extract<SourceSettings, { kind: 'postgresql' }>> = {},
) {
  const passwordFile = join(ground.directory, 'postgresql.password');
  writeFileSync(passwordFile, `${it.password}\n`);
  const times = { timeoutMs: 10_000, cacheBytes: 0, cacheMs: 0, absentCacheMs: 0 };
  const connection = `postgresql://postgres@127.0.0.1:${it.port}/postgres`;
  return {
    ...times,
    kind: 'postgresql',
    name: 'base',
    connection,
    passwordFile,
    key: 'address',
    domains: [],
    query,
    ...settings,
  } as const satisfies SourceSettings;
}

async function started(t: TestContext): Promise<{ readonly ground: Ground; readonly base: Postgresql }> {
  const ground = Ground.of(t);
  const base = await makePostgresql(ground);
  await base.start();
  await base.run(tables);
  return { ground, base };
}

suite('PostgreSQL', { skip: withoutPostgresql() }, () => {
  test('has users by a query, over TCP and over a Unix-domain socket', async (t) => {
    const { ground, base } = await started(t);
    const socket = `postgresql://postgres@localhost:${base.port}/postgres?host=${base.folder}`;
    for (const connection of [undefined, socket]) {
      const settings = source(base, ground, connection === undefined ? {} : { connection });
      const users = await directoryWorld(t).open([settings]);
      const right = await users.checkPassword(withPassword('J@Example.com', 'Grüße 42'));
      assert.ok(right.kind === 'right', JSON.stringify(right));
      assert.equal(right.user.address, 'joe@example.com');
      assert.deepEqual([right.user.aliases, right.user.quotaBytes], [['j@example.com'], 5 * 1024 ** 2]);
      assert.equal((await users.checkPassword(withPassword('joe@example.com', 'x'))).kind, 'wrong');
      assert.equal((await users.checkPassword(withPassword('off@example.com', 'x'))).kind, 'wrong');
      assert.deepEqual(await users.find("'; DROP TABLE accounts; --@example.com"), { kind: 'absent' });
    }
  });

  test('what was found, and what was not, is kept for its time', async (t) => {
    const { ground, base } = await started(t);
    const users = await directoryWorld(t).open([
      source(base, ground, { cacheBytes: 1_000_000, cacheMs: 3_600_000, absentCacheMs: 3_600_000 }),
    ]);
    assert.equal((await users.find('joe@example.com')).kind, 'user');
    assert.equal((await users.find('jane@example.com')).kind, 'absent');
    await base.run("DELETE FROM accounts; INSERT INTO accounts VALUES ('jane@example.com')");
    assert.equal((await users.find('joe@example.com')).kind, 'user');
    assert.equal((await users.find('jane@example.com')).kind, 'absent');
    assert.equal((await users.find('off@example.com')).kind, 'absent');
  });

  test('that goes away makes log-ins fail for a time, which status shows; then it is asked again', async (t) => {
    const ground = Ground.of(t);
    const base = await makePostgresql(ground);
    const first = await base.start();
    await base.run(tables);
    const it = directoryWorld(t);
    const users = await it.open([source(base, ground)]);
    assert.equal((await users.find('joe@example.com')).kind, 'user');
    // Connections that are open are closed, too.
    await first.stop('SIGINT');
    const failing = await users.checkPassword(withPassword('joe@example.com', 'Grüße 42'));
    assert.equal(failing.kind, 'failing');
    assert.match(
      it.troubles.list.map(({ text }) => text).join('; '),
      /"base of the directory" .* cannot answer: PostgreSQL/u,
    );
    await base.start();
    await until('it is asked again', async () => (await users.find('joe@example.com')).kind === 'user');
    assert.deepEqual(it.troubles.list, []);
  });

  for (const [what, settings] of [
    ['a wrong password', { passwordFile: '/dev/null' }],
    ['a query with a mistake', { query: 'SELECT nothing FROM nowhere WHERE a = $1' }],
    ['a query that takes too long', { query: 'SELECT pg_sleep(60) AS password, $1 AS user', timeoutMs: 300 }],
  ] as const)
    test(`${what} is no missing user`, async (t) => {
      const { ground, base } = await started(t);
      const users = await directoryWorld(t).open([source(base, ground, settings)]);
      assert.equal((await users.find('joe@example.com')).kind, 'failing');
    });
});
