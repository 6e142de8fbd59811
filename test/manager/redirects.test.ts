// Redirections: what becomes of the envelope, that nothing counts before it is stored, and that mail never goes round.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SenderToManager, Submitted } from '../../src/channel/messages.ts';
import { redirectedEnvelope } from '../../src/manager/redirects/redirected-envelope.ts';
import { Redirects } from '../../src/manager/redirects/redirects.ts';
import type { SenderPort } from '../../src/manager/ports.ts';
import type { EnvelopeRecipient } from '../../src/message/envelope.ts';
import { planOfWay } from '../../src/route/local-ways.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import type { NewMessage, SpoolWriter } from '../../src/spool/types.ts';
import { MemoryReader } from '../deliver/memory-reader.ts';

const others: SenderPort = {
  connect: () => assert.fail('not its own'),
  transact: () => assert.fail('not its own'),
  close: () => assert.fail('not its own'),
  closed: () => assert.fail('not its own'),
};

function ground(to: readonly string[]) {
  const way = { kind: 'redirect', to } as const;
  const { plan } = planOfWay({ name: 'away', target: way }, way);
  const [hop] = plan.kind === 'relay' ? plan.addresses : [];
  assert.ok(hop);
  const reader = new MemoryReader();
  const stored: NewMessage[] = [];
  const submitted: Submitted[] = [];
  const reports: SenderToManager[] = [];
  const state = { failure: undefined as SpoolError | undefined };
  const writer: Pick<SpoolWriter, 'newQueueId' | 'append' | 'openLarge'> = {
    newQueueId: () => `N${stored.length}`,
    append: (message) => {
      if (state.failure !== undefined) return Promise.reject(state.failure);
      stored.push(message);
      return Promise.resolve({ ref: { store: 0, place: [9] }, sizeBytes: 99 });
    },
    openLarge: (queueId) => {
      const pieces: Uint8Array[] = [];
      return Promise.resolve({
        sizeBytes: 0,
        write: (piece: Uint8Array) => Promise.resolve(void pieces.push(piece)),
        commit: (envelope, prefix) => {
          assert.equal(envelope.queueId, queueId);
          stored.push({ envelope, prefix, content: pieces });
          return Promise.resolve({ ref: { store: 0, place: [9] }, sizeBytes: 99 });
        },
        read: () => assert.fail('not read'),
        abort: () => Promise.resolve(),
      });
    },
  };
  // The store of another queue.
  const other = { ...writer, newQueueId: () => `O${stored.length}` } as SpoolWriter;
  const { promise: done, resolve } = Promise.withResolvers<SenderToManager>();
  const redirects = new Redirects({
    senders: others,
    reader,
    writerFor: (address) => {
      if (address.endsWith('@unknown.test')) return Promise.reject(new Error('the table is away'));
      return Promise.resolve(address.endsWith('@own.test') ? other : (writer as SpoolWriter));
    },
    dateMs: () => 5_000,
    mostHops: () => 6,
    happenings: { happened: () => undefined },
    submit: (message) => void submitted.push(message),
    report: (batch) => {
      reports.push(...batch);
      for (const report of batch) if (report.kind === 'done') resolve(report);
    },
  });
  const redirect = async (recipients: readonly (string | EnvelopeRecipient)[], content?: string) => {
    const work = reader.add({ to: recipients, ...(content !== undefined && { content }) });
    redirects.connect({ connection: 3, site: plan.kind === 'relay' ? plan.site : '', hop, source: '', work });
    const report = await done;
    return report.kind === 'done' ? report.results : assert.fail();
  };
  return { redirect, redirects, reader, stored, submitted, reports, state, hop };
}

const everything = { never: false, success: true, failure: true, delay: false };

test('the mail goes to others, from the same sender and with the same content behind one field', async () => {
  const { redirect, redirects, stored, submitted, reports } = ground(['b@to.test', 'c@to.test']);
  const results = await redirect(['a@from.test', 'other@x.test'].slice(0, 1));
  assert.deepEqual(results, [{ recipient: 0, result: 'delivered' }]);
  const [message] = stored;
  assert.equal(Buffer.from(message?.prefix ?? []).toString(), 'Delivered-To: a@from.test\r\n');
  assert.equal(Buffer.concat(message?.content ?? []).toString(), 'Subject: x\r\n\r\nHello\r\n');
  assert.equal(message?.envelope.reversePath, 'a@from.test');
  assert.deepEqual(submitted[0]?.recipients, ['b@to.test', 'c@to.test']);
  redirects.close(3);
  await redirects.idle();
  await Promise.resolve();
  redirects.closed(3);
  assert.deepEqual(
    reports.map(({ kind }) => kind),
    ['ready', 'done', 'closed'],
  );
});

test('mail that comes by a second time goes back, and nothing is stored', async () => {
  const { redirect, stored } = ground(['b@to.test']);
  const [result] = await redirect(['a@to.test'], 'Delivered-To: A@to.test\r\nSubject: x\r\n\r\n');
  assert.ok(result?.result === 'refused' && result.refusal.permanent);
  assert.equal(result.refusal.enhanced, '5.4.6');
  assert.deepEqual(stored, []);
});

test('mail that has passed too many places goes back, though it has not come by here', async () => {
  const { redirect, stored } = ground(['b@to.test']);
  const fields = 'Received: by x.test\r\nDelivered-To: other@to.test\r\n'.repeat(3);
  const [result] = await redirect(['a@to.test'], `${fields}Subject: x\r\n\r\n`);
  assert.ok(result?.result === 'refused' && result.refusal.permanent);
  assert.match(result.refusal.lines.join(' '), /has passed 6 places/u);
  assert.deepEqual(stored, []);
});

test('mail that cannot be stored waits', async () => {
  const { redirect, submitted, state } = ground(['b@to.test']);
  state.failure = new SpoolError('SPOOL_FULL', 'the disk is full');
  const [result] = await redirect(['a@to.test']);
  assert.ok(result?.result === 'refused' && !result.refusal.permanent);
  assert.deepEqual(submitted, []);
});

test('each new recipient is stored where the record of its domain says, and none while one cannot be told', async () => {
  const { redirect, stored, submitted } = ground(['b@to.test', 'c@own.test', 'd@to.test']);
  assert.deepEqual(await redirect(['a@from.test']), [{ recipient: 0, result: 'delivered' }]);
  assert.deepEqual(
    submitted.map(({ queueId, recipients }) => [queueId, recipients]),
    [
      ['N0', ['b@to.test', 'd@to.test']],
      ['O1', ['c@own.test']],
    ],
  );
  assert.equal(stored.length, 2);
  const away = ground(['b@to.test', 'c@unknown.test']);
  const [result] = await away.redirect(['a@from.test']);
  assert.ok(result?.result === 'refused' && !result.refusal.permanent);
  assert.deepEqual(away.stored, []);
});

test('who is told of success hears of an expansion, and else nothing of the redirection', async () => {
  const several = await ground(['b@to.test', 'c@to.test']).redirect([
    { address: 'a@to.test', notify: everything },
  ]);
  assert.deepEqual(several, [
    { recipient: 0, result: 'delivered', relayedTo: 'redirect:away', isExpanded: true },
  ]);
  const one = await ground(['b@to.test']).redirect([{ address: 'a@to.test', notify: everything }]);
  assert.deepEqual(one, [{ recipient: 0, result: 'delivered' }]);
});

test('the new recipients have what the sender asked for, and the address that it wrote', () => {
  const envelope = {
    queueId: 'Q',
    receivedAtMs: 1,
    reversePath: 'a@from.test',
    recipients: [
      { address: 'x@to.test', notify: everything, route: 'away' },
      { address: 'y@to.test', originalRecipient: 'rfc822;first@to.test', isCopy: true as const },
      { address: 'z@to.test', notify: { ...everything, failure: false } },
    ],
    body: '8BITMIME' as const,
    smtpUtf8: false,
    ret: 'HDRS' as const,
    envelopeId: 'E1',
    tenant: 't',
    quarantine: 'it was held',
    origin: { via: 'smtp' as const, clientAddress: '127.0.0.1', helo: 'c.test' },
  };
  const one = redirectedEnvelope(envelope, 0, ['n@to.test']);
  assert.deepEqual(one.recipients, [
    { address: 'n@to.test', notify: everything, originalRecipient: 'rfc822;x@to.test' },
  ]);
  assert.deepEqual([one.ret, one.envelopeId, one.tenant, one.quarantine], ['HDRS', 'E1', 't', undefined]);
  const copy = redirectedEnvelope(envelope, 1, ['n@to.test']);
  assert.deepEqual(copy.recipients, [
    { address: 'n@to.test', originalRecipient: 'rfc822;first@to.test', isCopy: true },
  ]);
  const expanded = redirectedEnvelope(envelope, 2, ['n@to.test', 'm@to.test']);
  assert.deepEqual(
    expanded.recipients.map(({ notify }) => notify),
    [0, 1].map(() => ({ never: true, success: false, failure: false, delay: false })),
  );
});
