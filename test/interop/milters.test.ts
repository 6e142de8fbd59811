// Milters of other makers, as a running Sluice asks them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { recordOf, resultsOf, signMessage } from '../dkim/support.ts';
import { destination, send } from './mail.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const noOpenDkim =
  spawnSync('opendkim', ['-V'], { stdio: 'ignore' }).status !== 0 && 'opendkim is not installed';

const plain =
  'Message-ID: <one@example.com>\r\nDate: Fri, 10 Mar 2023 23:29:35 +0000\r\nFrom: Joe <joe@example.com>\r\nTo: a@far.test\r\nSubject: x\r\n\r\nHello.\r\n';

/** Starts OpenDKIM, and returns the address at which it is asked. */
async function openDkim(ground: Ground, mode: 's' | 'v', more = ''): Promise<string> {
  const socket = join(ground.directory, 'opendkim.sock');
  const key = join(ground.directory, 'r.pem');
  writeFileSync(key, String(rsa.privateKey.export({ format: 'pem', type: 'pkcs8' })));
  chmodSync(key, 0o600);
  const keys = join(ground.directory, 'keys');
  writeFileSync(keys, `r._domainkey.example.com ${recordOf(rsa.publicKey)}\n`);
  const conf = join(ground.directory, 'opendkim.conf');
  writeFileSync(
    conf,
    `Mode ${mode}\nSyslog no\nUserID root\nDomain example.com\nSelector r\nKeyFile ${key}\nRequireSafeKeys no\nTestPublicKeys ${keys}\nAlwaysAddARHeader yes\nAuthservID mx.example.org\n${more}`,
  );
  const program = ground.start('opendkim', 'opendkim', ['-f', '-x', conf, '-p', `local:${socket}`]);
  await until('OpenDKIM listens', () => program.isRunning && existsSync(socket));
  return `unix:${socket}`;
}

suite('OpenDKIM', { skip: noOpenDkim }, () => {
  test('verifies what comes in, and says so above all other fields', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const address = await openDkim(ground, 'v', 'InternalHosts 192.0.2.1\n');
    const sluice = await startSluice(ground, {
      config: {
        stage: [{ name: 'opendkim', kind: 'milter', address }],
        route: [{ relay: [`127.0.0.1:${mx.port}`] }],
      },
    });
    const form = { headerCanonicalization: 'relaxed', bodyCanonicalization: 'simple' } as const;
    const at = Math.floor(Date.now() / 1000) - 1;
    const signed = signMessage(
      Buffer.from(plain),
      rsa.privateKey,
      { domain: 'example.com', selector: 'r', ...form },
      at,
    );
    const mail = { from: 'joe@example.com', to: ['a@far.test'] };
    await send(sluice.port, { ...mail, content: signed.toString('latin1') });
    await send(sluice.port, { ...mail, content: signed.toString('latin1').replace('Hello', 'Hallo') });
    await until('both have arrived', () => mx.messages.length === 2);
    const texts = mx.messages.map(({ content }) => content.toString('latin1'));
    assert.match(
      texts[0] ?? '',
      /^Authentication-Results: mx\.example\.org;\s+dkim=pass [^]*\r\nReceived: /u,
    );
    assert.match(
      texts[1] ?? '',
      /^Authentication-Results: mx\.example\.org;\s+dkim=fail [^]*\r\nReceived: /u,
    );
  });

  test('signs what goes out, and the signature holds', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const address = await openDkim(ground, 's', 'InternalHosts 127.0.0.1\nCanonicalization relaxed/simple\n');
    const sluice = await startSluice(ground, {
      config: {
        stage: [{ name: 'opendkim', kind: 'milter', address }],
        route: [{ relay: [`127.0.0.1:${mx.port}`] }],
      },
    });
    await send(sluice.port, { from: 'joe@example.com', to: ['a@far.test'], content: plain });
    await until('it has arrived', () => mx.messages.length === 1);
    const [message] = mx.messages;
    assert.match(message?.content.toString('latin1') ?? '', /^DKIM-Signature: /u);
    const published = { 'r._domainkey.example.com': recordOf(rsa.publicKey) };
    const nowSeconds = Math.floor(Date.now() / 1000);
    assert.deepEqual(resultsOf(message?.content ?? '', published, nowSeconds), ['pass']);
  });
});
