// DMARC: which policy speaks for an author, what counts as aligned, and what an error of the DNS means.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Zone } from '../../sim/dns/zone.ts';
import { type AuthenticatedDomains, discoverPolicy, evaluateDmarc } from '../../src/dmarc/evaluate.ts';
import { isDmarcRecord, parseDmarcRecord } from '../../src/dmarc/parse-record.ts';
import { TreeWalk, walkedNames } from '../../src/dmarc/tree-walk.ts';
import { zoneResolver } from '../dns/zone-resolver.ts';

const nothing: AuthenticatedDomains = { spf: [], dkim: [], uncertain: { spf: [], dkim: [] } };

async function judge(zone: Zone, author: string, domains: Partial<AuthenticatedDomains> = {}) {
  const resolver = zoneResolver(zone);
  const discovery = await discoverPolicy(author, resolver);
  const { result, policy, policyDomain, aligned } = await evaluateDmarc(discovery, {
    ...nothing,
    ...domains,
  });
  return { result, policy, policyDomain, aligned, asked: resolver.asked };
}

const published = (txt: string): Zone[string] => ({ txt: [txt] });

test('a domain of the same organization is aligned, and one of another is not', async () => {
  const zone = { '_dmarc.example.com': published('v=DMARC1; p=reject') };
  assert.equal((await judge(zone, 'example.com', { dkim: ['mail.example.com'] })).result, 'pass');
  assert.equal((await judge(zone, 'a.example.com', { spf: ['b.example.com'] })).result, 'pass');
  for (const other of ['example.net', 'notexample.com', 'com', 'example.com.evil.com']) {
    assert.equal((await judge(zone, 'example.com', { dkim: [other], spf: [other] })).result, 'fail', other);
  }
});

test('the author domain itself is aligned with one question', async () => {
  const zone = { '_dmarc.example.com': published('v=DMARC1; p=reject') };
  const { result, aligned, asked } = await judge(zone, 'example.com', {
    dkim: ['example.com'],
    spf: ['example.com'],
  });
  assert.deepEqual(
    { result, aligned, asked },
    { result: 'pass', aligned: ['spf', 'dkim'], asked: ['TXT _dmarc.example.com'] },
  );
});

test('strict alignment wants the same name', async () => {
  const zone = { '_dmarc.example.com': published('v=DMARC1; p=reject; aspf=s; adkim=s') };
  assert.equal(
    (await judge(zone, 'example.com', { spf: ['a.example.com'], dkim: ['a.example.com'] })).result,
    'fail',
  );
  assert.equal((await judge(zone, 'example.com', { spf: ['example.com'] })).result, 'pass');
});

test('customers below a public suffix that publishes psd=y are not aligned with each other', async () => {
  const zone = { '_dmarc.host.example': published('v=DMARC1; p=quarantine; psd=y; np=reject') };
  const { result, policy, policyDomain } = await judge(zone, 'one.host.example', {
    dkim: ['two.host.example', 'host.example'],
  });
  assert.deepEqual(
    { result, policy, policyDomain },
    { result: 'fail', policy: 'reject', policyDomain: 'host.example' },
  );
  assert.equal((await judge(zone, 'a.one.host.example', { dkim: ['one.host.example'] })).result, 'pass');
});

test('one label below a public suffix is counted from the suffix, also where the walk has skipped labels', async () => {
  const zone = { '_dmarc.d.e.f.g.h.i.example': published('v=DMARC1; p=reject; psd=y') };
  const walk = new TreeWalk(zoneResolver(zone));
  const found = await walk.organization('w.x.y.z.a.b.c.d.e.f.g.h.i.example');
  assert.equal(found.kind === 'found' && found.domain, 'c.d.e.f.g.h.i.example');
});

test('an error of the DNS is never the absence of a policy', async () => {
  const failing = { behaviour: 'servfail' } as const;
  assert.equal((await judge({ '_dmarc.example.com': failing }, 'example.com')).result, 'temperror');
  assert.equal((await judge({ '_dmarc.com': failing }, 'example.com')).result, 'temperror');
  const np = {
    '_dmarc.example.com': published('v=DMARC1; p=none; np=reject'),
    'a.example.com': failing,
  };
  assert.equal((await judge(np, 'a.example.com')).result, 'temperror');
  const walk = { '_dmarc.example.com': published('v=DMARC1; p=reject'), '_dmarc.com': failing };
  assert.equal((await judge(walk, 'example.com', { dkim: ['a.example.com'] })).result, 'temperror');
  assert.equal((await judge(walk, 'example.com', { dkim: ['example.com'] })).result, 'pass');
  assert.equal((await judge(walk, 'example.com', { dkim: ['a.example.net'] })).result, 'fail');
});

test('a message that might have passed is not failed while SPF or DKIM cannot be checked', async () => {
  const zone = { '_dmarc.example.com': published('v=DMARC1; p=reject') };
  const uncertain = (spf: string[], dkim: string[]) =>
    judge(zone, 'example.com', { uncertain: { spf, dkim } });
  assert.equal((await uncertain([], ['a.example.com'])).result, 'temperror');
  assert.equal((await uncertain(['example.com'], [])).result, 'temperror');
  assert.equal((await uncertain(['example.net'], ['example.net'])).result, 'fail');
});

test('a record with a policy that is none of the three counts as "none" if it wants reports, else not at all', async () => {
  for (const tag of ['p=block', 'p=reject; sp=block', 'p=reject; np=block', 'sp=reject']) {
    const withReports = { '_dmarc.example.com': published(`v=DMARC1; ${tag}; rua=mailto:d@example.com`) };
    const judged = await judge(withReports, 'example.com');
    assert.deepEqual([judged.result, judged.policy], ['fail', 'none'], tag);
    const without = { '_dmarc.example.com': published(`v=DMARC1; ${tag}`) };
    assert.equal((await judge(without, 'example.com')).result, 'none', tag);
  }
});

test('what other domains of a message need is looked up once, and a long name costs eight questions', async () => {
  const author = Array.from({ length: 40 }, (_, at) => `l${at}`).join('.') + '.example';
  const dkim = Array.from({ length: 10 }, (_, at) => `s${at}.${author}`);
  const { asked, result } = await judge(
    { '_dmarc.example': published('v=DMARC1; p=reject; psd=n') },
    author,
    { dkim },
  );
  assert.equal(result, 'pass');
  assert.ok(asked.length <= 8 + 1, asked.join(' '));
  assert.equal(walkedNames(author).length, 8);
});

test('domains that cannot be of the same organization cost no questions', async () => {
  const dkim = Array.from({ length: 10 }, (_, at) => `a.b.c.d.e.evil${at}.com`);
  const { asked, result } = await judge(
    { '_dmarc.example.com': published('v=DMARC1; p=reject') },
    'example.com',
    { dkim },
  );
  assert.equal(result, 'fail');
  assert.deepEqual(asked, ['TXT _dmarc.example.com', 'TXT _dmarc.com']);
});

test('property: any record parses without an exception', () => {
  const piece = fc.constantFrom(
    'p',
    'sp',
    'np',
    't',
    'psd',
    '=',
    ';',
    ' ',
    'reject',
    'none',
    'y',
    'rua',
    'mailto:a@b',
    '\t',
    'é',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = `v=DMARC1;${pieces.join('')}`;
      assert.ok(isDmarcRecord(text));
      const parsed = parseDmarcRecord(text);
      if (parsed.kind === 'record') assert.match(parsed.record.p, /^(none|quarantine|reject)$/);
    }),
  );
});
