// SMTPUTF8 is asked of a next hop when the header or an address of the transaction needs it, whatever the client had said.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture, timeouts } from './fixture.ts';
import type { MessageOptions } from './memory-reader.ts';

const smtpUtf8 = { smtpUtf8: true } as const;
const ascii = 'Subject: x\r\n\r\n';

async function* inPieces(...pieces: string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await Promise.resolve();
    yield Buffer.from(piece, 'latin1');
  }
}

const needed: readonly (readonly [what: string, needs: boolean, message: Omit<MessageOptions, 'to'>])[] = [
  ['all ASCII', false, { content: `${ascii}body\r\n` }],
  ['an encoded word', false, { content: 'Subject: =?utf-8?Q?=C3=BC?=\r\n\r\nbody\r\n' }],
  ['UTF-8 in the body only', false, { content: `${ascii}Grüße\r\n` }],
  ['a header without a body', false, { content: 'Subject: x\r\n' }],
  ['UTF-8 in the header', true, { content: 'Subject: Grüße\r\n\r\nbody\r\n' }],
  ['UTF-8 in a header without a body', true, { content: 'Subject: ü\r\n' }],
  ['a large message in pieces', false, { pieces: () => inPieces('Subject: x\r', '\n\r', '\n\xfc', '\xfc') }],
  [
    'a large message with UTF-8 in its header',
    true,
    { pieces: () => inPieces('Subject: ', '\xc3\xbc\r\n\r\n') },
  ],
];

for (const [what, needs, message] of needed) {
  test(`${what}: SMTPUTF8 is ${needs ? '' : 'not '}asked for`, async (t) => {
    const { server, spool, connect } = await fixture(t);
    connect(spool.add({ to: ['b@to.test'], envelope: smtpUtf8, ...message }));
    const peer = await server.accept();
    await peer.hello('SMTPUTF8');
    assert.equal(await peer.line(), `MAIL FROM:<a@from.test>${needs ? ' SMTPUTF8' : ''}`);
  });
}

test('a message that was sent with SMTPUTF8 and needs none goes to a server without it', async (t) => {
  const { server, spool, reports, connect } = await fixture(t);
  connect(spool.add({ to: ['b@to.test'], envelope: smtpUtf8, content: `${ascii}body\r\n` }));
  const peer = await server.accept();
  await peer.hello();
  await peer.take('b@to.test');
  await reports.next();
  const done = await reports.next();
  assert.ok(done.kind === 'done');
  assert.equal(done.results[0]?.result, 'delivered');
});

test('of two recipients only the one whose address needs SMTPUTF8 is refused by a server without it', async (t) => {
  const { server, spool, reports, connect } = await fixture(t);
  connect(spool.add({ to: ['ü@to.test', 'b@to.test'], envelope: smtpUtf8, content: `${ascii}body\r\n` }));
  const peer = await server.accept();
  await peer.hello();
  await peer.take('b@to.test');
  await reports.next();
  const done = await reports.next();
  assert.ok(done.kind === 'done');
  assert.deepEqual(
    done.results.map(({ result }) => result),
    ['permfail', 'delivered'],
  );
});

test('a large message that cannot be read waits, and the connection goes on', async (t) => {
  const { server, spool, reports, connect } = await fixture(t);
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    yield await Promise.reject(new Error('the disk is gone'));
  };
  connect(spool.add({ to: ['b@to.test'], envelope: smtpUtf8, pieces }));
  const peer = await server.accept();
  await peer.hello();
  await reports.next();
  const done = await reports.next();
  assert.ok(done.kind === 'done');
  assert.equal(done.reusable, true);
  assert.deepEqual(done.results, [
    { recipient: 0, result: 'tempfail', error: '451 4.3.0 the disk is gone', by: 'local' },
  ]);
});

test('a large message whose header the disk does not give in time waits, and the connection goes on', async (t) => {
  const { server, spool, reports, connect, advance } = await fixture(t);
  const gate = Promise.withResolvers<void>();
  t.after(() => gate.resolve());
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    await gate.promise;
    yield Buffer.from(ascii);
  };
  connect(spool.add({ to: ['b@to.test'], envelope: smtpUtf8, pieces }));
  const peer = await server.accept();
  await peer.hello();
  assert.equal((await reports.next()).kind, 'ready');
  advance(timeouts.blockMs + 1_000);
  const done = await reports.next();
  assert.ok(done.kind === 'done');
  assert.deepEqual([done.reusable, done.results[0]?.result], [true, 'tempfail']);
  assert.match(done.results[0]?.error ?? '', /^451 4\.3\.0 .*the disk did not answer within 150 s$/u);
});
