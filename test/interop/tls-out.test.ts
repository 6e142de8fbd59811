// Sluice as the client of TLS servers: Postfix takes its mail under TLS, or does not get it, as the policy
// says.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { startSluice, type Sluice } from '../../sim/neighbours/sluice.ts';
import { makeAuthority, selfSigned } from '../support/certificates.ts';
import { destination, send } from './mail.ts';

const mail = { from: 'a@client.test', to: ['b@far.test'], content: 'Subject: x\r\n\r\nHello\r\n' };
const dayMs = 86_400_000;
const authority = makeAuthority();
const leaves = {
  good: authority.issue({ names: ['mx.far.test'] }),
  'from RSA keys': authority.issue({ names: ['mx.far.test'], keyType: 'rsa' }),
  expired: authority.issue({
    names: ['mx.far.test'],
    from: Date.now() - 20 * dayMs,
    until: Date.now() - dayMs,
  }),
  'for another name': authority.issue({ names: ['other.test'] }),
  'signed by itself': selfSigned({ names: ['mx.far.test'] }),
} as const;

interface Far {
  readonly sluice: Sluice;
  readonly arrived: () => Promise<string>;
}

/** Sluice relays to a Postfix with this certificate, which hands on to a destination. */
async function far(
  ground: Ground,
  leaf: (typeof leaves)[keyof typeof leaves],
  rule: Readonly<Record<string, unknown>>,
  main: Readonly<Record<string, string>>,
): Promise<Far> {
  const mx = await destination(ground);
  const folder = ground.folder('certificates');
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const postfix = await startPostfix(ground, 'postfix', {
    main: {
      relayhost: `[127.0.0.1]:${mx.port}`,
      smtpd_tls_chain_files: file('postfix.pem', leaf.key + leaf.chain),
      smtpd_tls_received_header: 'yes',
      ...main,
    },
  });
  const ca = file('ca.pem', authority.certificate);
  const sluice = await startSluice(ground, {
    config: {
      route: [{ relay: [`127.0.0.1:${postfix.port}`] }],
      tls: [{ mx: ['127.0.0.1'], ca, server_name: 'mx.far.test', ...rule }],
    },
  });
  const arrived = async (): Promise<string> => {
    await mx.tally.arrived(1);
    return mx.messages[0]!.content.toString();
  };
  return { sluice, arrived };
}

const under = {
  opportunistic: { level: 'opportunistic' },
  required: { level: 'required' },
  verified: { level: 'verified', names: ['mx.far.test'] },
  fingerprint: { level: 'fingerprint', fingerprints: [`sha256:${leaves['signed by itself'].fingerprint}`] },
} as const;

/** Leaf, level, and how the server is known; empty: it gets nothing. */
const cases: readonly (readonly [keyof typeof leaves, keyof typeof under, string])[] = [
  ['good', 'verified', 'name'],
  ['from RSA keys', 'verified', 'name'],
  ['expired', 'verified', ''],
  ['for another name', 'verified', ''],
  ['signed by itself', 'verified', ''],
  ['signed by itself', 'fingerprint', 'fingerprint'],
  ['good', 'fingerprint', ''],
  ['expired', 'opportunistic', 'unverified'],
  ['signed by itself', 'opportunistic', 'unverified'],
  // A server that is known by its address alone has no name to be compared.
  ['for another name', 'required', 'none'],
  ['signed by itself', 'required', 'unverified'],
];

suite('Postfix as a server with TLS', { skip: withoutPostfix() }, () => {
  for (const [leaf, level, verification] of cases) {
    const what = verification === '' ? 'gets nothing' : `gets the message: ${verification}`;
    test(`a certificate that is ${leaf} ${what} (${level})`, async (t) => {
      const main = { smtpd_tls_security_level: 'encrypt' };
      const { sluice, arrived } = await far(Ground.of(t), leaves[leaf], under[level], main);
      await send(sluice.port, mail);
      if (verification === '') {
        const [deferred] = await sluice.logged('deferred');
        assert.match(String(deferred?.['reply']), /TLS: /u);
        return;
      }
      assert.match(await arrived(), /\(using TLSv1\.3 with cipher [A-Z0-9_]+/u);
      const [delivered] = await sluice.logged('delivered');
      assert.equal(delivered?.['tlsVersion'], 'TLSv1.3');
      assert.equal(delivered?.['tlsVerification'], verification);
    });
  }

  test('without TLS gets the message in clear under opportunistic', async (t) => {
    const main = { smtpd_tls_security_level: 'none' };
    const { sluice, arrived } = await far(Ground.of(t), leaves.good, under.opportunistic, main);
    await send(sluice.port, mail);
    assert.doesNotMatch(await arrived(), /using TLS/u);
  });

  test('without TLS gets nothing where TLS is required', async (t) => {
    const main = { smtpd_tls_security_level: 'none' };
    const { sluice } = await far(Ground.of(t), leaves.good, under.required, main);
    await send(sluice.port, mail);
    const [deferred] = await sluice.logged('deferred');
    assert.match(String(deferred?.['reply']), /does not offer STARTTLS/u);
  });

  test('with TLS 1.0 alone gets the message under opportunistic', async (t) => {
    const main = {
      smtpd_tls_security_level: 'may',
      smtpd_tls_protocols: '<=TLSv1',
      tls_high_cipherlist: 'ALL:@SECLEVEL=0',
      tls_medium_cipherlist: 'ALL:@SECLEVEL=0',
    };
    const { sluice, arrived } = await far(Ground.of(t), leaves.good, under.opportunistic, main);
    await send(sluice.port, mail);
    await arrived();
    const [delivered] = await sluice.logged('delivered');
    assert.equal(delivered?.['tlsVersion'], 'TLSv1');
  });
});
