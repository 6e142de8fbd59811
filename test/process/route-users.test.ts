// A table of routes that is asked about the user who handed a message in, with Sluice as a program: the user is stored with the message, so that it counts
// after a restart as well.

import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Session } from '../../sim/mx/submitter.ts';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination } from '../interop/mail.ts';

/** Hands a message in, as a front end that has logged a user in. @returns the last reply */
async function handIn(port: number, to: string, user: string | undefined): Promise<string> {
  const session = await Session.open('127.0.0.1', port);
  const say = (text: string): Promise<string> => {
    session.write(text);
    return session.reply();
  };
  const login = user === undefined ? '' : ` LOGIN=${user}`;
  assert.match(await say(`XCLIENT ADDR=127.0.0.9${login}\r\n`), /^220/u);
  await say('EHLO client.test\r\n');
  for (const line of ['MAIL FROM:<a@client.test>', `RCPT TO:<${to}>`, 'DATA']) await say(`${line}\r\n`);
  const reply = await say('Subject: x\r\n\r\nHello\r\n.\r\n');
  await session.quit();
  return reply;
}

test('mail of a user goes by the table that knows the user, also after a restart; mail of nobody does not', async (t) => {
  const ground = Ground.of(t);
  const [ofUser, usual] = [await destination(ground), await destination(ground)];
  const directory = ground.folder('sluice');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'users.map');
  const replace = (text: string): void => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };
  replace('shop@users.test retry:4.3.2 not before the restart\n*  discard:\n');
  const port = await freePort();
  const options = {
    port,
    directory,
    config: {
      queue: { retry: ['1h'] },
      listen: [{ address: `127.0.0.1:${port}`, xclient: ['127.0.0.1'] }],
      route: [{ relay: [`127.0.0.1:${usual.port}`] }],
      table: [{ name: 'users', path }],
      route_table: [{ table: 'users', form: 'transport', by: 'user' }],
    },
  };
  const before = await startSluice(ground, options);
  assert.match(await handIn(port, 'x@far.test', 'Shop@users.test'), /^250/u);
  assert.match(await handIn(port, 'nobody@far.test', undefined), /^250/u);
  await until('mail of nobody goes the usual way', () =>
    usual.messages.some(({ recipients }) => recipients.includes('nobody@far.test')),
  );
  await until('mail of the user waits', async () =>
    /x@far\.test.*not before the restart/u.test(await before.cli('queue', 'list')),
  );
  const [, id = ''] = /\b([0-9A-Z]{15})\b.*x@far\.test/u.exec(await before.cli('queue', 'list')) ?? [];
  assert.match(await before.cli('queue', 'show', id), /^User {7}Shop@users\.test$/mu);
  assert.match(
    await before.cli('explain', 'x@far.test', '--user', 'shop@users.test'),
    /the table users says so/u,
  );
  assert.doesNotMatch(await before.cli('explain', 'x@far.test'), /the table users/u);
  assert.equal(await before.program.stop('SIGTERM'), 0);

  assert.match(await before.cli('queue', 'show', id), /^User {7}Shop@users\.test$/mu);
  replace(`shop@users.test smtp:[127.0.0.1]:${ofUser.port}\n`);
  const after = await startSluice(ground, options);
  await after.cli('queue', 'retry', '--all');
  await until('it has arrived', () => ofUser.messages.length === 1);
  assert.deepEqual(
    usual.messages.flatMap(({ recipients }) => recipients),
    ['nobody@far.test'],
  );
});
