// Sluice as the server of TLS clients: Postfix, OpenSMTPD and swaks, which use OpenSSL and LibreSSL.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startOpenSmtpd, withoutOpenSmtpd } from '../../sim/neighbours/opensmtpd.ts';
import { startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { startSluice, type Sluice } from '../../sim/neighbours/sluice.ts';
import { selfSigned } from '../support/certificates.ts';
import { destination, type Destination, send } from './mail.ts';
import { withoutSwaks } from './swaks.ts';

interface Place {
  readonly ground: Ground;
  readonly mx: Destination;
  readonly sluice: Sluice;
  readonly fingerprint: string;
}

const mail = { from: 'a@client.test', to: ['b@far.test'], content: 'Subject: x\r\n\r\nHello\r\n' };

/** Sluice with a certificate of its own, one listener that is as told, and a destination. */
async function place(ground: Ground, tls: string, more: Record<string, string> = {}): Promise<Place> {
  const mx = await destination(ground);
  const folder = ground.folder('certificate');
  const { chain, key, fingerprint } = selfSigned({ names: ['sluice.test'] });
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const port = await freePort();
  const sluice = await startSluice(ground, {
    port,
    config: {
      listen: [{ address: `127.0.0.1:${port}`, tls, ...more }],
      certificate: [{ chain: file('chain.pem', chain), key: file('key.pem', key) }],
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    },
  });
  return { ground, mx, sluice, fingerprint };
}

/** Fails unless the one message came to Sluice with this protocol (RFC 3848). */
async function arrivedBy({ mx, sluice }: Place, protocol: string): Promise<void> {
  await mx.tally.arrived(1);
  const content = mx.messages[0]!.content.toString();
  if (protocol === 'ESMTP') assert.match(content, /^Received: from .*\r\n\tby sluice\.test with ESMTP id /u);
  else {
    const received = new RegExp(
      `^Received: from .*\\r\\n\\tby sluice\\.test with ${protocol}\\r\\n\\t\\(TLSv1\\.[23] [A-Z0-9_-]+\\)\\r\\n\\tid `,
      'u',
    );
    assert.match(content, received);
  }
  const [received] = await sluice.logged('received');
  assert.equal(received?.['tlsVersion'] !== undefined, protocol !== 'ESMTP');
}

suite('Postfix as a client with TLS', { skip: withoutPostfix() }, () => {
  const cases = [
    ['may', 'offered', 'ESMTPS', {}],
    ['may', 'required', 'ESMTPS', {}],
    ['may', 'none', 'ESMTP', {}],
    ['none', 'offered', 'ESMTP', {}],
    ['encrypt', 'offered', 'ESMTPS', {}],
    ['encrypt', 'offered', 'ESMTPS', { smtp_tls_mandatory_protocols: '<=TLSv1.2' }],
    ['encrypt', 'implicit', 'ESMTPS', { smtp_tls_wrappermode: 'yes' }],
  ] as const;
  for (const [level, tls, protocol, main] of cases) {
    const how = Object.values(main).join(' ');
    test(`level ${level} ${how} sends where TLS is ${tls} by ${protocol}`, async (t) => {
      const here = await place(Ground.of(t), tls);
      const postfix = await startPostfix(here.ground, 'postfix', {
        main: { relayhost: `[127.0.0.1]:${here.sluice.port}`, smtp_tls_security_level: level, ...main },
      });
      await send(postfix.port, mail);
      await arrivedBy(here, protocol);
      await until('the queue of Postfix is empty', () => postfix.queued().length === 0);
    });
  }

  test('level fingerprint sends to the right certificate, and not to another', async (t) => {
    const here = await place(Ground.of(t), 'offered');
    const colons = (digest: string): string => digest.match(/../gu)!.join(':');
    const main = (fingerprint: string) => ({
      relayhost: `[127.0.0.1]:${here.sluice.port}`,
      smtp_tls_security_level: 'fingerprint',
      smtp_tls_fingerprint_digest: 'sha256',
      smtp_tls_fingerprint_cert_match: colons(fingerprint),
    });
    const wrong = await startPostfix(here.ground, 'wrong', { main: main('00'.repeat(32)) });
    await send(wrong.port, mail);
    await until('Postfix has deferred it', () => wrong.log().includes('status=deferred'));
    assert.match(wrong.log(), /Server certificate not verified/u);
    assert.equal(here.mx.tally.messages, 0);
    const right = await startPostfix(here.ground, 'right', { main: main(here.fingerprint) });
    await send(right.port, mail);
    await arrivedBy(here, 'ESMTPS');
  });

  test('hands over by LMTP under TLS', async (t) => {
    const here = await place(Ground.of(t), 'required', { protocol: 'lmtp' });
    const postfix = await startPostfix(here.ground, 'postfix', {
      main: {
        default_transport: `lmtp:inet:127.0.0.1:${here.sluice.port}`,
        lmtp_dns_support_level: 'disabled',
        lmtp_tls_security_level: 'encrypt',
      },
    });
    await send(postfix.port, mail);
    await arrivedBy(here, 'LMTPS');
  });
});

const withoutSource = process.getuid?.() === 0 ? false : 'needs root';
suite('OpenSMTPD as a client with TLS', { skip: withoutOpenSmtpd() || withoutSource }, () => {
  const cases = [
    ['smtp', 'offered', 'ESMTPS'],
    ['smtp', 'none', 'ESMTP'],
    ['smtp+tls', 'required', 'ESMTPS'],
    ['smtps', 'implicit', 'ESMTPS'],
  ] as const;
  for (const [scheme, tls, protocol] of cases) {
    test(`${scheme} sends where TLS is ${tls} by ${protocol}`, async (t) => {
      const here = await place(Ground.of(t), tls);
      const opensmtpd = await startOpenSmtpd(here.ground, here.sluice.port, scheme);
      await send(opensmtpd.port, mail);
      await arrivedBy(here, protocol);
    });
  }
});

suite('swaks', { skip: withoutSwaks() }, () => {
  for (const [option, tls] of [
    ['--tls', 'offered'],
    ['--tls', 'required'],
    ['--tls-on-connect', 'implicit'],
  ] as const) {
    test(`${option} sends where TLS is ${tls}`, async (t) => {
      const here = await place(Ground.of(t), tls);
      const server = ['--server', '127.0.0.1', '--port', String(here.sluice.port)];
      await here.ground.run('swaks', [...server, option, '--from', 'a@client.test', '--to', 'b@far.test']);
      await arrivedBy(here, 'ESMTPS');
    });
  }
});
