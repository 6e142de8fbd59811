// A real PostgreSQL says which way mail goes: while it is away, the mail waits, and goes no other way.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { makePostgresql, withoutPostgresql } from '../../sim/neighbours/postgresql.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from './mail.ts';

const content = 'Subject: x\r\n\r\nHello\r\n';

suite('PostgreSQL', { skip: withoutPostgresql() }, () => {
  test('says where mail goes by recipient, domain and what is above it, and mail waits while it is away', async (t) => {
    const ground = Ground.of(t);
    const base = await makePostgresql(ground);
    const first = await base.start();
    const [one, usual] = [await destination(ground), await destination(ground)];
    const to = `smtp:[127.0.0.1]:${one.port}`;
    await base.run(`CREATE TABLE ways (address text PRIMARY KEY, way text);
      INSERT INTO ways VALUES ('joe@two.test', '${to}'), ('one.test', '${to}'), ('.under.test', '${to}'), ('null.test', NULL)`);
    const directory = ground.folder('sluice');
    mkdirSync(directory, { recursive: true });
    const passwordFile = join(directory, 'password');
    writeFileSync(passwordFile, `${base.password}\n`);
    const sluice = await startSluice(ground, {
      directory,
      config: {
        queue: { retry: ['1h'] },
        route: [{ relay: [`127.0.0.1:${usual.port}`] }],
        route_table: [
          {
            postgresql: `postgresql://postgres@127.0.0.1:${base.port}/postgres`,
            password_file: passwordFile,
            query: 'SELECT way FROM ways WHERE address = $1',
            form: 'transport',
            cache_time: '0s',
          },
        ],
      },
    });
    const arrived = () =>
      [one, usual].map(({ messages }) => messages.flatMap(({ recipients }) => recipients).sort());
    const sendTo = async (...recipients: readonly string[]) => {
      const replies = await send(sluice.port, { from: 'a@client.test', to: recipients, content });
      assert.match(replies.at(-1) ?? '', /^250/u);
    };
    await sendTo('Joe@two.test', 'jane@two.test', 'x@one.test', 'x@deep.under.test', 'x@null.test');
    await until('five have arrived', () => arrived().flat().length === 5);
    assert.deepEqual(arrived(), [
      ['Joe@two.test', 'x@deep.under.test', 'x@one.test'],
      ['jane@two.test', 'x@null.test'],
    ]);

    assert.doesNotMatch(await sluice.cli('check'), /cannot answer/u);
    await first.stop('SIGINT');
    assert.match(await sluice.cli('check'), /warning: .*the table "postgresql" cannot answer: PostgreSQL/u);
    await sendTo('later@one.test');
    await until('it waits', async () =>
      /later@one\.test.*The table "postgresql" cannot say where it goes: PostgreSQL/u.test(
        await sluice.cli('queue', 'list'),
      ),
    );
    await sluice.shows(/The table "postgresql" from .* cannot answer: PostgreSQL/u, 'status');
    await base.start();
    await sluice.cli('queue', 'retry', '--all');
    await until('it has arrived', () => arrived().flat().length === 6);
    assert.ok(arrived()[0]?.includes('later@one.test'));
  });
});
