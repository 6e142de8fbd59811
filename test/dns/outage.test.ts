// No name server answers. The resolver tells this from a name that its own servers do not answer for, sends one probe at a
// time, and keeps no failure afterwards. The timers are mocked, the sockets are real.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import test from 'node:test';
import * as dnsPacket from 'dns-packet';
import type { NameServer, Resolver } from '../../src/dns/resolver.ts';
import { ground, switchable } from './switchable-server.ts';

/** A port that nothing listens on. */
async function closedPort(): Promise<NameServer> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return { address: '127.0.0.1', port };
}

test('an outage begins when no server answers a question for the root either; any answer ends it', async (t) => {
  const { server, state, hearing, heard } = await switchable(t);
  state.answers = false;
  const { resolver, changes, changed, pass } = ground(t, [server]);
  const asked = [resolver.mx('one.test'), resolver.mx('two.test')];
  await hearing('one.test MX', 1);
  pass(3_000);
  await hearing('. NS', 1);
  assert.equal(resolver.outage, undefined, 'not before the question for the root has timed out');
  pass(999);
  assert.equal(changes.length, 0);
  pass(1);
  for (const answer of await Promise.all(asked)) {
    assert.ok(answer.kind === 'failed');
    assert.equal(answer.noServer, true);
  }
  assert.match(changes[0]?.reason ?? '', /^127\.0\.0\.1: no answer within 3000 ms$/);

  const during = await resolver.mx('three.test');
  assert.ok(during.kind === 'failed' && during.noServer === true, 'at once: no timer has passed');
  assert.ok(!heard.includes('three.test MX'), 'nothing but the probe is sent');
  pass(249);
  assert.equal(heard.filter((each) => each === '. NS').length, 1);
  pass(1);
  await hearing('. NS', 2);
  state.answers = true;
  pass(250);
  await changed(2);
  assert.equal(changes[1], undefined);
  for (const name of ['one.test', 'two.test', 'three.test']) {
    assert.equal((await resolver.mx(name)).kind, 'found', 'no failure was kept');
  }
});

test('servers that cannot be reached are an outage at once', async (t) => {
  const { resolver, changed } = ground(t, [await closedPort(), await closedPort()]);
  const answer = await resolver.mx('one.test');
  await changed(1);
  assert.ok(answer.kind === 'failed' && answer.noServer === true);
  assert.ok(resolver.outage?.reason.includes('ECONNREFUSED'));
});

test('a name without an answer is no outage while the root is answered', async (t) => {
  const { server, hearing } = await switchable(t);
  const { resolver, changes, pass } = ground(t, [server]);
  const dead = resolver.mx('dead.test');
  await hearing('dead.test MX', 1);
  pass(3_000);
  const answer = await dead;
  assert.ok(answer.kind === 'failed');
  assert.equal(answer.noServer, undefined);
  assert.match(answer.reason, /no answer within 3000 ms/);
  assert.deepEqual(changes, []);
});

test('while one server of two answers there is no outage', async (t) => {
  const { server, heard } = await switchable(t);
  const { resolver, changes } = ground(t, [await closedPort(), server]);
  assert.equal((await resolver.mx('one.test')).kind, 'found');
  assert.deepEqual(changes, []);
  assert.ok(!heard.includes('. NS'), 'nobody doubts');
});

test('a server that answers other questions is not asked for the root for each name that hangs', async (t) => {
  const { server, heard, hearing } = await switchable(t);
  const { resolver, pass } = ground(t, [server]);
  const dead = Array.from({ length: 50 }, (_, at) => resolver.mx(`${at}.dead.test`));
  await hearing('49.dead.test MX', 1);
  pass(1_000);
  assert.equal((await resolver.mx('one.test')).kind, 'found');
  pass(2_000);
  for (const answer of await Promise.all(dead)) assert.equal(answer.kind, 'failed');
  assert.ok(!heard.includes('. NS'));
});

test('a question refused by a restarting server is asked again', async (t) => {
  const server = await closedPort();
  const { resolver, changes } = ground(t, [server]);
  // The server is up again when the probe arrives: only the question was refused.
  const question = resolver.mx('one.test');
  const back = createSocket('udp4');
  t.after(() => back.close());
  back.on('message', (query, peer) => {
    const { id, questions } = dnsPacket.decode(query);
    const [asked] = questions ?? [];
    assert.ok(asked !== undefined);
    const answers =
      asked.type === 'MX'
        ? [{ type: 'MX' as const, name: asked.name, ttl: 60, data: { preference: 1, exchange: 'mx.test' } }]
        : [];
    const response = dnsPacket.encode({ type: 'response', id: id ?? 0, questions: [asked], answers });
    back.send(response, peer.port, peer.address);
  });
  back.bind(server.port, '127.0.0.1');
  const answer = await question;
  assert.equal(answer.kind, 'found');
  assert.deepEqual(changes, []);
});

test('a resolver that is closed in an outage sends no more probes', async (t) => {
  const { resolver, changed, pass, changes } = ground(t, [await closedPort()]);
  await resolver.mx('one.test');
  await changed(1);
  resolver.close();
  pass(10_000);
  assert.equal(changes.length, 1);
  assert.equal((await resolver.mx('two.test')).kind, 'failed');
});

function unused(resolver: Resolver): number {
  const { inFlight, hanging, waiting } = resolver.stats();
  return inFlight + hanging + waiting;
}

test('an outage leaves no question waiting, however many were asked', async (t) => {
  const { server, state, hearing } = await switchable(t);
  state.answers = false;
  const { resolver, pass } = ground(t, [server], { maxInFlight: 5, maxHanging: 5, hangingMs: 60_000 });
  const asked = Array.from({ length: 2_000 }, (_, at) => resolver.mx(`${at}.test`));
  await hearing('4.test MX', 1);
  pass(3_000);
  await hearing('. NS', 1);
  pass(1_000);
  await Promise.all(asked);
  assert.equal(unused(resolver), 0);
});
