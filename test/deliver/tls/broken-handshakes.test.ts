// Handshakes that break, hang or are attacked: opportunistic TLS goes on in clear over a new connection, and a policy that demands
// TLS sends nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classicForMs, clearForMs } from '../../../src/deliver/tls/broken-handshakes.ts';
import type { Fixture } from '../fixture.ts';
import { timeouts, turns } from '../fixture.ts';
import type { Peer } from '../mail-server.ts';
import { helloAgain, leaves, policy, startTls, tlsFixture } from './policies.ts';

const { chain: cert, key } = leaves.good;

function grant({ spool, connect, server }: Fixture, tls = policy('opportunistic'), connection = 1): void {
  connect(spool.add({ to: ['b@to.test'] }), connection, server.port, '', tls);
}

/** The client hello as it came: handshake records have 5 bytes before them. */
async function clientHello(peer: Peer): Promise<Buffer> {
  const before = peer.received.length;
  while (peer.received.length < before + 200) await turns(1);
  return peer.received.subarray(before);
}

/** Breaks STARTTLS on the next connection, and returns how large the client hello was. */
async function breakHandshake({ server }: Fixture): Promise<number> {
  const peer = await server.accept();
  await startTls(peer);
  const hello = await clientHello(peer);
  peer.reset();
  return hello.length;
}

async function takeInClear(all: Fixture): Promise<void> {
  const peer = await all.server.accept();
  await peer.hello('STARTTLS');
  await peer.take('b@to.test');
  assert.equal((await all.reports.next()).kind, 'ready');
  assert.equal((await all.reports.next()).kind, 'done');
}

async function takeUnderTls(all: Fixture): Promise<void> {
  const peer = await all.server.accept();
  await startTls(peer);
  await peer.underTls({ cert, key });
  await helloAgain(peer);
  await peer.take('b@to.test');
  assert.equal((await all.reports.next()).kind, 'ready');
  assert.equal((await all.reports.next()).kind, 'done');
}

test('a handshake that breaks is tried with a small client hello, and then the message goes in clear', async (t) => {
  const all = await tlsFixture(t);
  grant(all);
  const large = await breakHandshake(all);
  const small = await breakHandshake(all);
  assert.ok(large > 1_400 && small < 600, `${large} and ${small} bytes`);
  await takeInClear(all);
  const [outcome, ...others] = all.reports.tls;
  assert.deepEqual(others, [], 'one outcome for one connection');
  assert.ok(outcome?.kind === 'clear' && outcome.result === 'validation-failure');
  assert.equal(outcome.reason, 'the remote server reset the connection');
});

test('clear text in place of the handshake breaks it: nothing of it counts, and the next connection goes in clear', async (t) => {
  const all = await tlsFixture(t);
  grant(all);
  const first = await all.server.accept();
  await startTls(first);
  await clientHello(first);
  first.say('250-late', '250 REQUIRETLS');
  await first.closed;
  assert.equal(first.received.toString('latin1').includes('MAIL'), false);
  await takeInClear(all);
  const [outcome] = all.reports.tls;
  assert.ok(outcome?.kind === 'clear');
  assert.match(outcome.reason, /wrong version number|packet length too long/);
});

test('clear text in place of the handshake: a policy that demands TLS sends nothing', async (t) => {
  const all = await tlsFixture(t);
  grant(all, policy('required'));
  const first = await all.server.accept();
  await startTls(first);
  await clientHello(first);
  first.say('454 4.7.0 TLS is not set up');
  const report = await all.reports.next();
  assert.ok(report.kind === 'closed' && report.report.kind === 'failed');
  assert.equal(all.reports.tls[0]?.kind, 'failed');
});

test('the old connection is closed before the new one is opened', async (t) => {
  const all = await tlsFixture(t);
  grant(all);
  const first = await all.server.accept();
  await startTls(first);
  await clientHello(first);
  all.advance(timeouts.handshakeMs);
  await first.closed;
  await breakHandshake(all);
  await takeInClear(all);
});

test('a host that broke goes in clear for an hour, and is asked for TLS again then', async (t) => {
  const all = await tlsFixture(t);
  grant(all);
  await breakHandshake(all);
  await breakHandshake(all);
  await takeInClear(all);
  grant(all, undefined, 2);
  await takeInClear(all);
  const last = all.reports.tls.at(-1);
  assert.ok(last?.kind === 'clear');
  assert.match(last.reason, /^TLS broke before: the remote server/);
  all.advance(clearForMs);
  grant(all, undefined, 3);
  await takeUnderTls(all);
  assert.equal(all.reports.tls.at(-1)?.kind, 'secured');
});

test('a host that takes the small client hello gets that at once for a day', async (t) => {
  const all = await tlsFixture(t);
  grant(all, policy('verified'));
  await breakHandshake(all);
  await takeUnderTls(all);
  grant(all, policy('verified', { names: ['mx.test', 'b.test'] }), 2);
  assert.ok((await breakHandshake(all)) < 600);
  assert.equal((await all.reports.next()).kind, 'closed');
  all.advance(classicForMs);
  grant(all, policy('verified', { names: ['mx.test', 'c.test'] }), 3);
  assert.ok((await breakHandshake(all)) > 1_400);
});

for (const level of ['required', 'verified', 'fingerprint', 'dane'] as const) {
  test(`${level}: a handshake that breaks is a failure of this host, never clear text`, async (t) => {
    const all = await tlsFixture(t);
    grant(all, policy(level));
    await breakHandshake(all);
    await breakHandshake(all);
    const report = await all.reports.next();
    assert.ok(report.kind === 'closed' && report.report.kind === 'failed');
    assert.match(report.report.error, /in the TLS handshake: .*reset the connection$/);
    assert.deepEqual(
      all.reports.tls.map(({ kind }) => kind),
      ['failed'],
    );
    assert.equal(all.sender.connections, 0);
  });

  test(`${level}: a host that is remembered for opportunistic TLS gets no clear text`, async (t) => {
    const all = await tlsFixture(t);
    grant(all);
    await breakHandshake(all);
    await breakHandshake(all);
    await takeInClear(all);
    grant(all, policy(level), 2);
    const peer = await all.server.accept();
    await startTls(peer);
    await clientHello(peer);
  });
}

for (const how of ['refused', 'reset', 'silent'] as const) {
  test(`opportunistic: a server that agreed to TLS and is ${how} before it answers EHLO under TLS`, async (t) => {
    const all = await tlsFixture(t);
    grant(all);
    const peer = await all.server.accept();
    await startTls(peer);
    await peer.underTls({ cert, key });
    await peer.dialogue(['EHLO sluice.test']);
    if (how === 'refused') {
      peer.say('421 4.3.2 too busy');
      const report = await all.reports.next();
      assert.ok(report.kind === 'closed' && report.report.kind === 'failed');
      return;
    }
    if (how === 'reset') peer.socket.destroy();
    else all.advance(timeouts.heloMs);
    await takeInClear(all);
  });
}

test('bytes in clear behind the reply to STARTTLS are an attack: the connection fails, without another', async (t) => {
  const all = await tlsFixture(t);
  grant(all);
  const peer = await all.server.accept();
  await peer.hello('STARTTLS');
  await peer.dialogue(['STARTTLS', '220 go', '250 injected']);
  const report = await all.reports.next();
  assert.ok(report.kind === 'closed' && report.report.kind === 'failed');
  assert.match(report.report.error, /14 bytes in clear after the server had agreed to use TLS$/);
  await peer.closed;
  assert.equal(all.sender.connections, 0);
});

test('454 to STARTTLS: the message goes in clear over the same connection', async (t) => {
  const all = await tlsFixture(t);
  grant(all);
  const peer = await all.server.accept();
  await startTls(peer, '454 4.7.0 not now');
  await peer.take('b@to.test');
  assert.equal((await all.reports.next()).kind, 'ready');
  const reason = 'the server refused STARTTLS: "454 4.7.0 not now"';
  assert.deepEqual(all.reports.tls, [{ kind: 'clear', result: 'starttls-not-supported', reason }]);
});

test('454 to STARTTLS where TLS is required: the host has failed', async (t) => {
  const all = await tlsFixture(t);
  grant(all, policy('required'));
  const peer = await all.server.accept();
  await startTls(peer, '454 4.7.0 not now');
  const report = await all.reports.next();
  assert.ok(report.kind === 'closed' && report.report.kind === 'failed');
  assert.match(report.report.error, /^454 4\.7\.0 not now \(reply to STARTTLS of mx\.test/);
  const reason = 'the server refused STARTTLS: "454 4.7.0 not now"';
  assert.deepEqual(all.reports.tls, [
    { kind: 'failed', result: 'starttls-not-supported', reason, lack: 'for now' },
  ]);
});

test('554 to STARTTLS where TLS is required is no matter of time', async (t) => {
  const all = await tlsFixture(t);
  grant(all, policy('required'));
  await startTls(await all.server.accept(), '554 5.7.0 never');
  await all.reports.next();
  const reason = 'the server refused STARTTLS: "554 5.7.0 never"';
  assert.deepEqual(all.reports.tls, [{ kind: 'failed', result: 'starttls-not-supported', reason }]);
});

test('421 to STARTTLS: this attempt fails, and the next one goes in clear', async (t) => {
  const all = await tlsFixture(t);
  grant(all);
  await startTls(await all.server.accept(), '421 4.3.2 no TLS today');
  assert.equal((await all.reports.next()).kind, 'closed');
  grant(all, undefined, 2);
  await takeInClear(all);
});

for (const version of ['TLSv1', 'TLSv1.1'] as const) {
  const old = { cert, key, minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const;

  test(`a host with ${version} alone is better than clear text under opportunistic`, async (t) => {
    const all = await tlsFixture(t);
    grant(all);
    const peer = await all.server.accept();
    await startTls(peer);
    await peer.underTls(old);
    await helloAgain(peer);
    await peer.take('b@to.test');
    assert.equal((await all.reports.next()).kind, 'ready');
    assert.ok(all.reports.tls[0]?.kind === 'secured' && all.reports.tls[0].version === version);
  });

  test(`settings that allow ${version} do not make it enough where TLS is demanded`, async (t) => {
    const all = await tlsFixture(t);
    grant(all, policy('required', { settings: 'old' }));
    const peer = await all.server.accept();
    await startTls(peer);
    await peer.underTls(old);
    const report = await all.reports.next();
    assert.ok(report.kind === 'closed' && report.report.kind === 'failed');
    assert.match(report.report.error, /TLS failed: .*protocol version/);
  });

  for (const level of ['required', 'verified'] as const) {
    test(`a host with ${version} alone will not do under ${level}`, async (t) => {
      const all = await tlsFixture(t);
      grant(all, policy(level));
      const peer = await all.server.accept();
      await startTls(peer);
      await peer.underTls(old);
      const report = await all.reports.next();
      assert.ok(report.kind === 'closed' && report.report.kind === 'failed');
      assert.match(report.report.error, /TLS failed: .*protocol version/);
      assert.equal(all.reports.tls[0]?.kind, 'failed');
    });
  }
}
