// Operators of one queue, with Sluice as a program: they see and steer its mail, and are told of no other.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { send } from '../interop/mail.ts';
import { sluice as run } from '../cli/run.ts';

test('operators of one queue see and hold its mail, and no mail of another', async (t) => {
  const ground = Ground.of(t);
  const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
  const config = {
    queues: { shop: { operator_group: group }, bank: {} },
    assignment: [
      { queue: 'shop', domain: ['shop.test'] },
      { queue: 'bank', domain: ['bank.test'] },
    ],
    route: [{ relay: ['127.0.0.1:9'] }],
    deliver: { max_connections: 0 },
  };
  const sluice = await startSluice(ground, { config });
  for (const to of ['x@shop.test', 'y@bank.test', 'z@bank.test']) {
    const replies = await send(sluice.port, {
      from: 'a@a.test',
      to: [to],
      content: 'Subject: x\r\n\r\nHello\r\n',
    });
    assert.match(replies.at(-1) ?? '', /^250/u);
  }
  await sluice.shows(/(?:.*@bank\.test.*\n){2}/u, 'queue', 'list');
  const listed = await sluice.cli('queue', 'list', '--json', '--recipient', 'y@bank.test');
  const bankId = /"queueId":"([0-9A-Z]{15})"/u.exec(listed)?.[1] ?? '';
  assert.notEqual(bankId, '');
  const socket = /^control_socket\s*=\s*"(.*)"/mu.exec(await sluice.cli('config', 'show'))?.[1] ?? '';
  const ownSocket = socket.replace(/\.sock$/u, '-queue-shop.sock');
  assert.equal(statSync(ownSocket).mode & 0o777, 0o660);
  const file = join(ground.folder('operator'), 'sluice.toml');
  writeFileSync(file, `control_socket = "${ownSocket}"\n`);
  const ask = (...args: string[]) => run([...args, '--config', file]);

  const rows = await ask('queue', 'list');
  assert.match(rows.stdout, /x@shop\.test/u);
  const status = await ask('status');
  assert.match(status.stdout, /^shop +open +1 /mu);
  assert.match((await ask('queue', 'hold', '--all')).stdout, /1 recipient/u);
  const ownId = /^[0-9A-Z]{15}/mu.exec(rows.stdout)?.[0] ?? '';
  assert.match((await ask('queue', 'show', ownId, '--content')).stdout, /Hello/u);
  assert.notEqual((await ask('queue', 'show', bankId, '--content')).code, 0);
  const shown = await ask('queue', 'show', bankId);
  assert.notEqual(shown.code, 0);
  const removed = await ask('queue', 'remove', bankId);
  for (const { stdout, stderr } of [rows, status, shown, removed])
    assert.doesNotMatch(stdout + stderr, /bank/u);
  for (const command of [['limits'], ['top'], ['explain', 'x@shop.test'], ['reload'], ['queue', 'jobs']])
    assert.match((await ask(...command)).stderr, /^CONTROL_QUEUE: /mu, command.join(' '));
  const left = await sluice.cli('queue', 'list');
  assert.match(left, /y@bank\.test/u);
  assert.equal(left.match(/held/gu)?.length, 1);
});
