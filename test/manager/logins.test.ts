// What the manager tells people of log-ins at other servers: one warning for each credential and host, until it is over.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Logins } from '../../src/manager/logins.ts';
import { smtpHop } from '../../src/route/next-hop.ts';
import type { NextHopAddress } from '../../src/route/types.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import type { LoginLack } from '../../src/values/login-outcome.ts';
import { broken, delivered, said } from '../refusals.ts';
import { keptLog } from '../process/quiet-log.ts';

const bare = smtpHop('relay.test', '192.0.2.1', 587, 0);
const hop = { ...bare, login: { credential: 'shop', id: 'shop~1' } };

function world() {
  const hops = new Map<number, NextHopAddress>([
    [1, hop],
    [
      2,
      {
        ...hop,
        ip: '192.0.2.2',
        key: '192.0.2.2:587',
        endpoint: { kind: 'tcp', ip: '192.0.2.2', port: 587 },
      },
    ],
    [3, bare],
  ]);
  const log = keptLog();
  const troubles = new Troubles(() => 0);
  const logins = new Logins({ hopOf: (connection) => hops.get(connection), log, troubles, dateMs: () => 7 });
  return {
    log,
    troubles,
    logins,
    fail: (connection: number, lack: LoginLack, reason = '535 5.7.8 wrong') =>
      logins.closed(connection, {
        kind: 'failed',
        refusal: broken(reason, 'AUTH'),
        login: { credential: 'shop', reason, lack },
      }),
  };
}

test('a refused log-in is one warning and one trouble for all addresses of the host, until it succeeds', () => {
  const { fail, log, logins, troubles } = world();
  fail(1, 'refused');
  fail(2, 'refused');
  fail(1, 'refused', '535 5.7.8 another text');
  assert.equal(log.lines.length, 1);
  assert.deepEqual(
    troubles.list.map(({ key, level }) => [key, level]),
    [['login:shop relay.test:587', 'warning']],
  );
  assert.match(troubles.list[0]?.text ?? '', /535 5\.7\.8 another text/u);
  assert.deepEqual(logins.of(hop), { result: '535 5.7.8 another text', isFailure: true, atMs: 7 });
  logins.ready(2, 'PLAIN');
  assert.deepEqual(troubles.list, []);
  assert.deepEqual(logins.of(hop), { result: 'PLAIN', isFailure: false, atMs: 7 });
});

test('what may end otherwise by itself is shown, and no trouble', () => {
  const { fail, log, logins, troubles } = world();
  fail(1, 'for now', '454 4.7.0 later');
  fail(1, 'no secret', 'credential "shop" cannot be used');
  assert.deepEqual([log.lines, troubles.list], [[], []]);
  assert.equal(logins.of(hop)?.isFailure, true);
});

test('a program that prints no token is a trouble', () => {
  const { fail, troubles } = world();
  fail(1, 'no token', 'credential "shop" cannot be used: /bin/token ended with code 3');
  assert.match(troubles.list[0]?.text ?? '', /ended with code 3\. Mail that needs it waits\./u);
});

test('a new secret, and a reload without the credential, end the trouble', () => {
  const { fail, logins, troubles } = world();
  fail(1, 'refused');
  logins.renewed(['another']);
  logins.configured(['shop']);
  assert.equal(troubles.list.length, 1);
  logins.renewed(['shop']);
  assert.deepEqual(troubles.list, []);
  fail(1, 'refused');
  logins.configured(['another']);
  assert.deepEqual(troubles.list, []);
});

test('a host that wants a log-in where there is none is a trouble until it takes mail', () => {
  const { logins, troubles } = world();
  const wanted = { recipient: 0, result: 'refused', refusal: said('530 5.7.0 log in', 'MAIL') } as const;
  logins.done(3, [{ ...wanted, refusal: { ...wanted.refusal, permanent: true } }]);
  assert.deepEqual(troubles.list, [], 'an MX host means the sender by it');
  const waits = { ...wanted, refusal: { ...wanted.refusal, permanent: false } };
  logins.done(3, [waits]);
  logins.done(3, [waits]);
  assert.deepEqual(
    troubles.list.map(({ key }) => key),
    ['login:(none) relay.test:587'],
  );
  assert.equal(logins.of(bare)?.isFailure, true);
  logins.done(3, [delivered(0)]);
  assert.deepEqual([troubles.list, logins.of(bare)], [[], undefined]);
});

test('a host that says 535 to the mail where there is no log-in is the same trouble', () => {
  const { logins, troubles } = world();
  const refusal = { ...said('535 5.7.8 who are you', 'MAIL'), permanent: false };
  logins.done(3, [{ recipient: 0, result: 'refused', refusal }]);
  assert.deepEqual(
    troubles.list.map(({ key }) => key),
    ['login:(none) relay.test:587'],
  );
});

test('the reply of the host is a sentence of its own', () => {
  const { fail, troubles } = world();
  fail(1, 'refused');
  assert.match(troubles.list[0]?.text ?? '', /535 5\.7\.8 wrong\. Mail that needs it waits\./u);
});
