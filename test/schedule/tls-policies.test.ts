// TLS policies in the schedule: what may share a connection, what still counts together, and whose host rests when a policy fails.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { RoutePlan } from '../../src/route/types.ts';
import type { ConnectionHandle } from '../../src/schedule/types.ts';
import type { TlsLack } from '../../src/values/tls-outcome.ts';
import type { HopTlsPolicy } from '../../src/values/tls-policy.ts';
import { broken } from '../refusals.ts';
import { kinds, minute, relay, Table, toldBy, type Transact } from './table.ts';

const verified: HopTlsPolicy = {
  level: 'verified',
  from: 'mta-sts',
  policyDomain: 'secure.example',
  serverName: 'mx.s',
  names: ['mx.s'],
  fingerprints: [],
  tlsa: [],
  implicit: false,
  needsRequireTls: false,
  settings: '',
};

/** The plan of a site whose hosts must be verified. */
function secure(site: string, addresses: readonly string[], security = 'V', tls = verified): RoutePlan {
  const plan = relay(site, addresses);
  assert.ok(plan.kind === 'relay');
  return {
    ...plan,
    security,
    addresses: plan.addresses.map((hop) =>
      hop.transport === 'discard' ? hop : Object.assign({}, hop, { tls }),
    ),
  };
}

function failedTls(table: Table, connection: ConnectionHandle, lack?: TlsLack): void {
  table.closed(connection, {
    kind: 'failed',
    refusal: broken('the certificate is not for mx.s'),
    tls: {
      kind: 'failed',
      result: 'certificate-host-mismatch',
      reason: 'the certificate is not for mx.s',
      lack,
    },
  });
}

test('mail never goes over an idle connection of another TLS policy', () => {
  const table = new Table().know({
    'plain.example': relay('s', ['192.0.2.1']),
    'secure.example': secure('s', ['192.0.2.1']),
    'also-secure.example': secure('s', ['192.0.2.1']),
  });
  table.submit(['plain.example']);
  const plain = table.connect();
  table.ready(plain.connection).done(plain);
  table.take();
  table.submit(['secure.example']);
  const own = table.connect();
  assert.equal(own.hop.transport === 'smtp' && own.hop.tls?.level, 'verified');
  assert.equal(own.site, plain.site, 'people see one site');
  table.ready(own.connection).done(own);
  table.take();
  table.submit(['also-secure.example']);
  const [next] = table.take();
  assert.equal(next?.kind === 'transact' && next.connection, own.connection, 'equal policies share one');
});

test('limits of site and address count the connections of all policies together', () => {
  const limits: readonly { readonly perSite?: number; readonly perIp?: number }[] = [
    { perSite: 2 },
    { perIp: 2 },
  ];
  for (const limit of limits) {
    const table = new Table({ limits: limit }).know({
      'plain.example': relay('s', ['192.0.2.1']),
      'secure.example': secure('s', ['192.0.2.1']),
    });
    for (let at = 0; at < 3; at++) table.submit(['plain.example']);
    for (let at = 0; at < 3; at++) table.submit(['secure.example']);
    assert.equal(table.connects().length, 2, JSON.stringify(limit));
  }
});

test('an idle connection of one policy makes room for mail of the other when a limit is full', () => {
  const table = new Table({ limits: { perSite: 1 } }).know({
    'plain.example': relay('s', ['192.0.2.1']),
    'secure.example': secure('s', ['192.0.2.1']),
  });
  table.submit(['plain.example']);
  const plain = table.connect();
  table.submit(['secure.example']);
  assert.deepEqual(table.take(), []);
  table.ready(plain.connection).done(plain);
  const effects = table.take();
  assert.deepEqual(kinds(effects), ['delivered', 'close', 'done']);
  table.closed(plain.connection);
  assert.equal(table.connect().transaction.recipients.length, 1);
});

test('one window for a site, whatever the policies of its domains', () => {
  const adapt = { enabled: true, startConnections: 2 };
  const table = new Table({ adapt }).know({
    'plain.example': relay('s', ['192.0.2.1']),
    'secure.example': secure('s', ['192.0.2.1']),
  });
  table.submit(['plain.example']);
  table.submit(['secure.example']);
  assert.equal(table.connects().length, 1, 'one connection shows first that the site takes mail');
});

test('a message to domains of one site with different policies goes in two transactions', () => {
  const table = new Table().know({
    'plain.example': relay('s', ['192.0.2.1']),
    'secure.example': secure('s', ['192.0.2.1']),
    'also-plain.example': relay('s', ['192.0.2.1']),
  });
  table.submit(['plain.example', 'secure.example', 'also-plain.example']);
  const both = table.connects().map(({ transaction }) => transaction.recipients);
  assert.deepEqual(
    both.toSorted((a, b) => a.length - b.length),
    [[1], [0, 2]],
  );
});

test('a policy that changes while mail waits counts for the next attempt, and not over the connection of before', () => {
  const table = new Table();
  table.plans.set('mx:a.example', relay('s', ['192.0.2.1'], table.nowMs + 2 * minute));
  table.submit(['a.example']);
  const before = table.connect();
  table.ready(before.connection).done(before, 'tempfail');
  table.take();
  // The connection of before is busy with other mail until the second attempt, and then idle.
  table.plans.set('mx:b.example', relay('s', ['192.0.2.1']));
  table.submit(['b.example']);
  const [busy] = table.take();
  assert.equal(busy?.kind, 'transact');
  table.pass(5 * minute - 1);
  table.take();
  table.plans.set('mx:a.example', secure('s', ['192.0.2.1']));
  table.done(busy as Transact);
  table.take();
  table.pass(1);
  const after = table.connect();
  assert.notEqual(after.connection, before.connection);
  assert.equal(after.hop.transport === 'smtp' && after.hop.tls?.level, 'verified');
});

test('a host that fails a policy rests for mail with that policy alone', () => {
  const table = new Table().know({
    'plain.example': relay('s', ['192.0.2.1']),
    'secure.example': secure('s', ['192.0.2.1']),
  });
  table.submit(['secure.example']);
  const failing = table.connect();
  failedTls(table, failing.connection);
  assert.deepEqual(kinds(table.take()), ['deferred']);
  table.submit(['secure.example']);
  assert.deepEqual(table.take(), [], 'it rests for this policy');
  table.submit(['plain.example']);
  assert.equal(table.connect().hop.ip, '192.0.2.1', 'and for no other');
  table.pass(minute);
  assert.equal(table.connects().length, 1, 'after the rest it is tried again');
});

test('a host that fails a policy is followed by the next host, in the same attempt', () => {
  const table = new Table().know({ 'secure.example': secure('s', ['192.0.2.1@10', '192.0.2.2@20']) });
  table.submit(['secure.example']);
  const first = table.connect();
  failedTls(table, first.connection);
  const second = table.connect();
  assert.equal(second.hop.ip, '192.0.2.2');
  assert.equal([...table.scheduler.recipients()][0]?.attempts, 0);
});

test('a host that does not answer rests for all policies', () => {
  const table = new Table().know({
    'plain.example': relay('s', ['192.0.2.1']),
    'secure.example': secure('s', ['192.0.2.1']),
  });
  table.submit(['secure.example']);
  table.refused(table.connect().connection);
  table.take();
  table.submit(['plain.example']);
  assert.deepEqual(table.take(), []);
});

test('a connection with the demanded TLS ends the rest of its policy', () => {
  const table = new Table().know({ 'secure.example': secure('s', ['192.0.2.1']) });
  table.submit(['secure.example']);
  failedTls(table, table.connect().connection);
  table.take();
  table.pass(minute);
  table.submit(['secure.example']);
  const probe = table.connect();
  for (let at = 0; at < 2; at++) table.submit(['secure.example']);
  assert.deepEqual(table.take(), [], 'one connection tries first');
  table.ready(probe.connection);
  assert.equal(table.connects().length, 2);
});

test('an operator who wants mail to go at once ends the rest of its policy', () => {
  const table = new Table().know({ 'secure.example': secure('s', ['192.0.2.1']) });
  const message = table.submit(['secure.example']);
  failedTls(table, table.connect().connection);
  table.take();
  assert.equal(table.scheduler.retryNow(message, table.nowMs), 1);
  assert.equal(table.connects().length, 1);
});

test('a row of the live view has the mail and connections of all policies', () => {
  const table = new Table().know({
    'plain.example': relay('s', ['192.0.2.1']),
    'secure.example': secure('s', ['192.0.2.1']),
  });
  table.submit(['plain.example']);
  table.submit(['secure.example']);
  assert.equal(table.connects().length, 2);
  const rows = table.scheduler.sites();
  assert.deepEqual(
    rows.map(({ active, connections, site }) => [site, connections, active]),
    [['s', 2, 2]],
  );
  assert.equal(table.scheduler.siteCount(), 1);
});

test('explain tells of the rest of a policy, and mail says what it waits for', () => {
  const plan = secure('s', ['192.0.2.1']);
  const table = new Table().know({ 'secure.example': plan });
  table.submit(['secure.example']);
  failedTls(table, table.connect().connection);
  table.take();
  table.submit(['secure.example']);
  table.take();
  assert.ok(plan.kind === 'relay');
  const { binding, places } = table.scheduler.explain(
    'mx:secure.example',
    'secure.example',
    '',
    plan,
    table.nowMs,
  );
  assert.equal(places[0]?.health, 'resting');
  assert.match(places[0]?.error ?? '', /certificate is not for mx\.s/);
  assert.match(binding.join('; '), /^192\.0\.2\.1:25 with this TLS policy rests until/);
});

const requireTls: HopTlsPolicy = { ...verified, from: 'requiretls', needsRequireTls: true };

/** Both hosts of a domain fail the policy of a message with REQUIRETLS. */
function afterBothFailed(first?: TlsLack, second?: TlsLack) {
  const plan = secure('s', ['192.0.2.1@10', '192.0.2.2@20'], 'R', requireTls);
  const table = new Table().know({ 'secure.example': plan });
  table.submit(['secure.example']);
  failedTls(table, table.connect().connection, first);
  failedTls(table, table.connect().connection, second);
  return table.take();
}

test('REQUIRETLS: when every host was reached and only certificates cannot be verified, the message goes back at once', () => {
  const [failed, done] = afterBothFailed();
  assert.deepEqual([failed?.kind, done?.kind], ['failed', 'done']);
  assert.match(
    toldBy(failed),
    /5\.7\.10 the message requires TLS on its whole way \(REQUIRETLS\), and no host of the domain/,
  );
});

test('REQUIRETLS: hosts that do not offer it are told with a status of its own', () => {
  const [failed] = afterBothFailed(undefined, 'requiretls');
  assert.match(toldBy(failed), /5\.7\.30 the message requires TLS on its whole way/);
});

test('REQUIRETLS: a message waits while the TLS of one host has merely broken', () => {
  assert.deepEqual(kinds(afterBothFailed('for now', undefined)), ['deferred']);
  assert.deepEqual(kinds(afterBothFailed(undefined, 'for now')), ['deferred']);
});

test('a message with REQUIRETLS waits while a host that may take it cannot be reached', () => {
  const plan = secure('s', ['192.0.2.1@10', '192.0.2.2@20'], 'R', requireTls);
  const table = new Table().know({ 'secure.example': plan });
  table.submit(['secure.example']);
  failedTls(table, table.connect().connection);
  table.refused(table.connect().connection);
  assert.deepEqual(kinds(table.take()), ['deferred']);
});
