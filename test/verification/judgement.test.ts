// What the results of one message say together, and which of the actions that an administrator has chosen follows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Zone } from '../../sim/dns/zone.ts';
import { EditableHeader } from '../../src/message/editable-header.ts';
import { authenticationResults } from '../../src/verification/authentication-results.ts';
import { type Findings, signatureResult } from '../../src/verification/findings.ts';
import { MessageVerification } from '../../src/verification/message-verification.ts';
import { judge, judgeClient, mayRefuse, type Policy } from '../../src/verification/policy.ts';
import { zoneResolver } from '../dns/zone-resolver.ts';
import { marked } from '../receive/verification-fixture.ts';

const client = '192.0.2.1';

async function find(zone: Zone, header: string, reversePath: string, ip = client): Promise<Findings> {
  const session = { client: ip, helo: 'Mail.Sender.Test', reversePath, receiver: 'mx', nowSeconds: 0 };
  const verification = new MessageVerification(session, zoneResolver(zone));
  const { fields, strayLines } = new EditableHeader(Buffer.from(header));
  verification.header(fields, strayLines);
  return verification.end();
}

const from = 'From: <a@sender.test>\r\n\r\n';
const dmarc = { '_dmarc.sender.test': { txt: ['v=DMARC1; p=reject'] } };

test('SPF stands for a domain by a pass alone', async () => {
  for (const [record, result] of [
    ['v=spf1 ip4:192.0.2.1 -all', 'pass'],
    ['v=spf1 -all', 'fail'],
    ['v=spf1 ~all', 'fail'],
    ['v=spf1 ?all', 'fail'],
    ['v=spf1 foo', 'fail'],
    ['none', 'fail'],
  ] as const) {
    const found = await find({ ...dmarc, 'sender.test': { txt: [record] } }, from, 'a@Sender.Test');
    assert.equal(found.dmarc.result, result, record);
  }
});

test('the null sender is authenticated by the HELO name', async () => {
  const zone = { ...dmarc, 'mail.sender.test': { txt: ['v=spf1 ip4:192.0.2.1 -all'] } };
  const found = await find(zone, from, '');
  assert.deepEqual([found.spf.mailFrom.domain, found.spf.helo], ['mail.sender.test', undefined]);
  assert.equal(found.dmarc.result, 'pass');
  // With another sender, the HELO name authenticates nobody.
  assert.equal((await find(zone, from, 'a@other.test')).dmarc.result, 'fail');
});

test('an error of the DNS about the domain of the author is no failure', async () => {
  const zone = { ...dmarc, 'sender.test': { behaviour: 'servfail' } } as const;
  assert.equal((await find(zone, from, 'a@sender.test')).dmarc.result, 'temperror');
  assert.equal((await find(zone, from, 'a@other.test')).dmarc.result, 'fail');
});

test('a client that a front end could not tell is a temporary error', async () => {
  const found = await find({ ...dmarc, 'sender.test': { txt: ['v=spf1 -all'] } }, from, 'a@sender.test', '');
  assert.deepEqual([found.spf.mailFrom.result, found.dmarc.result], ['temperror', 'temperror']);
});

test('a doubled From is never said to pass', async () => {
  const zone = { ...dmarc, 'sender.test': { txt: ['v=spf1 ip4:192.0.2.1 -all'] } };
  const found = await find(zone, `From: <a@sender.test>\r\n${from}`, 'a@sender.test');
  const field = authenticationResults(found, { authservId: 'mx', leftOut: new Set(), comment: '' });
  assert.match(
    field,
    /\tdmarc=permerror\r\n\t reason="there are several From fields" header\.from=sender\.test/,
  );
});

test('the most severe of the actions that apply counts, wherever it comes from', async () => {
  const zone = { ...dmarc, 'sender.test': { txt: ['v=spf1 ~all'] } };
  const found = await find(zone, from, 'a@sender.test');
  const judged = (policy: Partial<Policy>) => judge(found, { ...marked, ...policy });
  assert.deepEqual(judged({ spfSoftfail: 'reject', dmarcFail: 'quarantine' }), {
    action: 'reject',
    key: 'spfSoftfail',
  });
  assert.deepEqual(judged({ spfSoftfail: 'accept', dmarcFail: 'tempfail' }), {
    action: 'tempfail',
    key: 'dmarcFail',
  });
  assert.deepEqual(judged({ dkimNone: 'quarantine', iprevFail: 'tempfail' }), {
    action: 'tempfail',
    key: 'iprevFail',
  });
  assert.deepEqual(judged({ dmarcFail: 'policy', dkimNone: 'quarantine' }), {
    action: 'reject',
    key: 'dmarcFail',
  });
  assert.deepEqual(judged({ spfFail: 'reject', spfNone: 'reject' }).action, 'mark');
  assert.deepEqual(judgeClient(found, { ...marked, dmarcFail: 'reject', spfSoftfail: 'tempfail' }), {
    action: 'tempfail',
    key: 'spfSoftfail',
  });
});

test('a From with a fault counts beside a failure of its domains', async () => {
  const header = 'From: <a@sender.test>\r\nFrom: <a@sender.test>\r\n\r\n';
  const found = await find(dmarc, header, 'a@other.test');
  assert.equal(found.dmarc.result, 'fail');
  assert.deepEqual(judge(found, { ...marked, dmarcPermerror: 'reject' }), {
    action: 'reject',
    key: 'dmarcPermerror',
  });
});

test('whatever some program may show of a malformed From counts', async () => {
  const zone = {
    ...dmarc,
    'other.test': { txt: ['v=spf1 ip4:192.0.2.1 -all'] },
    '_dmarc.other.test': { txt: ['v=DMARC1; p=none'] },
  };
  for (const [value, result, fault] of [
    ['"a@sender.test" <x@other.test>', 'pass', undefined],
    ['(a@sender.test) x@other.test', 'pass', undefined],
    ['x@other.test <x@other.test>', 'pass', undefined],
    ['a@sender.test <x@other.test>', 'fail', undefined],
    ['a@sender.test:; <x@other.test>', 'fail', undefined],
    ['a@sender.test\0 <x@other.test>', 'fail', /control character/u],
    ['a\v <x@other.test>', 'permerror', /control character/u],
    ['x@other.test (a@sender.test', 'permerror', /does not end/u],
    ['"a <x@other.test>', 'permerror', /no address/u],
    ['a <x@other.test', 'permerror', /does not end/u],
  ] as const) {
    const found = await find(zone, `From: ${value}\r\n\r\n`, 'x@other.test');
    assert.equal(found.dmarc.result, result, value);
    if (fault === undefined) assert.equal(found.authorFault, undefined, value);
    else assert.match(found.authorFault ?? '', fault, value);
  }
});

test('whether a client has to wait before its content is known from the configuration', () => {
  assert.equal(mayRefuse(marked, 'message'), false);
  assert.equal(mayRefuse({ ...marked, spfFail: 'quarantine', dkimNone: 'reject' }, 'client'), false);
  assert.equal(mayRefuse({ ...marked, dmarcFail: 'policy' }, 'message'), true);
  assert.equal(mayRefuse({ ...marked, iprevTemperror: 'tempfail' }, 'client'), true);
});

test('historic DomainKeys are no DKIM signature', () => {
  const one = {
    domain: 'a.test',
    selector: 's',
    identity: undefined,
    algorithm: '',
    signature: '',
    reason: undefined,
    isTesting: false,
  };
  assert.equal(signatureResult([{ ...one, method: 'domainkeys', result: 'pass' }]), 'none');
  assert.equal(
    signatureResult([
      { ...one, method: 'dkim', result: 'permerror' },
      { ...one, method: 'dkim', result: 'pass' },
    ]),
    'pass',
  );
  assert.equal(
    signatureResult([
      { ...one, method: 'dkim', result: 'fail' },
      { ...one, method: 'dkim', result: 'temperror' },
    ]),
    'temperror',
  );
});
