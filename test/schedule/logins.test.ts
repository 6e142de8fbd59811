// Log-ins in the schedule: what may share a connection, which mail waits when a host refuses a log-in, for how long, and what its sender
// is told in the end.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { refusalText } from '../../src/message/refusal-text.ts';
import type { RoutePlan } from '../../src/route/types.ts';
import type { ConnectionHandle } from '../../src/schedule/types.ts';
import type { LoginLack } from '../../src/values/login-outcome.ts';
import { said } from '../refusals.ts';
import { day, hour, kinds, minute, relay, Table } from './table.ts';

/** The plan of a smarthost where mail logs in by a credential. */
function withLogin(site: string, addresses: readonly string[], credential: string): RoutePlan {
  const plan = relay(site, addresses);
  assert.ok(plan.kind === 'relay');
  const login = { credential, id: `${credential}~digest` };
  return {
    ...plan,
    security: login.id,
    addresses: plan.addresses.map((hop) =>
      hop.transport === 'discard' ? hop : Object.assign({}, hop, { login }),
    ),
  };
}

function failedLogin(table: Table, connection: ConnectionHandle, lack: LoginLack = 'refused'): void {
  const refusal = { ...said('535 5.7.8 wrong', 'AUTH'), permanent: false };
  table.closed(connection, {
    kind: 'failed',
    refusal,
    login: { credential: 'shop', reason: refusalText(refusal), lack },
  });
}

const two = {
  'shop.example': withLogin('s', ['192.0.2.1', '192.0.2.2'], 'shop'),
  'plain.example': relay('s', ['192.0.2.1']),
};

test('mail never goes over a connection that has logged in by another credential, or by none', () => {
  const table = new Table().know({ ...two, 'rest.example': withLogin('s', ['192.0.2.1'], 'rest') });
  table.submit(['shop.example']);
  const shop = table.connect();
  table.ready(shop.connection).done(shop);
  table.take();
  const seen = [shop.connection];
  for (const domain of ['rest.example', 'plain.example']) {
    table.submit([domain]);
    const own = table.connect();
    assert.ok(!seen.includes(own.connection), domain);
    assert.equal(own.site, shop.site, 'people see one site');
    table.ready(own.connection).done(own);
    table.take();
    seen.push(own.connection);
  }
  table.submit(['shop.example']);
  const [next] = table.take();
  assert.equal(next?.kind === 'transact' && next.connection, shop.connection);
});

test('a refused log-in defers the mail, and the host rests for this credential alone, at all of its addresses', () => {
  const table = new Table().know(two);
  table.submit(['shop.example']);
  failedLogin(table, table.connect().connection);
  assert.deepEqual(kinds(table.take()), ['deferred'], 'the other address knows the same passwords');
  table.submit(['shop.example']);
  assert.deepEqual(table.take(), []);
  table.submit(['plain.example']);
  assert.equal(table.connect().hop.ip, '192.0.2.1');
});

test('the next host of a smarthost list is tried with the credential, in the same attempt', () => {
  const first = withLogin('s', ['192.0.2.1@10'], 'shop');
  const second = withLogin('t', ['192.0.2.9@20'], 'shop');
  assert.ok(first.kind === 'relay' && second.kind === 'relay');
  const both = { ...first, addresses: [...first.addresses, ...second.addresses] };
  const table = new Table().know({ 'shop.example': both });
  table.submit(['shop.example']);
  failedLogin(table, table.connect().connection);
  assert.equal(table.connect().hop.host, 'mx.t');
});

test('a wrong password is tried at most four times in the first forty minutes, and then once an hour', () => {
  const table = new Table({ retryMs: [minute] }).know(two);
  const attempts: number[] = [];
  table.submit(['shop.example']);
  for (let at = 0; at < 5 * 60; at++) {
    for (const effect of table.take()) {
      if (effect.kind !== 'connect') continue;
      attempts.push(at);
      failedLogin(table, effect.connection);
    }
    table.pass(minute);
  }
  assert.ok(attempts.filter((at) => at < 40).length <= 4, String(attempts));
  assert.ok(attempts.length >= 6 && attempts.length <= 8, String(attempts));
});

test('a server that cannot tell now rests as one that does not answer', () => {
  const table = new Table().know(two);
  table.submit(['shop.example']);
  failedLogin(table, table.connect().connection, 'for now');
  table.take();
  table.submit(['shop.example']);
  table.pass(minute - 1);
  assert.deepEqual(table.take(), []);
  table.pass(1);
  assert.equal(table.connects().length, 1);
});

test('a new secret ends the rest, and one connection tries it first', () => {
  const table = new Table().know(two);
  table.submit(['shop.example']);
  failedLogin(table, table.connect().connection);
  table.take();
  for (let at = 0; at < 3; at++) table.submit(['shop.example']);
  table.scheduler.loginsRenewed(['another'], table.nowMs);
  assert.deepEqual(table.take(), []);
  table.scheduler.loginsRenewed(['shop'], table.nowMs);
  const [probe, ...others] = table.connects();
  assert.ok(probe !== undefined);
  assert.deepEqual(others, []);
  table.ready(probe.connection);
  assert.ok(table.connects().length > 0, 'the log-in has succeeded');
});

test('mail that waits for a log-in goes back after its lifetime and not before, and its report names the reason', () => {
  const table = new Table({ lifetimeMs: day }).know(two);
  table.submit(['shop.example']);
  table.submit(['shop.example']);
  const failures: [atMs: number, text: string][] = [];
  for (let passed = 0; passed <= 2 * day; passed += hour / 4) {
    for (const effect of table.take()) {
      if (effect.kind === 'connect') failedLogin(table, effect.connection);
      if (effect.kind === 'failed') failures.push([passed, refusalText(effect.refusal)]);
    }
    table.pass(hour / 4);
  }
  assert.equal(failures.length, 2);
  for (const [atMs, text] of failures) {
    assert.ok(atMs >= day && atMs <= day + hour, String(atMs / hour));
    assert.match(text, /535 5\.7\.8 wrong/u);
  }
});
