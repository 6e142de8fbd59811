// Two examples of plugins as stages of a running Sluice: swaks hands mail in, and what arrives is looked at.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { destination } from './mail.ts';
import { withoutSwaks } from './swaks.ts';

const examples = join(import.meta.dirname, '../../examples/plugins');

/** Knows joe@far.test, and nobody else. */
async function users(ground: Ground): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer(({ url = '' }, response) => {
    const address = new URL(url, 'http://127.0.0.1').searchParams.get('address');
    response.writeHead(address === 'joe@far.test' ? 204 : 404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ground.atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

/** @returns what swaks and Sluice said to each other */
function swaks(ground: Ground, sluice: Sluice, ...args: readonly string[]): Promise<string> {
  const common = [
    '--server',
    `127.0.0.1:${sluice.port}`,
    '--from',
    'ann@client.test',
    '--hide-informational',
  ];
  return ground.run('swaks', [...common, ...args], { codes: [0, 24, 26] });
}

suite('plugins as stages', { skip: withoutSwaks() }, () => {
  test('unknown recipients are refused by what an HTTP service says, and mail arrives with a footer', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const { server, port } = await users(ground);
    const sluice = await startSluice(ground, {
      config: {
        route: [{ relay: [`127.0.0.1:${mx.port}`] }],
        stage: [
          {
            name: 'recipient-check',
            kind: 'plugin',
            file: join(examples, 'recipient-check.ts'),
            options: { url: `http://127.0.0.1:${port}/`, domains: ['far.test'], cache: '1ms' },
          },
          {
            name: 'footer',
            kind: 'plugin',
            file: join(examples, 'footer.ts'),
            options: { text: 'Example Ltd' },
          },
        ],
      },
    });
    const some = await swaks(ground, sluice, '--to', 'nobody@far.test,joe@far.test', '--body', 'Hello');
    assert.match(some, /RCPT TO:<nobody@far\.test>\s+<\*\* 550 5\.1\.1 No such mailbox here/u);
    assert.match(some, /RCPT TO:<joe@far\.test>\s+<- {2}250 /u);
    assert.match(some, /<- {2}250 2\.0\.0 queued/u);
    await until('it has arrived', () => mx.messages.length === 1);
    const [message] = mx.messages;
    assert.deepEqual(message?.recipients, ['joe@far.test']);
    assert.match(message?.content.toString() ?? '', /\r\n\r\nHello\r\n(?:\r\n)*-- \r\nExample Ltd\r\n$/u);

    const html = [
      '--to',
      'joe@far.test',
      '--add-header',
      'Content-Type: text/html',
      '--body',
      '<p>Hello</p>',
    ];
    await swaks(ground, sluice, ...html);
    await until('it has arrived', () => mx.messages.length === 2);
    const content = mx.messages[1]?.content.toString() ?? '';
    assert.match(content, /^Content-Type: multipart\/mixed; boundary="([-0-9a-f]+)"\r$/mu);
    assert.match(content, /Content-Type: text\/html\r\n\r\n<p>Hello<\/p>\r\n/u);
    assert.ok(content.includes(Buffer.from('Example Ltd\r\n').toString('base64')));

    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    const later = await swaks(ground, sluice, '--to', 'joe@far.test', '--quit-after', 'RCPT');
    assert.match(later, /RCPT TO:<joe@far\.test>\s+<\*\* 451 4\.3\.0 /u);
    await until('it is a trouble', async () => /stage "?recipient-check/u.test(await sluice.cli('status')));
    assert.equal(await sluice.program.stop('SIGTERM'), 0);
  });
});
