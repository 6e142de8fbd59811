// Recipients that exist by a table, with Sluice as a program: at its start, over a change of the table, and without the file.

import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { send } from '../interop/mail.ts';

const content = 'Subject: x\r\n\r\nHello\r\n';

test('recipients of a domain exist by a table, which is followed as it changes', async (t) => {
  const ground = Ground.of(t);
  const folder = join(ground.directory, 'tables');
  mkdirSync(folder);
  const path = join(folder, 'users.list');
  writeFileSync(path, 'joe@far.test\n');
  const sluice = await startSluice(ground, {
    config: {
      table: [
        { name: 'users', path },
        { name: 'none', path: join(folder, 'none.list') },
      ],
      recipients: [
        { domain: ['far.test'], table: 'users', subaddress: '+' },
        { domain: ['near.test'], table: 'none' },
      ],
      deliver: { max_connections: 0 },
    },
  });
  const answer = async (to: string): Promise<string> => {
    const replies = await send(sluice.port, { from: 'a@b.example', to: [to], content });
    return replies.find((reply) => !/^(?:220|250)/u.test(reply)) ?? replies.at(-1) ?? '';
  };
  assert.match(await answer('joe+x@far.test'), /^(?:250|354)/u);
  assert.match(await answer('jane@far.test'), /^550 5\.1\.1 No such mailbox here/u);
  assert.match(await answer('jane@near.test'), /^451 4\.3\.0 Recipients cannot be checked now/u);
  assert.match(await answer('postmaster@near.test'), /^(?:250|354)/u);
  writeFileSync(`${path}.new`, 'jane@far.test\n');
  renameSync(`${path}.new`, path);
  await until('the new table is in force', async () => !(await answer('jane@far.test')).startsWith('550'));
  assert.match(await answer('joe@far.test'), /^550 5\.1\.1/u);
  const [refused] = await sluice.logged(({ event, to }) => event === 'rejected' && to === 'jane@near.test');
  assert.equal(refused?.['stage'], 'recipients');
});
