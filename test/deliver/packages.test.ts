// Mail out by QMQP and QMTP: what is sent, what each answer comes to, answers that are lost or cut anywhere, large content, and what these
// protocols cannot carry.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { socketHop } from '../../src/route/next-hop.ts';
import type { SocketHop } from '../../src/route/types.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import type { HopTlsPolicy } from '../../src/values/tls-policy.ts';
import { type Fixture, fixture, type Report, turns } from './fixture.ts';
import type { MessageOptions } from './memory-reader.ts';
import { type PackageServer, startPackageServer } from './package-server.ts';

type Protocol = 'qmqp' | 'qmtp';
const protocols = ['qmqp', 'qmtp'] as const;

interface Ground extends Fixture {
  readonly packages: PackageServer;
  /** Grants a message on connection 1, or another. */
  grant(message: MessageOptions, connection?: number, change?: Partial<SocketHop>): void;
}

async function ground(
  t: TestContext,
  protocol: Protocol,
  options: Parameters<typeof startPackageServer>[2] = {},
): Promise<Ground> {
  const made = await fixture(t);
  const packages = await startPackageServer(t, protocol, options);
  const hop = socketHop(protocol, packages.endpoint, 'mail.test', 0);
  return {
    ...made,
    packages,
    grant: (message, connection = 1, change = {}) =>
      made.sender.connect({
        connection,
        site: 'site',
        hop: { ...hop, ...change },
        source: '',
        work: made.spool.add(message),
      }),
  };
}

/** All reports up to the end of the connection. */
async function untilClosed({ reports }: Fixture): Promise<Report[]> {
  const seen: Report[] = [];
  for (;;) {
    const report = await reports.next();
    seen.push(report);
    if (report.kind === 'closed') return seen;
  }
}

/** The results of the only message, as words. */
function resultsOf(seen: readonly Report[]): string[] {
  return seen.flatMap((report) =>
    report.kind === 'done'
      ? report.results.map(({ result, error = '' }) =>
          error === '' ? result : `${result}: ${error.replace(' (in reply to content)', '')}`,
        )
      : [],
  );
}

const both = { to: ['b@to.test', 'c@to.test'] };

test('QMQP: the content has LF line ends, the message one answer for all, and the connection one message', async (t) => {
  const all = await ground(t, 'qmqp');
  all.grant(both);
  const seen = await untilClosed(all);
  assert.deepEqual(seen, [
    { kind: 'ready', connection: 1 },
    {
      kind: 'done',
      connection: 1,
      results: [
        { recipient: 0, result: 'delivered' },
        { recipient: 1, result: 'delivered' },
      ],
      reusable: false,
    },
    { kind: 'closed', connection: 1, report: { kind: 'closed' } },
  ]);
  assert.deepEqual(all.packages.taken, [
    { content: 'Subject: x\n\nHello\n', from: 'a@from.test', to: ['b@to.test', 'c@to.test'] },
  ]);
  assert.deepEqual(
    all.log.map(({ event, to, reply }) => [event, to, reply]),
    [
      ['delivered', 'b@to.test', '250 ok'],
      ['delivered', 'c@to.test', '250 ok'],
    ],
  );
});

test('QMTP: the content has CRLF line ends, and each recipient its own answer', async (t) => {
  const all = await ground(t, 'qmtp');
  all.grant({ to: ['b@to.test', 'unknown@to.test', 'full@to.test'] });
  assert.equal((await all.reports.next()).kind, 'ready');
  const done = await all.reports.next();
  assert.deepEqual(resultsOf([done]), [
    'delivered',
    'permfail: 554 5.1.1 nobody',
    'tempfail: 451 4.2.2 full',
  ]);
  assert.ok(done.kind === 'done' && done.reusable);
  assert.deepEqual(
    all.packages.taken.map(({ content }) => content),
    ['\rSubject: x\r\n\r\nHello\r\n'],
  );
});

test('addresses are without the quotes of a path, and the sender of a report is empty', async (t) => {
  const all = await ground(t, 'qmtp');
  all.grant({ to: ['"b \\"c\\""@to.test'], envelope: { reversePath: '' } });
  await all.reports.next();
  await all.reports.next();
  assert.deepEqual(
    all.packages.taken.map(({ from, to }) => [from, to]),
    [['', ['b "c"@to.test']]],
  );
});

test('VERP: the sender names the recipient', async (t) => {
  const all = await ground(t, 'qmqp');
  all.grant({ to: ['b@to.test'] }, 1, { verp: '+=' });
  await untilClosed(all);
  assert.deepEqual(
    all.packages.taken.map(({ from }) => from),
    ['a+b=to.test@from.test'],
  );
});

for (const [what, answer, expected] of [
  ['Z', '6:Zlater,', 'tempfail: 451 later'],
  ['D with a status of qmail', '17:Dno such (#5.1.1),', 'permfail: 554 5.1.1 no such (#5.1.1)'],
  ['D with a status', '12:D5.7.1 never,', 'permfail: 554 5.7.1 never'],
  ['garbage', '220 mail.test ESMTP\r\n', "tempfail: the server's answer is none of QMQP"],
  ['another letter', '3:Xok,', "tempfail: the server's answer is none of QMQP"],
] as const) {
  test(`QMQP: ${what} is for all recipients`, async (t) => {
    const all = await ground(t, 'qmqp', { answer: () => answer });
    all.grant(both);
    assert.deepEqual(resultsOf(await untilClosed(all)), [expected, expected]);
  });
}

for (const protocol of protocols) {
  test(`${protocol}: answers that are cut off anywhere are temporary failures, and whole ones count`, async (t) => {
    const whole = protocol === 'qmqp' ? '3:Kok,' : '3:Kok,9:D5.1.1 no,';
    for (let at = 0; at < whole.length; at++) {
      const all = await ground(t, protocol, {
        answer: (_, socket) => {
          socket.end(whole.slice(0, at), 'latin1');
          return undefined;
        },
      });
      all.grant(both);
      const isFirstWhole = protocol === 'qmtp' && at >= '3:Kok,'.length;
      const lost = 'tempfail: the remote server closed the connection before the answer was complete';
      assert.deepEqual(
        resultsOf(await untilClosed(all)),
        [isFirstWhole ? 'delivered' : lost, lost],
        `at ${at}`,
      );
    }
  });

  test(`${protocol}: a server that never answers is given up`, async (t) => {
    const isThere = Promise.withResolvers<void>();
    const all = await ground(t, protocol, {
      answer: () => {
        isThere.resolve();
        return undefined;
      },
    });
    all.grant(both);
    await isThere.promise;
    all.advance(all.context.settings.timeouts.finalMs + 2_000);
    const expected = 'tempfail: timed out before the answer was complete';
    assert.deepEqual(resultsOf(await untilClosed(all)), [expected, expected]);
  });

  test(`${protocol}: what is stopped in the middle is reported as lost`, async (t) => {
    const isThere = Promise.withResolvers<void>();
    const all = await ground(t, protocol, {
      answer: () => {
        isThere.resolve();
        return undefined;
      },
    });
    all.grant(both);
    await isThere.promise;
    all.sender.abandon();
    const expected = 'tempfail: Sluice is stopping before the answer was complete';
    assert.deepEqual(resultsOf(await untilClosed(all)), [expected, expected]);
    assert.equal(all.sender.connections, 0);
  });

  test(`${protocol}: nobody at the port is a failed connection`, async (t) => {
    const all = await ground(t, protocol);
    all.grant({ to: ['b@to.test'] }, 1, { endpoint: { kind: 'unix', path: '/nonexistent/socket' } });
    const [closed, ...others] = await untilClosed(all);
    assert.deepEqual(others, []);
    assert.ok(closed?.kind === 'closed' && closed.report.kind === 'failed');
  });

  test(`${protocol}: a server that closes before a message was read counts as an attempt`, async (t) => {
    const all = await ground(t, protocol);
    const work = all.spool.add({ to: ['b@to.test'] });
    const isAsked = Promise.withResolvers<void>();
    all.spool.read = () => {
      isAsked.resolve();
      return new Promise(() => undefined);
    };
    const hop = socketHop(protocol, all.packages.endpoint, 'mail.test', 0);
    all.sender.connect({ connection: 1, site: 'site', hop, source: '', work: { ...work, fresh: false } });
    await isAsked.promise;
    (await all.packages.accept()).end();
    const seen = await untilClosed(all);
    assert.match(resultsOf(seen).join(' '), /^tempfail: .*the remote server closed the connection$/u);
    assert.deepEqual(seen.at(-1), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
  });

  test(`${protocol}: large content is sent piece by piece, whole, with the size that was said`, async (t) => {
    const all = await ground(t, protocol);
    // CR and LF in different pieces, a CR alone, and a CR at the end.
    const pieces = ['Subject: x\r', '\n\r\n', `${'x'.repeat(60_000)}\r`, '\ny\rz\r'];
    const sizeBytes = pieces.join('').length;
    async function* stream(): AsyncIterable<Uint8Array> {
      for (let round = 0; round < 100; round++) for (const piece of pieces) yield Buffer.from(piece);
    }
    all.grant({ ...both, pieces: stream, sizeBytes: 100 * sizeBytes });
    assert.equal((await all.reports.next()).kind, 'ready');
    assert.deepEqual(resultsOf([await all.reports.next()]), ['delivered', 'delivered']);
    const sent = pieces.join('').repeat(100);
    assert.equal(
      all.packages.taken[0]?.content,
      protocol === 'qmqp' ? sent.replaceAll('\r\n', '\n') : `\r${sent}`,
    );
  });

  test(`${protocol}: content that cannot be read to its end is never a whole message`, async (t) => {
    const all = await ground(t, protocol);
    let passes = 0;
    async function* stream(): AsyncIterable<Uint8Array> {
      passes++;
      yield Buffer.from('Subject: x\r\n\r\n');
      // QMQP has read it once before, to know its size.
      if (passes === (protocol === 'qmqp' ? 2 : 1)) throw new SpoolError('SPOOL_MISSING', 'it is gone');
      yield Buffer.from('Hello\r\n');
    }
    all.grant({ ...both, pieces: stream, sizeBytes: 21 });
    const socket = await all.packages.accept();
    const isOver = once(socket, 'close');
    const results = resultsOf(await untilClosed(all));
    assert.equal(results.length, 2);
    assert.ok(results.every((each) => each.startsWith('tempfail: ') && each.includes('it is gone')));
    await isOver;
    assert.deepEqual(all.packages.taken, []);
  });

  test(`${protocol}: content that is shorter than before is never a whole message`, async (t) => {
    const all = await ground(t, protocol);
    let passes = 0;
    async function* stream(): AsyncIterable<Uint8Array> {
      passes++;
      yield Buffer.from('Subject: x\r\n\r\n');
      if (protocol === 'qmqp' && passes === 1) yield Buffer.from('Hello\r\n');
    }
    all.grant({ ...both, pieces: stream, sizeBytes: 21 });
    const results = resultsOf(await untilClosed(all));
    assert.match(results[0] ?? '', /^tempfail: .*has not the \d+ bytes that it had before$/u);
    assert.deepEqual(all.packages.taken, []);
  });

  test(`${protocol}: large content is refused in its middle, and the rest is not read`, async (t) => {
    const all = await ground(t, protocol);
    let isStopped = false;
    const piece = Buffer.alloc(65_536, 'x');
    async function* stream(): AsyncIterable<Uint8Array> {
      try {
        for (let at = 0; at < 1_600; at++) yield piece;
      } finally {
        isStopped = true;
      }
    }
    all.grant({ to: ['b@to.test'], pieces: stream, sizeBytes: 1_600 * piece.length });
    const socket = await all.packages.accept();
    await once(socket, 'data');
    socket.pause();
    isStopped = false;
    socket.write('14:D5.3.4 too big,');
    assert.deepEqual(resultsOf(await untilClosed(all)), ['permfail: 554 5.3.4 too big']);
    while (!isStopped) await turns(1);
    assert.deepEqual(all.packages.taken, []);
  });

  test(`${protocol}: a message that needs SMTPUTF8 goes back, as from a server without it; 8-bit content goes`, async (t) => {
    const all = await ground(t, protocol);
    all.grant({ to: ['b@to.test'], content: 'Subject: é\r\n\r\nx\r\n', envelope: { smtpUtf8: true } });
    await all.reports.next();
    assert.match(resultsOf([await all.reports.next()]).join(' '), /^permfail: .*5\.6\.7.*SMTPUTF8/u);
    all.grant(
      { to: ['ü@to.test', 'b@to.test'], content: 'Subject: x\r\n\r\né\r\n', envelope: { body: '8BITMIME' } },
      2,
    );
    let done = await all.reports.next();
    while (done.kind !== 'done') done = await all.reports.next();
    const [first, second] = resultsOf([done]);
    assert.match(first ?? '', /^permfail: .*5\.6\.7/u);
    assert.equal(second, 'delivered');
    assert.deepEqual(
      all.packages.taken.map(({ to }) => to),
      [['b@to.test']],
    );
  });

  const required: HopTlsPolicy = {
    level: 'required',
    from: 'configuration',
    policyDomain: 'mail.test',
    serverName: 'mail.test',
    names: [],
    fingerprints: [],
    tlsa: [],
    implicit: false,
    needsRequireTls: false,
    settings: '',
  };

  test(`${protocol}: where TLS is demanded, it is there from the first byte on`, async (t) => {
    const all = await ground(t, protocol, { isTls: true });
    all.grant(both, 1, { tls: required });
    assert.equal((await all.reports.next()).kind, 'ready');
    assert.deepEqual(resultsOf([await all.reports.next()]), ['delivered', 'delivered']);
    assert.deepEqual(
      all.reports.tls.map(({ kind }) => kind),
      ['secured'],
    );
  });

  test(`${protocol}: where the server is not the right one, nothing is sent`, async (t) => {
    const all = await ground(t, protocol, { isTls: true });
    all.grant(both, 1, { tls: { ...required, level: 'verified', names: ['mail.test'] } });
    const [closed, ...others] = await untilClosed(all);
    assert.ok(closed?.kind === 'closed' && closed.report.kind === 'failed');
    assert.match(closed.report.error, /TLS: /u);
    assert.deepEqual([others, all.packages.taken], [[], []]);
  });

  test(`${protocol}: mail with REQUIRETLS goes back`, async (t) => {
    const all = await ground(t, protocol, { isTls: true });
    all.grant(both, 1, { tls: { ...required, needsRequireTls: true } });
    await all.reports.next();
    assert.match(
      resultsOf([await all.reports.next()]).join(' '),
      /^permfail: .*5\.7\.30.*REQUIRETLS.* permfail/u,
    );
    assert.deepEqual(all.packages.taken, []);
  });
}

test('QMTP: several messages go over one connection; one that the server closed while it was idle is over', async (t) => {
  const all = await ground(t, 'qmtp');
  all.grant({ to: ['b@to.test'] });
  assert.equal((await all.reports.next()).kind, 'ready');
  const socket = await all.packages.accept();
  for (let more = 0; more < 3; more++) {
    const done = await all.reports.next();
    assert.ok(done.kind === 'done' && done.reusable);
    if (more < 2) all.sender.transact(1, all.spool.add({ to: [`${more}@to.test`] }));
  }
  socket.end();
  assert.deepEqual(await all.reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
  assert.equal(all.packages.connections, 1);
  assert.deepEqual(
    all.packages.taken.map(({ to }) => to),
    [['b@to.test'], ['0@to.test'], ['1@to.test']],
  );
});

test('QMTP: an answer that nobody asked for ends the connection, and takes nothing', async (t) => {
  const all = await ground(t, 'qmtp', { answer: () => '3:Kok,3:Kok,' });
  all.grant({ to: ['b@to.test'] });
  assert.deepEqual(resultsOf(await untilClosed(all)), ['delivered']);
});
