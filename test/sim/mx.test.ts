// The simulated mail exchanger and its client: other tests rely on their counts.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Census } from '../../sim/mx/census.ts';
import { startMx, type MxMessage } from '../../sim/mx/mx.ts';
import {
  ban,
  combined,
  dropAt,
  greylist,
  holdsUntil,
  refuses,
  shutsDownAt,
  type Personality,
} from '../../sim/mx/personality.ts';
import { submit, type Submission } from '../../sim/mx/submitter.ts';
import { freePort } from '../../sim/neighbours/ground.ts';

async function sink(t: TestContext, personality?: Personality, onMessage?: (message: MxMessage) => void) {
  const mx = await startMx({
    address: '127.0.0.1',
    port: 0,
    ...(personality && { personality }),
    ...(onMessage && { onMessage }),
  });
  t.after(() => mx.close());
  return mx;
}

function* messages(count: number, ...to: string[]): Generator<Submission> {
  for (let i = 0; i < count; i++) yield { id: `m${i}@test`, from: 'a@client.test', to };
}

test('every message that was sent is counted once for each recipient', async (t) => {
  const mx = await sink(t);
  const sent = await submit(messages(100, 'x@one.test', 'y@two.test'), { ...mx, connections: 7 });
  assert.equal(sent.accepted.size, 200);
  assert.equal(mx.tally.messages, 100);
  assert.deepEqual([...mx.tally.deliveries.keys()].toSorted(), [...sent.accepted].toSorted());
  assert.deepEqual(
    [...mx.tally.perDomain],
    [
      ['one.test', 100],
      ['two.test', 100],
    ],
  );
  assert.equal(mx.tally.duplicates, 0);
  assert.equal(mx.tally.maxConnections, 7);
});

test('the exchanger reads a session the same wherever its bytes are cut', async (t) => {
  const content = 'Message-ID: <cut@test>\r\n\r\n..a\r\nb\n.\nc\r\n';
  const session = `EHLO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<b@d.test>\r\nDATA\r\n${content}.\r\nQUIT\r\n`;
  const seen: string[] = [];
  const mx = await sink(t, undefined, (message) => seen.push(message.content.toString()));
  for (let cut = 1; cut < session.length; cut++) {
    const socket = connect({ host: mx.address, port: mx.port, noDelay: true });
    socket.resume();
    await new Promise<void>((resolve) => socket.write(session.slice(0, cut), () => resolve()));
    socket.write(session.slice(cut));
    await once(socket, 'close');
  }
  assert.deepEqual(new Set(seen), new Set([content]));
  assert.equal(seen.length, session.length - 1);
  assert.equal(mx.tally.duplicates, seen.length - 1);
});

test('an empty message is counted', async (t) => {
  const seen: MxMessage[] = [];
  const mx = await sink(t, undefined, (message) => seen.push(message));
  const socket = connect({ host: mx.address, port: mx.port });
  socket.end('MAIL FROM:<>\r\nRCPT TO:<b@d.test>\r\nDATA\r\n.\r\nQUIT\r\n');
  socket.resume();
  await once(socket, 'close');
  assert.deepEqual(
    seen.map(({ sender, content }) => [sender, content.length]),
    [['', 0]],
  );
});

test('greylisting refuses each recipient once', async (t) => {
  const mx = await sink(t, greylist(0));
  const first = await submit(messages(1, 'x@d.test', 'y@d.test'), { ...mx, connections: 1 });
  const second = await submit(messages(1, 'x@d.test', 'y@d.test'), { ...mx, connections: 1 });
  assert.deepEqual([first.accepted.size, first.refused.size], [0, 2]);
  assert.deepEqual([second.accepted.size, second.refused.size], [2, 0]);
});

test('a client with too many connections is banned, and counted', async (t) => {
  let bans = 0;
  const mx = await sink(
    t,
    ban(3, 60_000, () => bans++),
  );
  await assert.rejects(
    submit(messages(50, 'x@d.test'), { ...mx, connections: 4 }),
    /connection .* was lost/u,
  );
  assert.ok(bans >= 1);
  assert.ok(mx.tally.maxConnections > 3);
  await assert.rejects(submit(messages(1, 'x@d.test'), { ...mx, connections: 1 }), /was lost/u);
});

test('a connection lost after the final dot leaves the delivery unknown, even when the message was kept', async (t) => {
  const mx = await sink(t, combined(dropAt('message', 1, true), shutsDownAt('mail', 1)));
  const sent = await submit(messages(3, 'x@d.test'), { ...mx, connections: 1 });
  assert.deepEqual([sent.accepted.size, sent.unknown.size, sent.refused.size], [1, 2, 0]);
  assert.equal(sent.lost, 2);
  assert.equal(mx.tally.deliveries.size, 2);
});

test('a refused recipient does not affect the others', async (t) => {
  const mx = await sink(t, refuses(/^bad/u, '550 5.1.1 Unknown'));
  const sent = await submit(messages(1, 'bad@d.test', 'good@d.test'), { ...mx, connections: 1 });
  assert.deepEqual([...sent.accepted], ['m0@test good@d.test']);
  assert.deepEqual([...sent.refused], [['m0@test bad@d.test', '550 5.1.1 Unknown']]);
  assert.equal(mx.tally.permfails, 1);
});

test('a census counts open connections and transactions of several exchangers under every name they have', async (t) => {
  const census = new Census({
    connection: ({ ip, client }) => ['all', `ip ${ip}`, `client ${client}`],
    transaction: (_, sender, recipients) => [`from ${sender}`, ...recipients],
  });
  const gate = Promise.withResolvers<void>();
  const port = await freePort();
  const mxs = await Promise.all(
    ['127.0.0.1', '127.0.0.2'].map((address) =>
      startMx({ address, port, census, personality: holdsUntil(gate.promise, 0) }),
    ),
  );
  t.after(() => Promise.all(mxs.map((mx) => mx.close())));
  const submissions = mxs.map((mx) => submit(messages(6, 'x@d.test', 'y@d.test'), { ...mx, connections: 3 }));
  await census.reached(6);
  assert.equal(census.now('all'), 6);
  assert.equal(census.now('ip 127.0.0.1'), 3);
  gate.resolve();
  await Promise.all(submissions);
  assert.equal(census.connections, 0);
  assert.equal(census.now('from a@client.test'), 0);
  assert.deepEqual([...census.mostByName('ip ')].toSorted(), [
    ['ip 127.0.0.1', 3],
    ['ip 127.0.0.2', 3],
  ]);
  assert.deepEqual([census.most('client 127.0.0.1'), census.arrivals('client 127.0.0.1')], [6, 6]);
  assert.equal(census.arrivals('x@d.test'), 12);
  assert.ok(census.most('x@d.test') <= 6);
  assert.equal(census.mostWithin('x@d.test', Infinity), 12);
});

test('a census tells the most arrivals within any window of a given length', () => {
  let now = 0;
  const census = new Census({ connection: () => ['c'], transaction: () => [] }, () => now);
  assert.equal(census.mostWithin('c', 1_000), 0);
  for (const at of [0, 100, 900, 1_000, 1_050, 1_899]) {
    now = at;
    census.connected({ ip: '', client: '' })();
  }
  assert.deepEqual(
    [1, 150, 1_000, 2_000].map((ms) => census.mostWithin('c', ms)),
    [1, 2, 4, 6],
  );
  assert.deepEqual([census.most('c'), census.now('c'), census.maxConnections], [1, 0, 1]);
});
