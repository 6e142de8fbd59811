// [[diversion]] rules with Sluice as a program: a storm is diverted by itself, told as a trouble, and ends by itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { send } from '../interop/mail.ts';

async function queueOf(sluice: Sluice, from: string, to: readonly string[]): Promise<string> {
  const replies = await send(sluice.port, { from, to: [...to], content: 'Subject: x\r\n\r\nHello\r\n' });
  const [, id] = /queued as (\w+)/u.exec(replies.at(-1) ?? '') ?? [];
  assert.ok(id !== undefined, replies.join('\n'));
  const [line] = await sluice.logged((each) => each.event === 'received' && each['id'] === id);
  return String(line?.['queue'] ?? 'default');
}

const many = Array.from({ length: 12 }, (_, number) => `x${number}@far.test`);
const config = {
  queues: { backup: {} },
  tenant: [{ name: 'news', sender: ['news.test'] }],
  deliver: { max_connections: 0 },
};
const flood = { name: 'flood', queue: 'backup', per: 'tenant', rate: '10/sec', calm_for: '1s', lasts: '1s' };

test('a tenant that sends too much is diverted by itself, with an alarm, until it is calm; others are not', async (t) => {
  const sluice = await startSluice(Ground.of(t), { config: { ...config, diversion: [flood] } });
  assert.equal(await queueOf(sluice, 'a@news.test', many), 'default', 'what begins it is stored already');
  await sluice.logged((line) =>
    /the rule flood diverts tenant=news to the queue backup/u.test(String(line['msg'])),
  );
  assert.equal(await queueOf(sluice, 'a@other.test', ['x@far.test']), 'default');
  await sluice.logged((line) => /tenant=news .* is diverted no more/u.test(String(line['msg'])));
  await sluice.shows(/^Nothing is diverted/u, 'divert');
  assert.equal(await queueOf(sluice, 'a@news.test', ['x@far.test']), 'default');
});

test('a storm that lasts is told as a trouble, and stays ended when an operator has ended it', async (t) => {
  const rule = { ...flood, lasts: '1h' };
  const ground = Ground.of(t);
  const sluice = await startSluice(ground, { config: { ...config, diversion: [rule] } });
  await queueOf(sluice, 'a@news.test', many);
  await sluice.shows(/rule flood +tenant=news +1\d recipients in 1s/u, 'divert');
  assert.equal(await queueOf(sluice, 'a@news.test', ['x@far.test']), 'backup');
  await sluice.shows(/The rule flood diverts mail to the queue backup: tenant=news/u, 'status');
  assert.match(await sluice.cli('divert', 'end', '--all'), /Diversion 1 has ended: tenant=news/u);
  await queueOf(sluice, 'a@news.test', many);
  assert.equal(await queueOf(sluice, 'a@news.test', ['x@far.test']), 'default');
  assert.equal(await sluice.cli('divert'), 'Nothing is diverted.\n');
});

test('a diversion of a rule goes on after a restart, and ends with its rule', async (t) => {
  const ground = Ground.of(t);
  const rule = { ...flood, per: 'client', lasts: '1h' };
  const sluice = await startSluice(ground, { config: { ...config, diversion: [rule] } });
  await queueOf(sluice, 'a@news.test', many);
  await sluice.shows(/client=127\.0\.0\.1/u, 'divert');
  await sluice.program.stop('SIGTERM');
  const again = await startSluice(ground, {
    config: { ...config, diversion: [rule] },
    directory: sluice.directory,
  });
  await again.shows(/rule flood +client=127\.0\.0\.1/u, 'divert');
  await until(
    'it is diverted',
    async () => (await queueOf(again, 'a@other.test', ['x@far.test'])) === 'backup',
  );
  await again.program.stop('SIGTERM');
  const without = await startSluice(ground, { config, directory: sluice.directory });
  await without.shows(/^Nothing is diverted/u, 'divert');
});
