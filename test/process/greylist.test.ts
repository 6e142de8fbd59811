// Greylisting with Sluice as a program: over its processes, over a restart, and by its commands.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { rmSync, mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';

/** The reply to RCPT, on a connection from another address of this host. */
async function rcpt(port: number, from: string, sender = 'a@b.example'): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: from });
  await once(socket, 'connect');
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  socket.end(`EHLO a.example\r\nMAIL FROM:<${sender}>\r\nRCPT TO:<joe@near.test>\r\nQUIT\r\n`);
  await once(socket, 'close');
  return (
    text
      .split('\r\n')
      .filter((line) => /^\d{3} /u.test(line))
      .at(-2) ?? ''
  );
}

function config(keys: Readonly<Record<string, string | number>>) {
  return {
    processes: { receivers: 2, senders: 1 },
    stage: [{ name: 'grey', kind: 'greylist', network_ipv4: 32, ...keys }],
    receive: { relay_networks: ['127.0.0.9/32'], relay_domains: ['near.test'] },
    deliver: { max_connections: 0 },
  };
}

test('all receivers remember together, over a restart, and operators change it', async (t) => {
  const ground = Ground.of(t);
  const port = await freePort();
  const directory = join(ground.directory, 'sluice');
  const options = { port, directory, config: config({ delay: '1s' }) };
  let sluice = await startSluice(ground, options);
  assert.match(await rcpt(port, '127.0.0.2'), /^451 4\.7\.1 Greylisted: try again in 1 second$/u);
  await until('it passes', async () => (await rcpt(port, '127.0.0.2')).startsWith('250'));
  // Whichever receiver has it.
  for (let again = 0; again < 6; again++) assert.match(await rcpt(port, '127.0.0.2'), /^250/u);
  assert.match(await rcpt(port, '127.0.0.3'), /^451/u);
  assert.match(await rcpt(port, '127.0.0.9'), /^250/u);
  const [refused] = await sluice.logged('rejected');
  assert.deepEqual([refused?.['stage'], refused?.['client']], ['grey', '127.0.0.2']);
  assert.match(await sluice.cli('greylist', 'list', '--passed'), /127\.0\.0\.2 +a@b\.example +near\.test/u);
  assert.match(await sluice.cli('greylist', 'allow', '127.0.0.4'), /Mail of 127\.0\.0\.4 passes at once/u);
  await sluice.program.stop('SIGTERM');
  sluice = await startSluice(ground, { ...options, config: config({ delay: '1h' }) });
  assert.match(await rcpt(port, '127.0.0.2'), /^250/u);
  assert.match(await rcpt(port, '127.0.0.4'), /^250/u);
  assert.match(await rcpt(port, '127.0.0.5'), /^451 4\.7\.1 Greylisted: try again in 3600 seconds/u);
  await sluice.cli('greylist', 'forget', '127.0.0.2');
  assert.match(await rcpt(port, '127.0.0.2'), /^451/u);
  assert.match(await sluice.cli('greylist', 'stats'), /grey +\d/u);
});

test('mail goes on while the database cannot be had, with a trouble, or is refused for now where that is configured', async (t) => {
  const ground = Ground.of(t);
  const port = await freePort();
  const sluice = await startSluice(ground, { port, config: config({ delay: '1h', rest_after: 0 }) });
  const path = join(sluice.spool, 'greylist.sqlite');
  assert.match(await rcpt(port, '127.0.0.2'), /^451 4\.7\.1/u);
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  mkdirSync(path);
  assert.match(await rcpt(port, '127.0.0.2'), /^250/u);
  await until('the trouble is shown', async () =>
    (await sluice.cli('status')).includes('The stage "grey" fails at rcpt'),
  );
  sluice.configure(config({ delay: '1h', rest_after: 0, on_failure: 'tempfail' }));
  await sluice.cli('reload');
  assert.match(await rcpt(port, '127.0.0.2'), /^451 4\.3\.0 A check of this server failed/u);
  rmSync(path, { recursive: true });
  assert.match(await rcpt(port, '127.0.0.2'), /^451 4\.7\.1 Greylisted/u);
});
