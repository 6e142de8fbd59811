// Verification with Sluice as a program: names are looked up over the network, held mail is released, and a reload changes the rules.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { startDnsServer } from '../../sim/dns/dns-server.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { signMessage } from '../dkim/support.ts';
import { destination, send } from '../interop/mail.ts';

const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
const published = key.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');

test('mail of others is verified, marked, held or refused, and mail of clients that may relay is not', async (t) => {
  const ground = Ground.of(t);
  const dns = await startDnsServer({
    zone: {
      'sender.test': { txt: ['v=spf1 ip4:127.0.0.1 -all'] },
      '_dmarc.sender.test': { txt: ['v=DMARC1; p=reject'] },
      '_dmarc.held.test': { txt: ['v=DMARC1; p=quarantine'] },
      's._domainkey.sender.test': { txt: [`v=DKIM1; k=rsa; p=${published}`] },
      '1.0.0.127.in-addr.arpa': { ptr: ['client.test'] },
      'client.test': { a: ['127.0.0.1'] },
    },
  });
  ground.atEnd(() => dns.close());
  const mx = await destination(ground);
  const config = (relayNetworks: readonly string[], verification: Record<string, string>): SluiceConfig => ({
    hostname: 'mx.far.test',
    dns: { servers: [`127.0.0.1:${dns.port}`] },
    receive: { relay_networks: relayNetworks, relay_domains: ['far.test'] },
    route: [{ domain: ['far.test'], relay: [`127.0.0.1:${mx.port}`] }],
    verification,
  });
  const sluice = await startSluice(ground, {
    config: config(['10.0.0.0/8'], { mode: 'on', dmarc_fail: 'policy' }),
  });
  const message = (from: string): Buffer => Buffer.from(`From: <joe@${from}>\r\nSubject: x\r\n\r\nHello\r\n`);
  const reply = async (content: Buffer, from = 'a@sender.test'): Promise<string> => {
    const text = content.toString('latin1');
    const replies = await send(sluice.port, { from, to: ['b@far.test'], content: text });
    return replies.at(-1) ?? '';
  };
  const arrived = async (count: number): Promise<string> => {
    await until(`${count} messages have arrived`, () => Promise.resolve(mx.messages.length === count));
    return mx.messages.at(-1)?.content.toString('latin1') ?? '';
  };

  const form = { domain: 'sender.test', selector: 's' };
  assert.match(await reply(signMessage(message('sender.test'), key.privateKey, form)), /^250/u);
  const marked = await arrived(1);
  assert.match(marked, /^Authentication-Results: mx\.far\.test;\r\n\tiprev=pass policy\.iprev=127\.0\.0\.1/u);
  assert.match(marked, /\tspf=pass smtp\.mailfrom=sender\.test;/u);
  assert.match(marked, /\tdkim=pass header\.d=sender\.test header\.s=s header\.a=rsa-sha256 /u);
  assert.match(marked, /\tdmarc=pass header\.from=sender\.test policy\.dmarc=reject\r\nReceived: /u);

  assert.match(await reply(message('sender.test'), 'a@other.test'), /^550 5\.7\.1 .* \(DMARC\)/u);

  assert.match(await reply(message('held.test')), /^250/u);
  await sluice.shows(/quarantined: verification: dmarc_fail \(no authenticated domain/u, 'queue', 'list');
  assert.match(await sluice.cli('queue', 'release', '--state', 'held'), /1 recipient released/u);
  assert.match(
    await arrived(2),
    /\tdmarc=fail\r\n\t reason="no authenticated domain is aligned with held\.test"/u,
  );

  const verified = await sluice.logged('verified', 3);
  assert.deepEqual(
    verified.map(({ action, rule, dmarc }) => [action, rule, dmarc]),
    [
      ['mark', undefined, 'pass'],
      ['reject', 'dmarc_fail', 'fail'],
      ['quarantine', 'dmarc_fail', 'fail'],
    ],
  );

  sluice.configure(config(['10.0.0.0/8'], { mode: 'test', dmarc_fail: 'policy' }));
  await sluice.cli('reload');
  assert.match(await reply(message('sender.test'), 'a@other.test'), /^250/u);
  assert.match(await arrived(3), /\(test: dmarc_fail would reject\)/u);

  sluice.configure(config(['127.0.0.0/8'], { mode: 'on', dmarc_fail: 'policy' }));
  await sluice.cli('reload');
  assert.match(await reply(message('sender.test'), 'a@other.test'), /^250/u);
  assert.doesNotMatch(await arrived(4), /Authentication-Results/u);
});
