// Our own addresses: a connection comes from the one that was granted, and what is wrong with that is ours to repair.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { socketFailure } from '../../src/deliver/smtp/socket-failure.ts';
import { fixture } from './fixture.ts';

test('a connection comes from the granted address, with the name of that', async (t) => {
  const { server, spool, reports, connect, log } = await fixture(t);
  connect(spool.add({ to: ['b@to.test'], envelope: { tenant: 'shop' } }), 1, server.port, '127.0.0.2');
  const peer = await server.accept();
  assert.equal(peer.socket.remoteAddress, '127.0.0.2');
  peer.say('220 mx.test ESMTP');
  await peer.dialogue(
    ['EHLO two.sluice.test', '250 mx.test'],
    ['MAIL FROM:<a@from.test>', '250 ok'],
    ['RCPT TO:<b@to.test>', '250 ok'],
    ['DATA', '354 go'],
  );
  await peer.content();
  peer.say('250 2.0.0 taken');
  assert.equal((await reports.next()).kind, 'ready');
  const done = await reports.next();
  assert.deepEqual(done.kind === 'done' && done.results.map(({ result }) => result), ['delivered']);
  assert.deepEqual(
    log.map(({ event, source, tenant }) => ({ event, source, tenant })),
    [{ event: 'delivered', source: '127.0.0.2', tenant: 'shop' }],
  );
});

test('a source without a name of its own, and the choice of the system, have the usual name', async (t) => {
  const { server, spool, connect } = await fixture(t);
  for (const [connection, source, remote] of [
    [1, '127.0.0.3', '127.0.0.3'],
    [2, '', '127.0.0.1'],
  ] as const) {
    connect(spool.add({ to: ['b@to.test'] }), connection, server.port, source);
    const peer = await server.accept();
    assert.equal(peer.socket.remoteAddress, remote);
    await peer.hello();
  }
});

test('a refused recipient comes back with source and tenant, for the log', async (t) => {
  const { server, spool, reports, connect } = await fixture(t);
  connect(spool.add({ to: ['b@to.test'], envelope: { tenant: 'shop' } }), 1, server.port, '127.0.0.3');
  const peer = await server.accept();
  await peer.hello();
  await peer.dialogue(['MAIL FROM:<a@from.test>', '450 4.7.1 slow down']);
  assert.equal((await reports.next()).kind, 'ready');
  const done = await reports.next();
  assert.deepEqual(done.kind === 'done' && done.results, [
    {
      recipient: 0,
      result: 'tempfail',
      error: '450 4.7.1 slow down (in reply to MAIL)',
      address: 'b@to.test',
      host: 'mx.test',
      remote: '127.0.0.1',
      source: '127.0.0.3',
      tenant: 'shop',
    },
  ]);
});

test('a source that this machine does not have is named, and the destination is not to blame', async (t) => {
  const { server, spool, reports, connect, sender } = await fixture(t);
  // RFC 5737 3: an address for examples is no machine's.
  connect(spool.add({ to: ['b@to.test'] }), 1, server.port, '192.0.2.77');
  assert.deepEqual(await reports.next(), {
    kind: 'closed',
    connection: 1,
    report: {
      kind: 'failed',
      error: `mx.test[127.0.0.1]:${server.port}: cannot connect from 192.0.2.77: this machine has no such address; change it in [[source]]`,
      local: true,
    },
  });
  assert.equal(sender.connections, 0);
  assert.equal(spool.reads, 0);
});

test('a source of the other IP version cannot reach the destination', async (t) => {
  const { server, spool, reports, connect } = await fixture(t);
  connect(spool.add({ to: ['b@to.test'] }), 1, server.port, '::1');
  const closed = await reports.next();
  assert.ok(closed.kind === 'closed' && closed.report.kind === 'failed');
  assert.match(closed.report.error, /cannot connect from ::1: its IP version .*\[\[source\]\]$/);
  assert.equal(closed.report.local, true);
});

test('errors of the system are told apart: faults of this machine, or of the destination', () => {
  const to = { kind: 'tcp', ip: '192.0.2.7', port: 25 } as const;
  const of = (code: string, syscall: string, source: string) =>
    socketFailure(Object.assign(new Error(`${syscall} ${code}`), { code, syscall }), to, source);
  assert.deepEqual(of('ECONNREFUSED', 'connect', '192.0.2.1'), {
    reason: 'connection refused',
    local: false,
  });
  assert.deepEqual(of('EHOSTUNREACH', 'connect', ''), { reason: 'no route to the host', local: false });
  assert.deepEqual(of('EWEIRD', 'connect', ''), { reason: 'connect EWEIRD', local: false });
  const ours: readonly (readonly [code: string, syscall: string, source: string, reason: RegExp])[] = [
    ['EADDRNOTAVAIL', 'connect', '', /^all local ports are in use; .*ip_local_port_range/],
    ['EADDRINUSE', 'connect', '192.0.2.1', /^cannot connect from 192\.0\.2\.1: all local ports are in use/],
    ['EMFILE', 'connect', '', /^too many open files; .*LimitNOFILE/],
    ['ENOBUFS', 'connect', '', /ENOBUFS/],
    ['EACCES', 'bind', '192.0.2.1', /^cannot connect from 192\.0\.2\.1: not permitted; .*\[\[source\]\]/],
    ['EWEIRD', 'bind', '192.0.2.1', /^cannot connect from 192\.0\.2\.1: bind EWEIRD; see \[\[source\]\]/],
  ];
  for (const [code, syscall, source, reason] of ours) {
    const failure = of(code, syscall, source);
    assert.equal(failure.local, true, code);
    assert.match(failure.reason, reason);
  }
});
