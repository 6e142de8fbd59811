// Mail from one Sluice to another by QMTP and QMQP, as whole programs: envelope, content and verdicts arrive, and servers are tried in order.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';

/** Hands in a message by SMTP; gives the answer to its content. */
async function submit(port: number, recipients: readonly string[], content: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (bytes) => (text += bytes.toString('latin1')));
  socket.on('error', () => undefined);
  const say = async (line: string): Promise<string> => {
    text = '';
    if (line !== '') socket.write(`${line}\r\n`, 'latin1');
    await until('a reply', () => /^\d{3}(?: .*)?\r\n/m.test(text));
    return text;
  };
  await say('');
  await say('EHLO client.test');
  await say('MAIL FROM:<a@client.test>');
  for (const recipient of recipients) await say(`RCPT TO:<${recipient}>`);
  await say('DATA');
  const answer = await say(`${content}.`);
  socket.destroy();
  return answer;
}

for (const protocol of ['qmqp', 'qmtp'] as const) {
  test(`${protocol}: mail goes to the first server that can be reached, and each recipient has its result`, async (t) => {
    const ground = Ground.of(t);
    const [port, nobody] = [await freePort(), await freePort()];
    const networks = ['127.0.0.0/8'];
    const listen = protocol === 'qmqp' ? { protocol, relay_networks: networks } : { protocol, xclient: [] };
    const centre = await startSluice(ground, {
      directory: join(ground.directory, 'centre'),
      config: {
        hostname: 'centre.test',
        receive: { relay_networks: protocol === 'qmqp' ? networks : [], relay_domains: ['far.test'] },
        listen: [{ address: `127.0.0.1:${port}`, ...listen }],
        route: [{ hold: 'kept for the test' }],
      },
    });
    const front = await startSluice(ground, {
      directory: join(ground.directory, 'front'),
      config: {
        hostname: 'front.test',
        receive: { relay_networks: networks, large_message: '64 KiB' },
        route: [{ name: 'centre', [protocol]: [`127.0.0.1:${nobody}`, `127.0.0.1:${port}`] }],
        bounce: { from: 'mailer@front.test' },
      },
    });
    const large = `Subject: large\r\n\r\n${'0123456789 line of text\r\n'.repeat(20_000)}`;
    const small = 'Subject: small\r\n\r\nText\r\n';
    for (const content of [small, large])
      assert.match(await submit(front.port, ['b@far.test', 'c@far.test'], content), /^250 /);
    const received = await centre.logged('received', 2);
    assert.ok(received.every((line) => line['via'] === protocol && line['from'] === 'a@client.test'));
    const delivered = await front.logged('delivered', 4);
    assert.ok(delivered.every((line) => line['host'] === '127.0.0.1'));
    const sizes = received.map((line) => Number(line['size'])).toSorted((a, b) => a - b);
    assert.ok((sizes[0] ?? 0) < 1_000 && (sizes[1] ?? 0) > large.length);
    if (protocol === 'qmqp') return;
    assert.match(await submit(front.port, ['b@far.test', 'd@elsewhere.test'], small), /^250 /);
    const [bounced] = await front.logged('bounced');
    assert.equal(bounced?.['to'], 'd@elsewhere.test');
    assert.equal((await front.logged('delivered', 5)).at(-1)?.['to'], 'b@far.test');
  });
}
