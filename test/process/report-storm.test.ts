// N messages cause at most N reports, and each report at most one notice to a postmaster; then no more mail is created,
// whatever relays do with each other's mail (RFC 5321 4.5.5, 6.1, 6.3).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { NewMessage } from '../../src/spool/types.ts';
import { RelayNetwork, type RelayOptions, type Way } from './relay-network.ts';

const domains = ['a.test', 'b.test', 'c.test', 'corp.test'];
const maxReceived = 10;
const ourHeader =
  'From: Mail Delivery System <MAILER-DAEMON@relay.test>\r\nAuto-Submitted: auto-replied\r\nX-Sluice-Queue-ID: Q0\r\n';

function mail(from: string, to: string, notifySuccess = false): NewMessage {
  const notify = { never: false, success: true, failure: true, delay: false };
  return {
    envelope: {
      queueId: '',
      receivedAtMs: 0,
      reversePath: from,
      recipients: [notifySuccess ? { address: to, notify } : { address: to }],
      body: '7BIT',
      smtpUtf8: false,
      origin: { via: 'smtp', clientAddress: '192.0.2.9', helo: 'client.test' },
    },
    content: [Buffer.from(`${ourHeader}Subject: x\r\n\r\nhello\r\n`)],
  };
}

const to = (relay: number): Way => ({ kind: 'relay', to: relay, dsn: true });
const refuse: Way = { kind: 'refuse' };

test('two relays whose postmasters have their mailboxes at each other answer nothing to the empty sender', async () => {
  const network = new RelayNetwork([
    { postmaster: 'pm@b.test', ways: { 'b.test': to(1) }, maxReceived },
    { postmaster: 'pm@a.test', ways: { 'a.test': to(0) }, maxReceived },
  ]);
  network.handIn(0, mail('', 'nobody@x.test'), 0);
  assert.equal(await network.run(100), 1);
  assert.deepEqual(network.reports, []);
  assert.equal(network.dropped, 1);
});

test('two relays that name each other as smarthost end with the message and its report', async () => {
  const all = (other: number): Record<string, Way> => ({ 'x.test': to(other), 'corp.test': to(other) });
  const network = new RelayNetwork([
    { postmaster: 'pm@corp.test', ways: all(1), maxReceived },
    { postmaster: 'pm@corp.test', ways: all(0), maxReceived },
  ]);
  network.handIn(0, mail('user@corp.test', 'friend@x.test'), 0);
  assert.equal(await network.run(100), 2 * maxReceived + 1);
  assert.deepEqual(network.reports, [{ via: 'bounce', to: 'user@corp.test', root: 0 }]);
});

test('a relay whose smarthost is itself ends with the message and its report', async () => {
  const network = new RelayNetwork([
    { postmaster: 'pm@corp.test', ways: { 'x.test': to(0), 'corp.test': to(0) }, maxReceived },
  ]);
  network.handIn(0, mail('user@corp.test', 'friend@x.test'), 0);
  await network.run(100);
  assert.equal(network.reports.length, 1);
});

test('a report of our own that is refused goes to the postmaster once, and a refused notice ends there', async () => {
  const network = new RelayNetwork([
    { postmaster: 'pm@b.test', ways: { 'a.test': refuse, 'b.test': refuse }, maxReceived },
  ]);
  network.handIn(0, mail('user@a.test', 'nobody@x.test'), 0);
  await network.run(100);
  assert.deepEqual(network.reports, [
    { via: 'bounce', to: 'user@a.test', root: 0 },
    { via: 'notice', to: 'pm@b.test', root: 0 },
  ]);
  assert.equal(network.dropped, 1);
});

test('success that was asked for with the empty sender is reported to nobody', async () => {
  const noDsn: Way = { kind: 'relay', to: 1, dsn: false };
  const network = new RelayNetwork([
    { postmaster: 'pm@a.test', ways: { 'x.test': noDsn }, maxReceived },
    { postmaster: undefined, ways: { 'x.test': { kind: 'mailbox' } }, maxReceived },
  ]);
  network.handIn(0, mail('', 'user@x.test', true), 0);
  await network.run(100);
  assert.deepEqual(network.reports, []);
});

const way: fc.Arbitrary<Way> = fc.oneof(
  fc.record({ kind: fc.constant('relay' as const), to: fc.nat(2), dsn: fc.boolean() }),
  fc.constant(refuse),
  fc.constant<Way>({ kind: 'mailbox' }),
);
const relay: fc.Arbitrary<RelayOptions> = fc.record({
  postmaster: fc.option(fc.constantFrom(...domains.map((domain) => `pm@${domain}`)), { nil: undefined }),
  ways: fc.dictionary(fc.constantFrom(...domains), way),
  maxReceived: fc.integer({ min: 1, max: maxReceived }),
});
const address = fc
  .tuple(fc.constantFrom('user', 'pm', 'MAILER-DAEMON'), fc.constantFrom(...domains))
  .map(([local, domain]) => `${local}@${domain}`);
const handedIn = fc.record({
  at: fc.nat(2),
  from: fc.option(address, { nil: '' }),
  to: address,
  success: fc.boolean(),
});

test('N messages cause at most N reports of failures, one notice for each, and none without a sender', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(relay, relay, relay),
      fc.array(handedIn, { minLength: 1, maxLength: 6 }),
      async (relays, messages) => {
        const network = new RelayNetwork(relays);
        for (const [root, each] of messages.entries()) {
          network.handIn(each.at, mail(each.from, each.to, each.success), root);
        }
        // A message, its report and the notice about that: each makes as many hops as a message may.
        await network.run(messages.length * 5 * maxReceived);
        for (const [root, { from, success }] of messages.entries()) {
          const about = network.reports.filter((report) => report.root === root);
          const reports = about.filter(({ via }) => via === 'bounce');
          const notices = about.filter(({ via }) => via === 'notice');
          // Success is reported where mail leaves for a server without DSN, a failure behind that by itself (RFC 3461 5.2.2).
          assert.ok(reports.length <= (from === '' ? 0 : success ? 2 : 1), JSON.stringify(about));
          assert.ok(notices.length <= reports.length, JSON.stringify(about));
        }
      },
    ),
    { numRuns: 500 },
  );
});
