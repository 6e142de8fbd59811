// Transactions of outgoing connections: bytes on the wire, results, and log lines.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpoolError } from '../../src/spool/spool-error.ts';
import { fixture, timeouts, turns } from './fixture.ts';

test('a message is delivered: the bytes on the wire, the result and the log line are exact', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 61_000 });
  const { server, spool, reports, log, connect, sender, advance } = await fixture(t);
  const content = 'Subject: dots\r\n\r\n.\r\n..two\r\nend.\r\n.last';
  connect(spool.add({ to: ['b@to.test'], content }));
  const peer = await server.accept();
  await peer.hello('SIZE');
  await peer.dialogue([`MAIL FROM:<a@from.test> SIZE=${content.length}`, '250 2.1.0 ok']);
  t.mock.timers.setTime(61_250);
  advance(250);
  await peer.dialogue(['RCPT TO:<b@to.test>', '250 2.1.5 ok'], ['DATA', '354 go']);
  assert.equal(await peer.content(), 'Subject: dots\r\n\r\n..\r\n...two\r\nend.\r\n..last\r\n.\r\n');
  peer.say('250 2.0.0 taken as 42');
  assert.deepEqual(await reports.next(), { kind: 'ready', connection: 1 });
  assert.deepEqual(await reports.next(), {
    kind: 'done',
    connection: 1,
    results: [{ recipient: 0, result: 'delivered' }],
    reusable: true,
  });
  assert.deepEqual(log, [
    {
      level: 'info',
      time: '1970-01-01T00:01:01.250Z',
      event: 'delivered',
      id: 'Q0',
      from: 'a@from.test',
      to: 'b@to.test',
      site: 'site',
      source: '127.0.0.1',
      remote: '127.0.0.1',
      host: 'mx.test',
      reply: '250 taken as 42',
      size: content.length,
      delayMs: 60_250,
      connectMs: 0,
      transactionMs: 250,
    },
  ]);
  sender.close(1);
  await peer.dialogue(['QUIT', '221 bye']);
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
  peer.end();
  await peer.closed;
  assert.equal(sender.connections, 0);
});

test('with PIPELINING the whole group comes in one piece', async (t) => {
  const { server, spool, reports, connect } = await fixture(t);
  connect(spool.add({ to: ['b@to.test', 'c@to.test'] }));
  const peer = await server.accept();
  await peer.hello('PIPELINING');
  await peer.line();
  assert.equal(
    peer.received.toString().slice('EHLO sluice.test\r\n'.length),
    'MAIL FROM:<a@from.test>\r\nRCPT TO:<b@to.test>\r\nRCPT TO:<c@to.test>\r\nDATA\r\n',
  );
  peer.say('250 ok', '250 ok', '250 ok', '354 go');
  await peer.dialogue(['RCPT TO:<b@to.test>'], ['RCPT TO:<c@to.test>'], ['DATA']);
  await peer.content();
  peer.say('250 taken');
  await reports.next();
  assert.deepEqual(await reports.next(), {
    kind: 'done',
    connection: 1,
    results: [
      { recipient: 0, result: 'delivered' },
      { recipient: 1, result: 'delivered' },
    ],
    reusable: true,
  });
});

test('several messages go over one connection, whatever their size and wherever they are read from', async (t) => {
  const { server, spool, reports, connect, sender, log } = await fixture(t);
  const contents = [
    'one\r\n',
    `two\r\n${`.${'x'.repeat(70)}\r\n`.repeat(1_000)}`, // more than what is copied into one write
    'three\r\n',
  ];
  const works = contents.map((content, i) => spool.add({ to: [`r${i}@to.test`], content, fresh: i !== 2 }));
  connect(works[0]!);
  const peer = await server.accept();
  await peer.hello();
  for (const [i, content] of contents.entries()) {
    if (i > 0) sender.transact(1, works[i]!);
    assert.equal(await peer.take(`r${i}@to.test`), `${content.replaceAll(/^\./gmu, '..')}.\r\n`);
    if (i === 0) assert.equal((await reports.next()).kind, 'ready');
    assert.deepEqual(await reports.next(), {
      kind: 'done',
      connection: 1,
      results: [{ recipient: 0, result: 'delivered' }],
      reusable: true,
    });
  }
  assert.deepEqual(
    log.map(({ event, id, to }) => [event, id, to]),
    [0, 1, 2].map((i) => ['delivered', `Q${i}`, `r${i}@to.test`]),
  );
  assert.deepEqual(
    log.slice(1).map(({ connectMs }) => connectMs),
    [0, 0],
  );
});

test('only the recipients of the work are sent to, and results name their place in the envelope', async (t) => {
  const { server, spool, reports, connect, log } = await fixture(t);
  const all = spool.add({ to: ['a@to.test', 'b@to.test', 'c@to.test', 'd@to.test', 'e@to.test'] });
  connect({ ...all, recipients: [1, 3, 4] });
  const peer = await server.accept();
  await peer.hello();
  await peer.dialogue(
    ['MAIL FROM:<a@from.test>', '250 ok'],
    ['RCPT TO:<b@to.test>', '250 ok'],
    ['RCPT TO:<d@to.test>', '550 5.1.1 nobody here'],
    ['RCPT TO:<e@to.test>', '450 4.2.0 later'],
    ['DATA', '354 go'],
  );
  await peer.content();
  peer.say('250 taken');
  await reports.next();
  assert.deepEqual(await reports.next(), {
    kind: 'done',
    connection: 1,
    results: [
      { recipient: 1, result: 'delivered' },
      {
        recipient: 3,
        result: 'permfail',
        error: '550 5.1.1 nobody here (in reply to RCPT)',
        address: 'd@to.test',
        host: 'mx.test',
        remote: '127.0.0.1',
      },
      {
        recipient: 4,
        result: 'tempfail',
        error: '450 4.2.0 later (in reply to RCPT)',
        address: 'e@to.test',
        host: 'mx.test',
        remote: '127.0.0.1',
      },
    ],
    reusable: true,
  });
  assert.deepEqual(
    log.map(({ event, to }) => [event, to]),
    [['delivered', 'b@to.test']],
  );
});

test('when nobody is accepted no content is sent, and after RSET the connection goes on', async (t) => {
  const { server, spool, reports, connect, sender } = await fixture(t);
  connect(spool.add({ to: ['b@to.test'] }));
  const peer = await server.accept();
  await peer.hello();
  await peer.dialogue(['MAIL FROM:<a@from.test>', '250 ok'], ['RCPT TO:<b@to.test>', '550 no'], ['RSET']);
  await reports.next();
  assert.deepEqual(await reports.next(), {
    kind: 'done',
    connection: 1,
    results: [
      {
        recipient: 0,
        result: 'permfail',
        error: '550 no (in reply to RCPT)',
        address: 'b@to.test',
        host: 'mx.test',
        remote: '127.0.0.1',
      },
    ],
    reusable: true,
  });
  sender.transact(1, spool.add({ to: ['c@to.test'] })); // waits for the answer to RSET
  peer.say('250 ok');
  await peer.take('c@to.test');
  assert.equal((await reports.next()).kind, 'done');
});

test('a server that refuses RSET gets QUIT; what was granted meanwhile was never taken up', async (t) => {
  const { server, spool, reports, connect, sender } = await fixture(t);
  connect(spool.add({ to: ['b@to.test'] }));
  const peer = await server.accept();
  await peer.hello();
  await peer.dialogue(['MAIL FROM:<a@from.test>', '450 no'], ['RSET']);
  await reports.next();
  assert.equal((await reports.next()).kind, 'done');
  sender.transact(1, spool.add({ to: ['c@to.test'] }));
  peer.say('500 what?');
  await peer.dialogue(['QUIT', '221 bye']);
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'unused' } });
});

for (const dsn of [true, false]) {
  for (const success of [true, false]) {
    const relayed = success && !dsn;
    test(`NOTIFY ${success ? 'with' : 'without'} SUCCESS to a peer ${dsn ? 'with' : 'without'} DSN: ${relayed ? '' : 'not '}reported as relayed`, async (t) => {
      const { server, spool, reports, connect } = await fixture(t);
      const notify = { never: false, success, failure: true, delay: false };
      connect(spool.add({ to: [{ address: 'b@to.test', notify }, 'plain@to.test'] }));
      const peer = await server.accept();
      await peer.hello(...(dsn ? ['DSN'] : []));
      await peer.dialogue(
        ['MAIL FROM:<a@from.test>', '250 ok'],
        [`RCPT TO:<b@to.test>${dsn ? ` NOTIFY=${success ? 'SUCCESS,' : ''}FAILURE` : ''}`, '250 ok'],
        ['RCPT TO:<plain@to.test>', '250 ok'],
        ['DATA', '354 go'],
      );
      await peer.content();
      peer.say('250 taken');
      await reports.next();
      assert.deepEqual(await reports.next(), {
        kind: 'done',
        connection: 1,
        results: [
          { recipient: 0, result: 'delivered', ...(relayed && { relayedTo: 'mx.test' }) },
          { recipient: 1, result: 'delivered' },
        ],
        reusable: true,
      });
    });
  }
}

for (const fresh of [true, false]) {
  test(`a message that cannot be read waits, and the connection goes on (${fresh ? 'fresh' : 'old'})`, async (t) => {
    const { server, spool, reports, connect, sender, log } = await fixture(t);
    spool.failure = new SpoolError('SPOOL_CORRUPT', 'the checksum of Q0 does not hold');
    connect(spool.add({ to: ['b@to.test', 'c@to.test'], fresh }));
    const peer = await server.accept();
    await peer.hello();
    await reports.next();
    const error = '451 4.3.0 the stored message is damaged: the checksum of Q0 does not hold';
    assert.deepEqual(await reports.next(), {
      kind: 'done',
      connection: 1,
      results: [0, 1].map((recipient) => ({ recipient, result: 'tempfail', error, by: 'damage' })),
      reusable: true,
    });
    assert.deepEqual(
      log.map(({ level, msg }) => [level, msg]),
      [['error', `message Q0 cannot be read from the spool: ${error}`]],
    );
    spool.failure = undefined;
    sender.transact(1, spool.add({ to: ['d@to.test'] }));
    assert.equal(await peer.take('d@to.test'), 'Subject: x\r\n\r\nHello\r\n.\r\n');
    assert.equal((await reports.next()).kind, 'done');
  });
}

test('a message that cannot be read while the connection is being closed does not keep it open', async (t) => {
  const { server, spool, reports, connect, sender } = await fixture(t);
  const gate = Promise.withResolvers<void>();
  spool.gate = () => gate.promise;
  spool.failure = new SpoolError('SPOOL_MISSING', 'gone');
  connect(spool.add({ to: ['b@to.test'], fresh: false }));
  const peer = await server.accept();
  await peer.hello();
  await reports.next();
  sender.close(1);
  gate.resolve();
  assert.deepEqual(await reports.next(), {
    kind: 'done',
    connection: 1,
    results: [
      {
        recipient: 0,
        result: 'tempfail',
        error: '451 4.3.0 the stored message is damaged: gone',
        by: 'damage',
      },
    ],
    reusable: false,
  });
  await peer.dialogue(['QUIT', '221 bye']);
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
});

test('a message that the disk does not give in time waits, and the connection goes on', async (t) => {
  const { server, spool, reports, connect, advance, sender } = await fixture(t);
  const gate = Promise.withResolvers<void>();
  spool.gate = () => gate.promise;
  connect(spool.add({ to: ['b@to.test'], fresh: false }));
  const peer = await server.accept();
  await peer.hello();
  assert.equal((await reports.next()).kind, 'ready');
  advance(timeouts.blockMs - 1_000);
  assert.equal(reports.all.length, 1);
  advance(2_000);
  const done = await reports.next();
  assert.ok(done.kind === 'done');
  assert.deepEqual([done.reusable, done.results[0]?.result], [true, 'tempfail']);
  assert.match(done.results[0]?.error ?? '', /^451 4\.3\.0 .*the disk did not answer within 150 s$/u);
  gate.resolve(); // too late
  await turns();
  assert.equal(reports.all.length, 2);
  sender.close(1);
  await peer.dialogue(['QUIT', '221 bye']);
});
