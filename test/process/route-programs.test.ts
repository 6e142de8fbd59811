// A program says which way mail goes, with Sluice as a program: while it cannot tell, the mail waits, and goes no other way.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from '../interop/mail.ts';

const content = 'Subject: x\r\n\r\nHello\r\n';

test('a program names routes, and mail waits while it cannot tell', async (t) => {
  const ground = Ground.of(t);
  const [one, usual] = [await destination(ground), await destination(ground)];
  const directory = ground.folder('sluice');
  mkdirSync(directory, { recursive: true });
  const program = join(directory, 'where-to');
  const say = (later: string) =>
    writeFileSync(
      program,
      `#!/bin/sh
[ "$1" = -- ] && [ "$RECIPIENT" = "$2" ] || exit 64
case $2 in
  *@one.test) echo one ;;
  later@*) ${later} ;;
  *) exit 100 ;;
esac
`,
      { mode: 0o755 },
    );
  say('exit 111');
  const sluice = await startSluice(ground, {
    directory,
    config: {
      queue: { retry: ['1h'] },
      route: [
        { relay: [`127.0.0.1:${usual.port}`] },
        { name: 'one', domain: ['one.invalid'], relay: [`127.0.0.1:${one.port}`] },
      ],
      route_table: [{ program: [program, '--'], cache_time: '0s' }],
    },
  });
  const to = ['a@one.test', 'b@two.test', 'later@two.test'];
  const replies = await send(sluice.port, { from: 'a@client.test', to, content });
  assert.match(replies.at(-1) ?? '', /^250/u);
  const arrived = () =>
    [one, usual].map(({ messages }) => messages.flatMap(({ recipients }) => recipients).sort());
  await until('two have arrived', () => arrived().flat().length === 2);
  assert.deepEqual(arrived(), [['a@one.test'], ['b@two.test']]);
  await until('one waits', async () =>
    /later@two\.test.*The table "where-to" cannot say where it goes: it ended with the exit code 111/u.test(
      await sluice.cli('queue', 'list'),
    ),
  );
  // It is asked about this one alone: an answer about another recipient would end the trouble.
  await sluice.cli('queue', 'retry', '--all');
  await until('status says so', async () =>
    /The table "where-to" from .* cannot answer: it ended with/u.test(await sluice.cli('status')),
  );
  assert.match(
    await sluice.cli('queue', 'reroute', '--all', '--dry-run'),
    /^0 recipients of 0 messages would/u,
  );

  say('echo one');
  await sluice.cli('queue', 'retry', '--all');
  await until('it has arrived', () => arrived().flat().length === 3);
  assert.deepEqual(arrived()[0], ['a@one.test', 'later@two.test']);
  await until('the trouble is over', async () => !(await sluice.cli('status')).includes('cannot answer'));
  assert.match(await sluice.cli('explain', 'x@one.test'), /the table where-to says so: \[\[route\]\] one/u);
});
