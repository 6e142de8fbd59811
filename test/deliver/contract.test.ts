// What every transport promises (src/deliver/transport.ts), tested for each: one result for each recipient, reports in their order,
// and nothing in hand that is forgotten.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { UserFinder } from '../../src/deliver/mailbox/user-lookups.ts';
import { discardHop, socketHop } from '../../src/route/next-hop.ts';
import type { NextHopAddress } from '../../src/route/types.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import { type Fixture, fixture } from './fixture.ts';
import { folderFor, hopOf, mailboxDefaults, pipeDefaults } from './ways/pipe-fixture.ts';
import { startMailboxServer } from './mailbox-server.ts';
import { startPackageServer } from './package-server.ts';

/** Starts what the transport delivers to; returns the hop, and the recipients of each message that arrived there. */
type Kind = (t: TestContext) => Promise<{
  readonly hop: NextHopAddress;
  readonly arrived: () => readonly (readonly string[])[] | undefined;
}>;

function bySocket(protocol: 'smtp' | 'lmtp', at: 'tcp' | 'unix'): Kind {
  return async (t) => {
    const server = await startMailboxServer(t, protocol, at);
    const hop = socketHop(protocol, server.endpoint, 'mail.test', 0);
    return { hop, arrived: () => server.deliveries.map(({ to }) => to) };
  };
}

function byQmtp(at: 'tcp' | 'unix'): Kind {
  return async (t) => {
    const server = await startPackageServer(t, 'qmtp', { at });
    const hop = socketHop('qmtp', server.endpoint, 'mail.test', 0);
    return { hop, arrived: () => server.taken.map(({ to }) => to) };
  };
}

const kinds: Readonly<Record<string, Kind>> = {
  'SMTP over TCP': bySocket('smtp', 'tcp'),
  'SMTP over a Unix-domain socket': bySocket('smtp', 'unix'),
  'LMTP over TCP': bySocket('lmtp', 'tcp'),
  'LMTP over a Unix-domain socket': bySocket('lmtp', 'unix'),
  'QMTP over TCP': byQmtp('tcp'),
  'QMTP over a Unix-domain socket': byQmtp('unix'),
  discard: () => Promise.resolve({ hop: discardHop, arrived: () => undefined }),
  pipe: () => Promise.resolve({ hop: hopOf(pipeDefaults), arrived: () => undefined }),
  'a mailbox': (t) => {
    const way = { ...mailboxDefaults, path: join(folderFor(t), '${user}') };
    return Promise.resolve({ hop: hopOf(way), arrived: () => undefined });
  },
  'an archive': (t) => {
    const place = { kind: 'maildir', folder: folderFor(t) } as const;
    return Promise.resolve({ hop: hopOf({ kind: 'archive', place }), arrived: () => undefined });
  },
};

const anyUser: UserFinder = {
  find: (address) => Promise.resolve({ kind: 'user', user: { address, aliases: [], senders: [] } }),
};

async function ground(t: TestContext, kind: Kind): Promise<Fixture & Awaited<ReturnType<Kind>>> {
  const [made, there] = [await fixture(t, new Map(), undefined, anyUser), await kind(t)];
  return { ...made, ...there };
}

const both = [
  { recipient: 0, result: 'delivered' },
  { recipient: 1, result: 'delivered' },
];

for (const [name, kind] of Object.entries(kinds)) {
  test(`${name}: a message is delivered, the connection is used again, and ends when it is told to`, async (t) => {
    const { sender, spool, reports, log, hop, arrived } = await ground(t, kind);
    const work = spool.add({ to: ['a@to.test', 'b@to.test'] });
    sender.connect({ connection: 1, site: 'site', hop, source: '', work });
    assert.deepEqual(await reports.next(), { kind: 'ready', connection: 1 });
    assert.deepEqual(await reports.next(), { kind: 'done', connection: 1, results: both, reusable: true });
    sender.transact(1, spool.add({ to: ['c@to.test', 'd@to.test'] }));
    assert.deepEqual(await reports.next(), { kind: 'done', connection: 1, results: both, reusable: true });
    sender.close(1);
    assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
    assert.equal(sender.connections, 0);
    assert.deepEqual(
      arrived() ?? [
        ['a@to.test', 'b@to.test'],
        ['c@to.test', 'd@to.test'],
      ],
      [
        ['a@to.test', 'b@to.test'],
        ['c@to.test', 'd@to.test'],
      ],
    );
    assert.deepEqual(
      log.map(({ event, to, host }) => ({ event, to, host })),
      ['a', 'b', 'c', 'd'].map((user) => ({ event: 'delivered', to: `${user}@to.test`, host: hop.host })),
    );
  });

  test(`${name}: recipients of a message that cannot be read are tried again, and the connection goes on`, async (t) => {
    const { sender, spool, reports, hop } = await ground(t, kind);
    const work = spool.add({ to: ['a@to.test', 'b@to.test'] });
    spool.read = () => Promise.reject(new SpoolError('SPOOL_MISSING', 'no such message'));
    sender.connect({ connection: 1, site: 'site', hop, source: '', work: { ...work, fresh: false } });
    assert.deepEqual(await reports.next(), { kind: 'ready', connection: 1 });
    const done = await reports.next();
    assert.ok(done.kind === 'done' && done.reusable);
    assert.deepEqual(
      done.results.map(({ recipient, result }) => [recipient, result]),
      [
        [0, 'tempfail'],
        [1, 'tempfail'],
      ],
    );
    sender.transact(1, spool.add({ to: ['c@to.test', 'd@to.test'] }));
    assert.deepEqual(await reports.next(), { kind: 'done', connection: 1, results: both, reusable: true });
  });

  test(`${name}: a message that is still being read when everything ends is given back`, async (t) => {
    const { sender, spool, reports, hop } = await ground(t, kind);
    const work = spool.add({ to: ['a@to.test', 'b@to.test'] });
    const isAsked = Promise.withResolvers<void>();
    spool.read = () => {
      isAsked.resolve();
      return new Promise(() => undefined);
    };
    sender.connect({ connection: 1, site: 'site', hop, source: '', work: { ...work, fresh: false } });
    await isAsked.promise;
    sender.abandon();
    assert.deepEqual(reports.all, [
      { kind: 'ready', connection: 1 },
      { kind: 'closed', connection: 1, report: { kind: 'unused' } },
    ]);
    assert.equal(sender.connections, 0);
  });

  test(`${name}: a disk that does not answer is given up, and the connection goes on`, async (t) => {
    const { sender, spool, reports, hop, advance, context } = await ground(t, kind);
    const work = spool.add({ to: ['a@to.test', 'b@to.test'] });
    const isAsked = Promise.withResolvers<void>();
    spool.read = () => {
      isAsked.resolve();
      return new Promise(() => undefined);
    };
    sender.connect({ connection: 1, site: 'site', hop, source: '', work: { ...work, fresh: false } });
    await isAsked.promise;
    advance(context.settings.timeouts.blockMs + 2_000);
    assert.deepEqual(await reports.next(), { kind: 'ready', connection: 1 });
    const done = await reports.next();
    assert.ok(done.kind === 'done' && done.reusable);
    assert.match(done.results[0]?.error ?? '', /the disk did not answer within 150 s/);
  });

  test(`${name}: a connection that is told to end before it began gives its work back`, async (t) => {
    const { sender, spool, reports, hop } = await ground(t, kind);
    sender.connect({ connection: 1, site: 'site', hop, source: '', work: spool.add({ to: ['a@to.test'] }) });
    sender.close(1);
    assert.deepEqual(reports.all, [{ kind: 'closed', connection: 1, report: { kind: 'unused' } }]);
    assert.equal(sender.connections, 0);
  });
}

for (const at of ['tcp', 'unix'] as const) {
  test(`LMTP (${at}): each recipient has the result that the server told about it`, async (t) => {
    const { sender, spool, reports, hop, arrived } = await ground(t, bySocket('lmtp', at));
    const work = spool.add({ to: ['a@to.test', 'unknown@to.test', 'full@to.test', 'd@to.test'] });
    sender.connect({ connection: 1, site: 'site', hop, source: '', work });
    assert.deepEqual(await reports.next(), { kind: 'ready', connection: 1 });
    const done = await reports.next();
    assert.ok(done.kind === 'done' && done.reusable);
    assert.deepEqual(
      done.results.map(({ recipient, result, error }) => [recipient, result, error ?? '']),
      [
        [0, 'delivered', ''],
        [1, 'permfail', '550 5.1.1 no such mailbox (in reply to RCPT)'],
        [2, 'permfail', '552 5.2.2 full (in reply to content)'],
        [3, 'delivered', ''],
      ],
    );
    assert.deepEqual(arrived(), [['a@to.test', 'd@to.test']]);
  });
}

for (const protocol of ['smtp', 'lmtp'] as const) {
  test(`${protocol}: success that the server does not report itself is told, and whether it is the last one`, async (t) => {
    const { sender, spool, reports, hop } = await ground(t, bySocket(protocol, 'tcp'));
    const notify = { never: false, success: true, failure: true, delay: false };
    const work = spool.add({ to: [{ address: 'a@to.test', notify }, 'd@to.test'] });
    sender.connect({ connection: 1, site: 'site', hop, source: '', work });
    assert.deepEqual(await reports.next(), { kind: 'ready', connection: 1 });
    const done = await reports.next();
    assert.ok(done.kind === 'done');
    const isFinal = protocol === 'lmtp' ? { isFinal: true } : undefined;
    assert.deepEqual(done.results, [
      { recipient: 0, result: 'delivered', relayedTo: hop.host, ...isFinal },
      { recipient: 1, result: 'delivered' },
    ]);
  });
}
