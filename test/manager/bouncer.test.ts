// A report is stored before its failure counts as told: it is tried again until it can be, and what a stop cuts short is said to
// be untold. A message that cannot be returned in one piece is told about in several.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTimers } from '../../sim/virtual-timers.ts';
import type { BounceSettings } from '../../src/bounce/bounce-settings.ts';
import { english } from '../../src/bounce/texts/english.ts';
import { german } from '../../src/bounce/texts/german.ts';
import { Bouncer } from '../../src/manager/bouncer.ts';
import type { ReportedRecipient } from '../../src/manager/reported-recipient.ts';
import type { Envelope, EnvelopeRecipient } from '../../src/message/envelope.ts';
import type { Submitted } from '../../src/channel/messages.ts';
import type { NewMessage, SpoolWriter } from '../../src/spool/types.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import { SigningError } from '../../src/signing/signing-error.ts';
import { EventCounters } from '../../src/log/event-counters.ts';
import { Events, logListener } from '../../src/log/events.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { MemoryReader } from '../deliver/memory-reader.ts';
import { type KeptLog, keptLog } from '../process/quiet-log.ts';
import { ours, said } from '../refusals.ts';

interface Bench {
  readonly bouncer: Bouncer;
  readonly stored: NewMessage[];
  readonly submitted: Submitted[];
  readonly log: KeptLog;
  readonly counted: EventCounters;
  readonly spool: MemoryReader;
  readonly troubles: Troubles;
  readonly timers: VirtualTimers;
  /** In force. */
  settings: BounceSettings;
  /** Delimiters, by the number of the recipient. */
  verp: readonly (string | undefined)[] | undefined;
  /** Errors to come, of the disk or as `error` says. */
  failures: number;
  error: Error;
  hasRoom: boolean;
  /** Resolves at the next attempt to store something. */
  attempt(): Promise<void>;
  report(to: readonly EnvelopeRecipient[], reply?: string, envelope?: Partial<Envelope>): ReportOutcome;
  /** The same, for one who asks again about the same message. */
  asker(to: readonly EnvelopeRecipient[]): () => ReportOutcome;
}

type ReportOutcome = Promise<boolean | 'later'>;

function bench(): Bench {
  const timers = new VirtualTimers();
  const stored: NewMessage[] = [];
  const submitted: Submitted[] = [];
  const log = keptLog();
  const counted = new EventCounters();
  const spool = new MemoryReader();
  const troubles = new Troubles();
  let tried: () => void = () => undefined;
  let count = 0;
  const writer: SpoolWriter = {
    newQueueId: () => `R${count++}`,
    append: async (message) => {
      tried();
      if (made.failures-- > 0) throw made.error;
      stored.push(message);
      return { ref: { store: 0, place: [9, stored.length, 1] }, sizeBytes: 1 };
    },
    openLarge: () => Promise.reject(new Error('reports are appended')),
    hasRoom: () => made.hasRoom,
    failure: undefined,
    close: () => Promise.resolve(),
  };
  const bouncer = new Bouncer({
    timers,
    dateMs: timers.nowMs,
    settings: () => made.settings,
    verpOf: (_, recipient) => Promise.resolve(made.verp?.[recipient]),
    reader: spool,
    stores: { of: () => ({ writer, queue: undefined }), roomiest: () => writer },
    log,
    happenings: new Events([logListener(log), counted]),
    submit: (message) => void submitted.push(message),
    troubles,
  });
  const made: Bench = {
    bouncer,
    stored,
    submitted,
    log,
    counted,
    spool,
    troubles,
    timers,
    verp: undefined,
    settings: {
      hostname: 'mx.test',
      from: 'MAILER-DAEMON@mx.test',
      postmaster: undefined,
      maxOriginalBytes: 1000,
      warnAfterMs: [],
      texts: { textsFor: () => english },
      tenant: undefined,
      route: undefined,
    },
    failures: 0,
    error: new SpoolError('SPOOL_FULL', 'the disk is full'),
    hasRoom: true,
    attempt: () =>
      new Promise((resolve) => {
        tried = resolve;
      }),
    report: (to, reply = '550 5.1.1 no', envelope = {}) => asker(to, reply, envelope)(),
    asker: (to) => asker(to, '550 5.1.1 no', {}),
  };
  const asker = (to: readonly EnvelopeRecipient[], reply: string, envelope: Partial<Envelope>) => {
    const { queueId, ref } = spool.add({ to, envelope });
    const failed: ReportedRecipient[] = to.map((_, recipient) => ({
      recipient,
      action: 'failed',
      refusal: said(reply, 'RCPT', {
        host: 'far.test',
        endpoint: { kind: 'tcp', ip: '192.0.2.1', port: 25 },
      }),
      expired: false,
    }));
    return () => bouncer.report(queueId, ref, failed);
  };
  return made;
}

async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test('a report that a full disk does not take is tried again until it does', async () => {
  const all = bench();
  all.failures = 2;
  const report = all.report([{ address: 'b@to.test' }]);
  await all.timers.pass(1_999);
  assert.equal(all.stored.length, 0);
  await all.timers.pass(1);
  assert.equal(await report, true);
  assert.equal(all.stored.length, 1);
  assert.equal(all.submitted.length, 1);
  // Said once, for all that fail until one is stored.
  assert.equal(all.log.lines.length, 1);
});

test('a report that cannot be signed is put off, and is told of once, however often it is asked for', async () => {
  const all = bench();
  all.failures = 2;
  all.error = new SigningError('the key in /etc/k cannot be used: it does not exist');
  const ask = all.asker([{ address: 'b@to.test' }]);
  assert.equal(await ask(), 'later');
  assert.equal(await ask(), 'later');
  assert.equal(all.troubles.list.length, 1);
  assert.equal(await ask(), true);
  assert.equal(all.stored.length, 1);
  assert.equal(all.counted.counts.bounced, 1);
  assert.deepEqual(all.troubles.list, []);
});

test('a stop does not wait for the disk, and the failure counts as not reported', async () => {
  const all = bench();
  all.failures = Infinity;
  const report = all.report([{ address: 'b@to.test' }]);
  await all.attempt();
  await turn();
  all.bouncer.stop();
  assert.equal(await report, false);
  assert.equal(await all.report([{ address: 'c@to.test' }]), false);
  assert.deepEqual(all.stored, []);
});

test('a stop does not keep a report from being stored where it can be', async () => {
  const all = bench();
  all.bouncer.stop();
  assert.equal(await all.report([{ address: 'b@to.test' }]), true);
  assert.equal(all.stored.length, 1);
});

test('a failure that is to be reported to nobody is settled at once, without a report', async () => {
  const all = bench();
  const notify = { never: true, success: false, failure: false, delay: false };
  assert.equal(await all.report([{ address: 'b@to.test', notify }]), true);
  assert.deepEqual(all.stored, []);
});

test('more recipients than fit into one report are told about in several, each once', async () => {
  const all = bench();
  const to = Array.from({ length: 5_000 }, (_, at) => ({ address: `u${at}@to.test` }));
  assert.equal(await all.report(to, `550 5.1.1 ${'no '.repeat(300)}`), true);
  assert.equal(all.stored.length, 2);
  const text = all.stored.map(({ content }) => Buffer.concat(content).toString()).join('');
  const told = [...text.matchAll(/^Final-Recipient: rfc822; (.*)\r$/gmu)];
  assert.deepEqual(
    told.map(([, address]) => address),
    to.map(({ address }) => address),
  );
});

test('reports that cannot be stored are a trouble, until the last of them is', async () => {
  const all = bench();
  const keys = (): string[] => all.troubles.list.map(({ key }) => key);
  all.failures = 2;
  const first = all.report([{ address: 'b@to.test' }]);
  const second = all.report([{ address: 'c@to.test' }]);
  while (all.failures > 0) await turn();
  await turn();
  assert.deepEqual(keys(), ['report']);
  await all.timers.pass(1_000);
  await Promise.all([first, second]);
  assert.deepEqual(keys(), []);
});

test('an operator hears at once that a report cannot be stored; it is not tried again', async () => {
  const all = bench();
  all.failures = 1;
  const { queueId, ref } = all.spool.add({ to: [{ address: 'b@to.test' }] });
  const failed: ReportedRecipient[] = [
    { recipient: 0, action: 'failed', refusal: ours('given up'), expired: false },
  ];
  await assert.rejects(all.bouncer.reportNow(queueId, ref, failed), { code: 'SPOOL_FULL' });
  assert.deepEqual([all.stored, all.log.lines, all.troubles.list], [[], [], []]);
  assert.deepEqual(all.counted.counts, {}, 'nothing has bounced yet');
  await all.bouncer.reportNow(queueId, ref, failed);
  assert.deepEqual(all.counted.counts, { bounced: failed.length, received: 1 });
  assert.equal(all.stored.length, 1);
});

test('reports wait for room without being tried, and are stored within a second of it', async () => {
  const all = bench();
  all.hasRoom = false;
  const report = all.report([{ address: 'b@to.test' }]);
  await all.timers.pass(3_600_000);
  assert.equal(all.spool.reads, 0, 'nothing is held in memory meanwhile');
  assert.deepEqual(
    all.troubles.list.map(({ key }) => key),
    ['report'],
  );
  all.hasRoom = true;
  await all.timers.pass(1_000);
  assert.equal(await report, true);
  assert.deepEqual([all.stored.length, all.troubles.list], [1, []]);
});

test('a message that the system cannot read now is read again every second', async () => {
  const all = bench();
  all.spool.failure = new SpoolError('SPOOL_UNREADABLE', 'no open file is left');
  const report = all.report([{ address: 'b@to.test' }]);
  await all.timers.pass(5_000);
  assert.deepEqual([all.spool.reads, all.stored.length], [6, 0]);
  all.spool.failure = undefined;
  await all.timers.pass(1_000);
  assert.equal(await report, true);
  assert.equal(all.stored.length, 1);
});

test('a stop ends the wait for room, and the failure counts as not reported', async () => {
  const all = bench();
  all.hasRoom = false;
  const report = all.report([{ address: 'b@to.test' }]);
  await turn();
  all.bouncer.stop();
  assert.equal(await report, false);
});

test('a report is written by the settings that are in force when it is', async () => {
  const all = bench();
  all.failures = 1;
  const report = all.report([{ address: 'b@to.test' }]);
  await all.attempt();
  all.settings = { ...all.settings, hostname: 'new.test', from: 'postmaster@new.test' };
  await all.timers.pass(1_000);
  assert.equal(await report, true);
  const text = Buffer.concat(all.stored[0]?.content ?? []).toString();
  assert.match(text, /^From: .*postmaster@new\.test/mu);
});

test('a report about a message that demands TLS on its whole way returns no body (RFC 8689 5)', async () => {
  const all = bench();
  const to = [{ address: 'b@to.test' }];
  for (const envelope of [{}, { tlsDemand: 'requiretls' }, { tlsDemand: 'tls-required-no' }] as const) {
    assert.equal(await all.report(to, undefined, envelope), true);
  }
  const returnsBody = all.stored.map(({ content }) => Buffer.concat(content).toString().includes('Hello'));
  assert.deepEqual(returnsBody, [true, false, true]);
});

test('reports have the tenant and the route of the configuration, and the language of the tenant of their message', async () => {
  const at = bench();
  const textsFor = (tenant: string) => (tenant === 'shop' ? german : english);
  at.settings = { ...at.settings, texts: { textsFor }, tenant: 'reports', route: 'out' };
  assert.equal(await at.report([{ address: 'b@to.test' }], '550 no', { tenant: 'shop' }), true);
  const { envelope, content } = at.stored[0]!;
  assert.deepEqual([envelope.tenant, envelope.recipients[0]?.route], ['reports', 'out']);
  const { tenant, routes } = at.submitted[0]!;
  assert.deepEqual([tenant, routes], ['reports', ['out']]);
  const text = Buffer.concat(content).toString();
  assert.match(text, /^Content-Language: de\r$/mu);
  assert.match(text, /^Subject: Ihre Nachricht konnte nicht zugestellt werden\r$/mu);
});

test('a recipient with a sender of its own has a report of its own, to that sender', async () => {
  const made = bench();
  made.verp = ['+=', undefined, '-='];
  const to = ['x@b.test', 'y@b.test', '"z z"@b.test'].map((address) => ({ address }));
  assert.equal(await made.report(to), true);
  assert.deepEqual(
    made.stored.map(({ envelope }) => envelope.recipients.map(({ address }) => address)),
    [['a+x=b.test@from.test'], ['a@from.test'], ['"a-z z=b.test"@from.test']],
  );
  const texts = made.stored.map(({ content }) => Buffer.concat(content).toString());
  assert.deepEqual(
    texts.map((text) => [...text.matchAll(/^Final-Recipient: (.*)\r$/gmu)].map(([, address]) => address)),
    [['rfc822; x@b.test'], ['rfc822; y@b.test'], ['rfc822; "z z"@b.test']],
  );
});
