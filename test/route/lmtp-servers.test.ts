// Routes to LMTP servers: Unix-domain sockets and hosts, failover and balance; and routes that discard.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { RouteRule, RouteTarget } from '../../src/route/create-router.ts';
import { parseLmtpServer } from '../../src/values/lmtp-server.ts';
import { formatMailServer } from '../../src/values/mail-server.ts';
import { fakeRouter, type FakeNames } from './fake-resolver.ts';

const names: FakeNames = {
  // Its MX record must not be used.
  'mailbox.example': { a: ['192.0.2.1'], mx: [[1, 'elsewhere.example']], ttl: 120 },
  'down.example': { a: 'failed', aaaa: 'failed' },
  'us.example': { a: ['192.0.2.250'] },
};

function lmtp(texts: readonly string[], mode: 'failover' | 'balance' = 'failover'): RouteTarget {
  return { kind: 'lmtp', servers: texts.map(parseLmtpServer), mode };
}

async function planOf(target: RouteTarget) {
  const rules: RouteRule[] = [{ name: 'mailboxes', match: { kind: 'default' }, target }];
  const { router, resolver } = fakeRouter(names, { rules });
  const { key } = router.routeOf('', 'u@far.example');
  return { key, plan: await router.resolve(key), resolver };
}

function hopsOf(plan: Awaited<ReturnType<typeof planOf>>['plan']) {
  assert.ok(plan.kind === 'relay');
  return plan.addresses.map(({ preference, transport, key, ip, host }) => [
    preference,
    transport,
    key,
    ip,
    host,
  ]);
}

test('a Unix-domain socket is a hop without an IP address, and needs no look-up', async () => {
  const { plan, resolver } = await planOf(lmtp(['unix:/run/dovecot/lmtp']));
  assert.deepEqual(hopsOf(plan), [[0, 'lmtp', 'unix:/run/dovecot/lmtp', '', 'unix:/run/dovecot/lmtp']]);
  assert.ok(plan.kind === 'relay');
  assert.deepEqual([plan.site, plan.label], ['lmtp:unix:/run/dovecot/lmtp', 'unix:/run/dovecot/lmtp']);
  assert.deepEqual(resolver.asked, []);
});

test('sockets and hosts are used in their order, or all equally', async () => {
  const texts = ['unix:/run/dovecot/lmtp', 'Mailbox.Example:2424', '[2001:db8::5]:24'];
  const { plan } = await planOf(lmtp(texts));
  assert.deepEqual(hopsOf(plan), [
    [0, 'lmtp', 'unix:/run/dovecot/lmtp', '', 'unix:/run/dovecot/lmtp'],
    [1, 'lmtp', '192.0.2.1:2424', '192.0.2.1', 'mailbox.example'],
    [2, 'lmtp', '[2001:db8::5]:24', '2001:db8::5', '[2001:db8::5]'],
  ]);
  const balanced = await planOf(lmtp(texts, 'balance'));
  assert.deepEqual(new Set(hopsOf(balanced.plan).map(([preference]) => preference)), new Set([0]));
});

test('a server that cannot be looked up, and one that is this server itself, keep the mail', async () => {
  const down = (await planOf(lmtp(['down.example']))).plan;
  assert.ok(down.kind === 'error' && !down.permanent);
  assert.match(
    down.text,
    /^No LMTP server of route "mailboxes" can be used: down\.example could not be looked up/,
  );
});

test('the same list for SMTP and for LMTP is another route', async () => {
  const servers = [{ kind: 'host', host: 'mailbox.example', port: 24 }] as const;
  const bySmtp = await planOf({ kind: 'smarthost', hosts: servers, mode: 'failover' });
  const byLmtp = await planOf({ kind: 'lmtp', servers, mode: 'failover' });
  assert.notEqual(bySmtp.key, byLmtp.key);
  const sites = [bySmtp.plan, byLmtp.plan].map((plan) => (plan.kind === 'relay' ? plan.site : ''));
  assert.deepEqual(sites, ['relay:mailbox.example:24', 'lmtp:mailbox.example:24']);
});

test('routes that discard have one site, whose only hop is a part of Sluice', async () => {
  const { plan } = await planOf({ kind: 'discard' });
  assert.deepEqual(hopsOf(plan), [[0, 'discard', 'discard', '', 'discard']]);
  assert.ok(plan.kind === 'relay');
  assert.equal(plan.site, 'discard');
});

test('a server is written as it was read, with its port', () => {
  for (const [text, written] of [
    ['unix:/run/dovecot/lmtp', 'unix:/run/dovecot/lmtp'],
    ['mailbox.example', 'mailbox.example:24'],
    ['127.0.0.1:2424', '127.0.0.1:2424'],
    ['[::1]', '[::1]:24'],
  ] as const) {
    assert.equal(formatMailServer(parseLmtpServer(text)), written);
  }
});

test('what is no server is refused', () => {
  for (const text of [
    'unix:',
    'unix:lmtp',
    '/run/lmtp',
    `unix:/${'x'.repeat(107)}`,
    'unix:/run/a\nb',
    'mailbox.example:25',
    '127.0.0.1:0',
    'no host',
  ]) {
    assert.throws(() => parseLmtpServer(text), { name: 'ValueError' }, text);
  }
  assert.equal(formatMailServer(parseLmtpServer(`unix:/${'x'.repeat(106)}`)).length, 112);
});
