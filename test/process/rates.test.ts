// Rates of incoming mail, and own domains, with Sluice as a program: all receivers count together.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { freePort, Ground } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';

/** The replies of a session from another address of this host. */
async function replies(port: number, from: string, ...commands: string[]): Promise<readonly string[]> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: from });
  await once(socket, 'connect');
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  socket.on('error', () => undefined);
  socket.end(['EHLO a.example', ...commands, 'QUIT', ''].join('\r\n'));
  await once(socket, 'close');
  return text.split('\r\n').filter((line) => /^\d{3} /u.test(line));
}

test('all receivers count together, and operators see and reset it', async (t) => {
  const ground = Ground.of(t);
  const port = await freePort();
  const sluice = await startSluice(ground, {
    port,
    config: {
      processes: { receivers: 2, senders: 1 },
      receive: { relay_networks: ['127.0.0.9/32'], relay_domains: ['near.test'] },
      deliver: { max_connections: 0 },
      stage: [
        { name: 'clients', kind: 'rates', by: 'client', messages: '3/day', refused_recipients: '2/day' },
        { name: 'own', kind: 'own-domains' },
      ],
    },
  });
  const mail = (from: string, to = 'joe@near.test', sender = 'a@b.example') =>
    replies(port, from, `MAIL FROM:<${sender}>`, `RCPT TO:<${to}>`);
  for (let message = 0; message < 3; message++) assert.match((await mail('127.0.0.2')).at(2) ?? '', /^250/u);
  assert.match(
    (await mail('127.0.0.2')).at(2) ?? '',
    /^451 4\.7\.1 Your address may send 3 messages a day: try again in \d+ seconds/u,
  );
  assert.match((await mail('127.0.0.3')).at(2) ?? '', /^250/u);
  for (let message = 0; message < 5; message++) assert.match((await mail('127.0.0.9')).at(2) ?? '', /^250/u);
  assert.match(await sluice.cli('rates'), /127\.0\.0\.2 +3 +3 messages a day +clients +in/u);
  assert.match(await sluice.cli('rates', 'reset', '127.0.0.2'), /begins anew/u);
  assert.match((await mail('127.0.0.2')).at(2) ?? '', /^250/u);
  // Refused for good, by the relay check.
  for (let recipient = 0; recipient < 2; recipient++)
    assert.match((await mail('127.0.0.4', 'joe@far.test')).at(3) ?? '', /^550 5\.7\.1 Relaying denied/u);
  const [refused = ''] = await mail('127.0.0.4');
  assert.match(refused, /^421 4\.7\.0 .*2 refused recipients a day/u);
  // Own domains.
  assert.match(
    (await mail('127.0.0.5', 'joe@near.test', 'eve@near.test')).at(2) ?? '',
    /^550 5\.7\.1 Mail from near\.test is taken from its own users and hosts alone/u,
  );
  assert.match((await mail('127.0.0.9', 'joe@near.test', 'joe@near.test')).at(2) ?? '', /^250/u);
});
