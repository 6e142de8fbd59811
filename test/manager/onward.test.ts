// Mail that goes on after a delivery: it is stored before the manager hears of the delivery, with the envelope that RFC 3461 5.2.7 asks for, and what
// senders say is checked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SenderToManager, Submitted } from '../../src/channel/messages.ts';
import { checkedOnward } from '../../src/channel/onward-messages.ts';
import { onwardReport } from '../../src/deliver/onward-report.ts';
import type { AttemptResult } from '../../src/deliver/types.ts';
import { OnwardDesk } from '../../src/manager/onward/onward-desk.ts';
import type { EnvelopeRecipient } from '../../src/message/envelope.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import type { NewMessage, SpoolWriter, StoredRef } from '../../src/spool/types.ts';
import type { Onward, OnwardMail } from '../../src/values/onward-mail.ts';
import { MemoryReader } from '../deliver/memory-reader.ts';

const forward: OnwardMail = {
  reason: 'forward',
  reversePath: 'a@from.test',
  recipients: ['b@to.test'],
  fields: 'Delivered-To: joe@box.test\r\n',
};
const answer: OnwardMail = {
  reason: 'autoreply',
  reversePath: '',
  recipients: ['a@from.test'],
  fields: '',
  content: 'Subject: away\r\n\r\nAway.\r\n',
};

function ground() {
  const reader = new MemoryReader();
  const refs = new Map<string, StoredRef>();
  const stored: NewMessage[] = [];
  const submitted: Submitted[] = [];
  const passed: (SenderToManager | { readonly kind: 'lost'; readonly connection: number })[] = [];
  const state = { failure: undefined as SpoolError | undefined, gate: Promise.resolve(), queueId: '' };
  const writer: Pick<SpoolWriter, 'newQueueId' | 'append'> = {
    newQueueId: () => `N${stored.length}`,
    append: async (message) => {
      await state.gate;
      if (state.failure !== undefined) throw state.failure;
      stored.push(message);
      return { ref: { store: 0, place: [9] }, sizeBytes: 99 };
    },
  };
  const desk = new OnwardDesk({
    reader,
    store: { locate: (queueId) => refs.get(queueId) },
    writerOf: () => writer as SpoolWriter,
    dateMs: () => 5_000,
    mostHops: () => 6,
    happenings: { happened: () => undefined },
    submit: (message) => void submitted.push(message),
    sign: () => Promise.resolve(Buffer.from('DKIM-Signature: x\r\n')),
    messageOn: () => state.queueId,
    report: (batch) => void passed.push(...batch),
    lost: (connection) => void passed.push({ kind: 'lost', connection }),
  });
  const add = (to: readonly (string | EnvelopeRecipient)[], content?: string): void => {
    const { queueId, ref } = reader.add({ to, ...(content !== undefined && { content }) });
    refs.set(queueId, ref);
    state.queueId = queueId;
  };
  const settle = async (onward: Onward): Promise<AttemptResult> => {
    desk.take([doneWith(onward)]);
    await desk.idle();
    const report = passed.at(-1);
    const [result] = report?.kind === 'done' ? report.results : [];
    return result ?? assert.fail();
  };
  return { desk, reader, stored, submitted, passed, state, add, settle };
}

function doneWith(onward?: Onward, connection = 3): SenderToManager {
  const result = { recipient: 0, result: 'delivered', ...(onward !== undefined && { onward }) } as const;
  return { kind: 'done', connection, results: [result], reusable: true };
}

const everything = { never: false, success: true, failure: true, delay: false };

test('nothing counts before it is stored, and reports of the connection keep their order', async () => {
  const { desk, stored, submitted, passed, state, add } = ground();
  add(['joe@box.test']);
  const gate = Promise.withResolvers<void>();
  state.gate = gate.promise;
  desk.take([
    doneWith({ mails: [forward], hasCopy: false }),
    doneWith(undefined, 4),
    { kind: 'closed', connection: 3, report: { kind: 'closed' } },
  ]);
  desk.lost(3);
  desk.lost(5);
  await new Promise(setImmediate);
  assert.deepEqual(
    passed.map((each) => [each.kind, 'connection' in each ? each.connection : 0]),
    [
      ['done', 4],
      ['lost', 5],
    ],
  );
  gate.resolve();
  await desk.idle();
  assert.equal(stored.length, 1);
  assert.deepEqual(submitted[0]?.recipients, ['b@to.test']);
  assert.deepEqual(
    passed.slice(2).map(({ kind }) => kind),
    ['done', 'closed', 'lost'],
  );
  const done = passed[2];
  assert.ok(done?.kind === 'done');
  assert.deepEqual(done.results, [{ recipient: 0, result: 'delivered' }]);
});

test('two deliveries of one connection are stored one after the other', async () => {
  const { desk, stored, passed, add } = ground();
  add(['joe@box.test']);
  const onward = { mails: [forward], hasCopy: false };
  desk.take([doneWith(onward), doneWith(onward), doneWith()]);
  await desk.idle();
  assert.equal(stored.length, 2);
  assert.deepEqual(
    passed.map(({ kind }) => kind),
    ['done', 'done', 'done'],
  );
});

test('a forward has the content and the sender of the message, and its request for reports', async () => {
  const { stored, add, settle } = ground();
  add([{ address: 'joe@box.test', notify: everything }]);
  await settle({ mails: [forward], hasCopy: false });
  const [message] = stored;
  assert.equal(Buffer.from(message?.prefix ?? []).toString(), forward.fields);
  assert.equal(Buffer.concat(message?.content ?? []).toString(), 'Subject: x\r\n\r\nHello\r\n');
  assert.equal(message?.envelope.reversePath, 'a@from.test');
  assert.deepEqual(message?.envelope.recipients, [
    { address: 'b@to.test', notify: everything, originalRecipient: 'rfc822;joe@box.test' },
  ]);
});

test('with a copy here, or with several recipients, success is not reported again', async () => {
  for (const onward of [
    { mails: [forward], hasCopy: true },
    { mails: [{ ...forward, recipients: ['b@to.test', 'c@to.test'] }], hasCopy: false },
    { mails: [forward, { ...forward, recipients: ['c@to.test'] }], hasCopy: false },
  ]) {
    const { stored, add, settle } = ground();
    add([{ address: 'joe@box.test', notify: everything }]);
    await settle(onward);
    for (const { envelope } of stored)
      for (const { notify } of envelope.recipients)
        assert.deepEqual(notify, { never: false, success: false, failure: true, delay: false });
  }
});

test('a list has a sender of its own, who has asked for nothing', async () => {
  const { stored, add, settle } = ground();
  add([{ address: 'staff@box.test', notify: everything }]);
  const list: OnwardMail = { ...forward, reversePath: 'owner-staff@box.test', verp: '+=', isExpanded: true };
  await settle({ mails: [list], hasCopy: false });
  const { queueId: _id, origin: _origin, ...envelope } = stored[0]?.envelope ?? assert.fail();
  assert.deepEqual(envelope, {
    receivedAtMs: 5_000,
    reversePath: 'owner-staff@box.test',
    recipients: [{ address: 'b@to.test' }],
    body: '7BIT',
    smtpUtf8: false,
    verp: '+=',
    isExpanded: true,
  });
});

test('an answer is a signed message of its own, of which nobody hears again', async () => {
  const { stored, add, settle } = ground();
  add(['joe@box.test']);
  await settle({ mails: [answer], hasCopy: true });
  const [message] = stored;
  assert.equal(Buffer.from(message?.prefix ?? []).toString(), 'DKIM-Signature: x\r\n');
  assert.equal(Buffer.concat(message?.content ?? []).toString(), answer.content);
  assert.equal(message?.envelope.reversePath, '');
  assert.equal(message?.envelope.recipients[0]?.notify?.never, true);
});

test('when the spool is full, a forward waits, and an answer is left out', async () => {
  const { stored, submitted, state, add, settle } = ground();
  add(['joe@box.test']);
  state.failure = new SpoolError('SPOOL_FULL', 'the disk is full');
  const waiting = await settle({ mails: [forward], hasCopy: true });
  assert.ok(waiting.result === 'refused' && !waiting.refusal.permanent);
  assert.equal(waiting.refusal.enhanced, '4.3.0');
  assert.match(waiting.refusal.lines.join(' '), /the disk is full/u);
  const delivered = await settle({ mails: [answer], hasCopy: true });
  assert.equal(delivered.result, 'delivered');
  assert.deepEqual([stored, submitted], [[], []]);
});

test('mail that has passed too many places goes back, or stays where it was delivered', async () => {
  const content = `${'Received: by x.test\r\n'.repeat(6)}Subject: x\r\n\r\n`;
  for (const hasCopy of [false, true]) {
    const { stored, add, settle } = ground();
    add(['joe@box.test'], content);
    const result = await settle({ mails: [forward], hasCopy });
    if (hasCopy) assert.equal(result.result, 'delivered');
    else assert.ok(result.result === 'refused' && result.refusal.enhanced === '5.4.6');
    assert.deepEqual(stored, []);
  }
});

test('what a sender says is believed only within bounds', async () => {
  const wrong: readonly [unknown, RegExp][] = [
    [{ mails: [], hasCopy: false }, /mails/u],
    [{ mails: [{ ...forward, recipients: [] }], hasCopy: false }, /recipients/u],
    [{ mails: [{ ...forward, recipients: ['a@b.test\r\nX: y'] }], hasCopy: false }, /recipients/u],
    [{ mails: [{ ...forward, fields: 'Delivered-To: x\r\n\r\nbody' }], hasCopy: false }, /fields/u],
    [{ mails: [{ ...forward, reversePath: 'a>b' }], hasCopy: false }, /reversePath/u],
    [{ mails: [{ ...answer, content: 'x'.repeat(65_537) }], hasCopy: false }, /content/u],
    [
      {
        mails: Array.from({ length: 2 }, () => ({ ...forward, recipients: Array(601).fill('a@b.test') })),
        hasCopy: false,
      },
      /1202 recipients/u,
    ],
    [undefined, /./u],
  ];
  for (const [value, why] of wrong) {
    const checked = checkedOnward(value);
    assert.ok(typeof checked === 'string');
    assert.match(checked, why);
  }
  const { add, settle, stored } = ground();
  add(['joe@box.test']);
  const result = await settle({ mails: [], hasCopy: false });
  assert.ok(result.result === 'refused' && !result.refusal.permanent);
  assert.deepEqual(stored, []);
});

test('who has asked for a report of success hears what became of the mail', () => {
  const delivered = { relayedTo: 'box.test', isFinal: true } as const;
  const { reversePath } = forward;
  const report = (mails: readonly OnwardMail[], hasCopy = false) =>
    onwardReport({ mails, hasCopy }, delivered, { reversePath });
  assert.equal(report([forward]), undefined);
  assert.deepEqual(report([forward], true), delivered);
  assert.deepEqual(report([{ ...forward, recipients: ['b@to.test', 'c@to.test'] }]), {
    relayedTo: 'box.test',
    isExpanded: true,
  });
  assert.deepEqual(report([{ ...forward, reversePath: 'owner-x@box.test' }]), delivered);
  assert.deepEqual(report([answer], true), delivered);
});
