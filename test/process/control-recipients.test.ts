// A file control/recipients of s/qmail with its databases and programs, with Sluice as a program.

import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { buildCdb, textForms } from '../../src/table/build-cdb.ts';
import { send } from '../interop/mail.ts';

const content = 'Subject: x\r\n\r\nHello\r\n';

test('control/recipients says who exists, and is followed as it changes', async (t) => {
  const ground = Ground.of(t);
  const home = join(ground.directory, 'qmail');
  for (const folder of ['control', 'users', 'bin']) mkdirSync(join(home, folder), { recursive: true });
  const control = join(home, 'control/recipients');
  const setControl = (...lines: string[]): void => {
    writeFileSync(`${control}.new`, lines.map((line) => `${line}\n`).join(''));
    renameSync(`${control}.new`, control);
  };
  const setUsers = async (...users: string[]): Promise<void> => {
    const text = join(home, 'users/recipients');
    // The keys of qmail-recipients and setforward.
    writeFileSync(text, users.map((user) => `:${user}\n`).join(''));
    await buildCdb(join(home, 'users/recipients.cdb'), text, textForms.list);
  };
  await setUsers('joe@far.test', 'list-@far.test');
  // The interface of checkpassword: the address on descriptor 3, ended by zero bytes.
  writeFileSync(
    join(home, 'bin/check'),
    `#!/bin/sh
got=$(head -c 300 <&3 | tr '\\0' ,)
case "$got" in
"$1@near.test,,,") exit 0;;
later@*) exit 111;;
killed@*) kill -9 $$;;
esac
exit 3
`,
    { mode: 0o755 },
  );
  setControl(
    '# who takes mail here',
    '!open.test',
    '@far.test:users/recipients.cdb',
    'near.test|bin/check jane',
    'gone.test:users/gone.cdb',
  );
  const sluice = await startSluice(ground, {
    config: {
      receive: { relay_networks: [], relay_domains: ['far.test', 'near.test', 'open.test', 'gone.test'] },
      recipients: [{ control, cache_time: '0s' }],
      deliver: { max_connections: 0 },
    },
  });
  const answer = async (to: string): Promise<string> => {
    const replies = await send(sluice.port, { from: 'a@b.example', to: [to], content });
    return replies.find((reply) => !/^(?:220|250)/u.test(reply)) ?? replies.at(-1) ?? '';
  };
  const accepted = /^(?:250|354)/u;
  const unknown = /^550 5\.1\.1 No such mailbox here/u;
  const cannotTell = /^451 4\.3\.0 Recipients cannot be checked now/u;
  for (const [to, expected] of [
    ['Joe@Far.test', accepted],
    ['jane@far.test', unknown],
    ['list-owner@far.test', accepted],
    ['postmaster@far.test', accepted],
    ['anyone@open.test', accepted],
    ['jane@near.test', accepted],
    ['bob@near.test', unknown],
    ['later@near.test', cannotTell],
    ['killed@near.test', cannotTell],
    ['joe@gone.test', cannotTell],
  ] as const) {
    assert.match(await answer(to), expected, to);
  }
  await setUsers('jane@far.test');
  await until('the new database is in force', async () => accepted.test(await answer('jane@far.test')));

  // A line that nobody understands is never passed over: the recipient may be known by it.
  setControl('!far.test', 'near.test is mine|program');
  await until('the mistake is seen', async () => cannotTell.test(await answer('anyone@far.test')));
  await sluice.shows(/line 2: "near\.test is mine" is not a domain name/u, 'status');

  setControl('!far.test');
  await until('it is mended', async () => accepted.test(await answer('anyone@far.test')));
  await until('the trouble is over', async () => !(await sluice.cli('status')).includes('is mine'));
  rmSync(control);
  await until('it is gone', async () => cannotTell.test(await answer('anyone@far.test')));
});
