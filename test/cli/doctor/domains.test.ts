// What own domains publish, as `sluice doctor` judges it, and as it finds it.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type DomainFacts, domainFindings, type SendingFacts } from '../../../src/cli/doctor/domains.ts';
import type { TakingFacts } from '../../../src/cli/doctor/inbound-domains.ts';
import type { Publication } from '../../../src/cli/published-keys.ts';
import type { SpfResult } from '../../../src/spf/types.ts';
import type { StsPolicy } from '../../../src/sts/sts-policy.ts';
import { startDnsServer } from '../../../sim/dns/dns-server.ts';
import { sluice } from '../run.ts';
import { codes, examined, ground } from './ground.ts';

const spf = (result: SpfResult, address?: string): SendingFacts['spf'][number] => ({
  address,
  verdict: { result, domain: 'example.com', reason: 'because' },
});
const sending: SendingFacts = {
  keys: [
    {
      name: 's1._domainkey.example.com',
      path: '/k.pem',
      publication: { kind: 'published', isTesting: false },
    },
  ],
  spf: [spf('pass', '192.0.2.25')],
  dmarc: { kind: 'policy', policy: 'reject', policyDomain: 'example.com' },
};
const enforced: StsPolicy = { mode: 'enforce', mx: ['mx.example.com'], maxAgeSeconds: 604_800 };
const taking: TakingFacts = {
  mx: { kind: 'hosts', hosts: [{ host: 'mx.example.com', state: 'found' }] },
  record: { kind: 'record', id: '1', ttlSeconds: 60 },
  policy: { kind: 'fetched', policy: enforced },
};
const key = (publication: Publication): Partial<SendingFacts> => ({
  keys: [{ name: 's1._domainkey.example.com', path: '/k.pem', publication }],
});
const policy = (change: Partial<StsPolicy>): Partial<TakingFacts> => ({
  policy: { kind: 'fetched', policy: { ...enforced, ...change } },
});
const host = (state: 'found' | 'alias' | 'missing' | 'unknown'): Partial<TakingFacts> => ({
  mx: { kind: 'hosts', hosts: [{ host: 'mx.example.com', state }] },
});

const found = (facts: Partial<DomainFacts>): string[] =>
  domainFindings({
    domain: 'example.com',
    sending: undefined,
    returning: undefined,
    taking: undefined,
    ...facts,
  }).map(({ code, severity }) => `${code} ${severity}`);

const ofSending: readonly (readonly [
  name: string,
  change: Partial<SendingFacts>,
  expected: readonly string[],
])[] = [
  ['all is published', {}, []],
  ['a key that is not published', key({ kind: 'absent' }), ['domains-dkim-absent error']],
  ['another key', key({ kind: 'wrong', reason: 'it has another key' }), ['domains-dkim-other error']],
  ['several records of a key', key({ kind: 'several', count: 2 }), ['domains-dkim-several error']],
  ['a key for tests', key({ kind: 'published', isTesting: true }), ['domains-dkim-testing note']],
  ['a key that cannot be looked up', key({ kind: 'failed', reason: 'SERVFAIL' }), ['not-seen note']],
  [
    'no SPF record',
    { spf: [spf('none', '192.0.2.25'), spf('none', '192.0.2.26')] },
    ['domains-spf-none warning'],
  ],
  ['a broken SPF record', { spf: [spf('permerror', '192.0.2.25')] }, ['domains-spf-broken error']],
  [
    'sources that SPF does not allow',
    { spf: [spf('fail', '192.0.2.25'), spf('softfail', '192.0.2.26'), spf('neutral', '2001:db8::1')] },
    ['domains-spf-source error', 'domains-spf-source warning', 'domains-spf-source warning'],
  ],
  ['an SPF record, and no address of ours is known', { spf: [spf('fail')] }, []],
  ['an SPF record that cannot be looked up', { spf: [spf('temperror', '192.0.2.25')] }, ['not-seen note']],
  ['no DMARC record', { dmarc: { kind: 'none', reason: 'none' } }, ['domains-dmarc-none warning']],
  [
    'a DMARC policy that asks for nothing',
    { dmarc: { kind: 'policy', policy: 'none', policyDomain: 'example.com' } },
    ['domains-dmarc-lax note'],
  ],
  [
    'a DMARC record that cannot be looked up',
    { dmarc: { kind: 'temperror', reason: 'SERVFAIL' } },
    ['not-seen note'],
  ],
];
for (const [name, change, expected] of ofSending) {
  test(`sending: ${name}`, () => assert.deepEqual(found({ sending: { ...sending, ...change } }), expected));
}

const ofTaking: readonly (readonly [
  name: string,
  change: Partial<TakingFacts>,
  expected: readonly string[],
])[] = [
  ['all is published', {}, []],
  ['no MTA-STS', { record: { kind: 'none', reason: '', ttlSeconds: 60 }, policy: undefined }, []],
  [
    'a record of MTA-STS without an id',
    { record: { kind: 'none', reason: 'it has no id', ttlSeconds: 60 }, policy: undefined },
    ['domains-sts-record error'],
  ],
  [
    'a policy that cannot be fetched',
    { policy: { kind: 'failed', result: 'sts-policy-fetch-error', reason: 'it answered 404' } },
    ['domains-sts-policy error'],
  ],
  ['an enforced policy without the MX host', policy({ mx: ['*.other.example'] }), ['domains-sts-mx error']],
  ['a tested policy without it', policy({ mx: ['a.example'], mode: 'testing' }), ['domains-sts-mx warning']],
  ['a withdrawn policy', policy({ mx: [], mode: 'none', maxAgeSeconds: 60 }), []],
  ['a short policy', policy({ maxAgeSeconds: 3_600 }), ['domains-sts-short warning']],
  ['a short policy that is tested', policy({ maxAgeSeconds: 3_600, mode: 'testing' }), []],
  ['no mail is taken', { mx: { kind: 'null' } }, ['domains-mx-null error']],
  ['nowhere to send mail to', { mx: { kind: 'none' } }, ['domains-mx-none warning']],
  ['an MX host without an address', host('missing'), ['domains-mx-missing error']],
  ['an MX host that is an alias', host('alias'), ['domains-mx-alias warning']],
  ['an MX host that cannot be looked up', host('unknown'), []],
  ['MX records that cannot be looked up', { mx: { kind: 'failed', reason: 'SERVFAIL' } }, ['not-seen note']],
];
for (const [name, change, expected] of ofTaking) {
  test(`taking: ${name}`, () => assert.deepEqual(found({ taking: { ...taking, ...change } }), expected));
}

test('the domain of [srs] needs a server that takes reports', () => {
  for (const [mx, expected] of [
    [{ kind: 'none' }, ['domains-srs-mx error']],
    [{ kind: 'null' }, ['domains-srs-mx error']],
    [taking.mx, []],
  ] as const)
    assert.deepEqual(found({ returning: mx }), expected);
});

test('records of signed domains are looked up, and are well when they are published as advised', async (t) => {
  const { config, folder } = ground(t);
  mkdirSync(join(folder, 'dkim'));
  const made = await sluice(
    ['dkim', 'keygen', 'example.com', '--type', 'ed25519', '--selector', 's1', '-c', config],
    {
      cwd: folder,
    },
  );
  const [record = ''] = /v=DKIM1; k=ed25519; p=[^"]+/u.exec(made.stdout) ?? [];
  assert.notEqual(record, '', made.stderr);
  const dns = await startDnsServer({ zone: { arpa: {} } });
  t.after(() => dns.close());
  const text = `[dns]\nservers = ["127.0.0.1:${dns.port}"]\n[[source]]\naddress = "192.0.2.25"\n[[signing_key]]\ndomain = ["example.com"]\nfile = "dkim/example.com/s1.pem"\n`;
  const { config: again, folder: other } = ground(t, text.replace('dkim/', `${folder}/dkim/`));
  assert.ok(other !== folder);
  assert.deepEqual(codes(await examined(again, ['domains'])), [
    'domains-dkim-absent',
    'domains-spf-none',
    'domains-dmarc-none',
  ]);
  dns.set('s1._domainkey.example.com', { txt: [record] });
  dns.set('example.com', { txt: ['v=spf1 ip4:192.0.2.25 -all'] });
  dns.set('_dmarc.example.com', { txt: ['v=DMARC1; p=reject'] });
  assert.deepEqual(codes(await examined(again, ['domains'])), []);
});

test('the MX hosts of relay domains are looked up', async (t) => {
  const zone = {
    arpa: {},
    'a.example': { mx: [{ preference: 1, exchange: 'mx.a.example' }] },
    'b.example': { mx: [{ preference: 0, exchange: '.' }] },
    'c.example': { a: ['192.0.2.1'] },
    'd.example': { mx: [{ preference: 1, exchange: 'alias.d.example' }] },
    'alias.d.example': { cname: 'c.example' },
  };
  const dns = await startDnsServer({ zone });
  t.after(() => dns.close());
  const { config } = ground(
    t,
    `[dns]\nservers = ["127.0.0.1:${dns.port}"]\n[receive]\nrelay_domains = ["a.example", "b.example", "c.example", "d.example", "e.example", "*.f.example"]\n`,
  );
  assert.deepEqual(codes(await examined(config, ['domains'])), [
    'domains-mx-missing',
    'domains-mx-null',
    'domains-mx-alias',
    'domains-mx-none',
  ]);
});
