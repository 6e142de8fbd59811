// Sending limits with Sluice as a program: exact over several receiver processes, and kept when the manager is killed.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice, type Sluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { destination, send } from '../interop/mail.ts';

const mail = {
  from: 'a@shop.example',
  to: ['b@far.test', 'c@far.test'],
  content: 'Subject: x\r\n\r\nHello\r\n',
};

const config: SluiceConfig = {
  processes: { receivers: 3 },
  receive: { relay_networks: ['127.0.0.0/8'] },
  deliver: { max_connections: 0 },
  route: [{ relay: ['127.0.0.1:9'] }],
  sending_limit: [
    { by: 'client', messages: '20/hour' },
    { by: 'sender_domain', recipients: '1000/day' },
  ],
};

/** The codes of the last replies. */
async function sendMany(sluice: Sluice, count: number): Promise<string[]> {
  const all = await Promise.all(Array.from({ length: count }, () => send(sluice.port, mail)));
  return all.map((replies) => replies.at(-1)!.slice(0, 3));
}

test('three receivers together take exactly as many messages as the limit says, and no more after the manager was killed', async (t) => {
  const ground = Ground.of(t);
  const sluice = await startSluice(ground, { config });
  const codes = await sendMany(sluice, 50);
  assert.deepEqual(
    [codes.filter((code) => code === '250').length, codes.filter((code) => code === '450').length],
    [20, 30],
  );
  const file = join(sluice.spool, 'sending.json');
  const isStored = (): boolean => existsSync(file) && readFileSync(file, 'utf8').includes(',20]');
  await until('the count is stored', () => Promise.resolve(isStored()));
  process.kill(sluice.pidOf('manager'), 'SIGKILL');
  // While there is no manager, nothing is taken; then what was counted counts.
  const after = new Set<string>();
  await until('another manager counts', async () => {
    const [code = ''] = await sendMany(sluice, 1);
    after.add(code);
    return code === '450';
  });
  assert.ok(!after.has('250'), [...after].join(' '));
  sluice.configure({ ...config, sending_limit: [{ by: 'client', messages: '22/hour' }] });
  await sluice.cli('reload');
  // The manager may put it in force a moment after the receivers.
  await until('the new limit holds', async () => (await sendMany(sluice, 1))[0] === '250');
  assert.deepEqual((await sendMany(sluice, 5)).sort(), ['250', '450', '450', '450', '450']);
});

test('a paced message is accepted, says when it goes out, waits over a restart, and goes at once when an operator says so', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const paced: SluiceConfig = {
    receive: { relay_networks: ['127.0.0.0/8'] },
    route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    sending_limit: [{ by: 'client', messages: '1/hour', beyond: 'pace', longest_wait: '90m' }],
  };
  const first = await startSluice(ground, { config: paced });
  assert.match((await send(first.port, mail)).at(-1)!, /^250 2\.0\.0 queued as \w+$/u);
  const last = (await send(first.port, mail)).at(-1)!;
  assert.match(
    last,
    /^250 2\.0\.0 queued as \w+, to go out at \S+Z: Your address may send 1 message an hour$/u,
  );
  assert.match(
    (await send(first.port, mail)).at(-1)!,
    /^450 4\.7\.1 /u,
    'a third one would wait for two hours',
  );
  await until('the first is there', () => Promise.resolve(mx.messages.length === 1));
  assert.equal(await first.program.stop('SIGTERM'), 0);
  const { directory } = first;
  const sluice = await startSluice(ground, { config: paced, directory });
  const list = await sluice.cli('queue', 'list');
  assert.match(
    list,
    /waiting +0 +in (?:1h|60m|59m) .* waits for a sending limit, client 127\.0\.0\.1: 1 message an hour/u,
  );
  assert.equal(mx.messages.length, 1);
  await sluice.cli('queue', 'retry', '--all');
  await until('it is there', () => Promise.resolve(mx.messages.length === 2));
});
