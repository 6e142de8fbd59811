// A trial asks the live stages about a message as a session would, and changes nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { TapRules } from '../../src/policy/taps/tap-rules.ts';
import { parseTapFile } from '../../src/policy/taps/tap-file.ts';
import { TapStage } from '../../src/policy/taps/tap-stage.ts';
import { goOn, type SessionFacts, type Stage } from '../../src/policy/stage.ts';
import { runTrial } from '../../src/receive/trial/trial.ts';
import type { TrialAccepted, TrialMail, TrialReport } from '../../src/receive/trial/trial-types.ts';
import { noHints } from '../../src/sasl/token-exchanges.ts';
import { rule } from '../policy/sending/rules.ts';
import { directoryOf } from '../sasl/secrets.ts';
import { type Fixture, greeted, start } from './fixture.ts';
import { behaviours, stagesOf } from './some-stages.ts';
import { bye, later, pass, turns, unknown, withStages } from './stage-fixture.ts';
import { verifying } from './verification-fixture.ts';

const message = 'From: a@example.net\r\nSubject: x\r\n\r\n.dot\r\nhello\r\n';

function trial(
  fixture: Fixture,
  mail: Partial<TrialMail> = {},
  text: string | Uint8Array = message,
): Promise<TrialReport> {
  const { listener, stageWatch: watch } = fixture;
  const whole: TrialMail = {
    from: 'a@example.net',
    to: ['b@example.com'],
    client: '127.0.0.1',
    helo: 'client.example',
    tls: false,
    ...mail,
  };
  const parts = { listener, watch, nowMs: () => performance.now() };
  return runTrial(parts, whole, Buffer.from(text), new AbortController().signal);
}

function accepted({ outcome }: TrialReport): TrialAccepted {
  assert.ok(outcome.kind === 'accepted', JSON.stringify(outcome));
  return outcome;
}

/** Each stage that was asked: its point, its name, its verdict and its text. */
function asked({ steps }: TrialReport): readonly unknown[] {
  return steps.flatMap(({ stages }) =>
    stages.map(({ point, stage, verdict, text }) => [
      point,
      stage,
      verdict,
      ...(text === undefined ? [] : [text]),
    ]),
  );
}

function nothingChanged(fixture: Fixture): void {
  assert.deepEqual(fixture.spool.kept, []);
  assert.deepEqual(fixture.submitted, []);
  assert.deepEqual(fixture.log, []);
  assert.deepEqual(fixture.troubles.list, []);
  assert.equal(fixture.memory.usedBytes, 0);
  assert.equal(fixture.spool.newQueueId(), 'ID1');
}

test('what a stage that is only tested answers is shown as such, and not done', async (t) => {
  const fixture = await start(t, {
    stages: [{ stage: { name: 'lists', rcpt: () => unknown }, isCounted: true, isTest: true }],
  });
  const report = await trial(fixture);
  assert.deepEqual(asked(report), [
    ['mail', 'tenant', 'continue'],
    ['rcpt', 'relay', 'continue'],
    ['rcpt', 'lists', 'reject, only tested', '550 5.1.1 No such user here'],
  ]);
  accepted(report);
  nothingChanged(fixture);
  assert.deepEqual(fixture.counters.counts, {});
});

test('each stage is shown at each point with its verdict, its edits and its result', async (t) => {
  const facts: SessionFacts[] = [];
  const fixture = await withStages(
    t,
    {
      name: 'one',
      connect: (given) => {
        facts.push(given);
        return goOn;
      },
      mail: () => ({ kind: 'continue', edits: [{ kind: 'set-tenant', name: 'shop', priority: 2 }] }),
      rcpt: ({ recipient }) => (recipient.address.startsWith('no') ? unknown : goOn),
    },
    {
      name: 'two',
      data: async () => ({
        kind: 'quarantine',
        reason: 'odd',
        edits: [{ kind: 'add-recipient', recipient: { address: 'c@example.com' } }],
        result: { score: '9' },
      }),
      content: () => ({
        kind: 'continue',
        edits: [{ kind: 'insert-field', at: 1, name: 'X-Seen', value: 'yes' }],
      }),
    },
  );
  const report = await trial(fixture, { to: ['b@example.com', 'nobody@example.com'] });
  assert.deepEqual(asked(report), [
    ['connect', 'one', 'continue'],
    ['mail', 'tenant', 'continue'],
    ['mail', 'one', 'continue'],
    ['rcpt', 'relay', 'continue'],
    ['rcpt', 'one', 'continue'],
    ['rcpt', 'relay', 'continue'],
    ['rcpt', 'one', 'reject', '550 5.1.1 No such user here'],
    ['data', 'two', 'quarantine', 'odd'],
    ['content', 'two', 'continue'],
  ]);
  const data = report.steps.flatMap(({ stages }) => stages).find(({ point }) => point === 'data');
  assert.deepEqual(data?.edits, ['add recipient: <c@example.com>']);
  assert.deepEqual(data?.result, { score: '9' });
  assert.ok((data?.ms ?? -1) >= 0);
  assert.deepEqual(report.refusedRecipients, [
    { address: 'nobody@example.com', reply: '550 5.1.1 No such user here', stage: 'one' },
  ]);
  const { header, ...outcome } = accepted(report);
  assert.deepEqual(outcome, {
    kind: 'accepted',
    from: 'a@example.net',
    to: [
      { address: 'b@example.com', isCopy: false },
      { address: 'c@example.com', isCopy: false },
    ],
    tenant: 'shop',
    priority: 2,
    quarantine: 'odd',
    turnAt: undefined,
    sizeBytes: outcome.sizeBytes,
  });
  assert.match(header, /^Received: from client\.example \(\[127\.0\.0\.1\]\)\r\n\tby mx\.example\.org/);
  assert.match(header, /\r\nX-Seen: yes\r\nFrom: a@example\.net\r\nSubject: x\r\n$/);
  assert.equal(outcome.sizeBytes, Buffer.byteLength(header) + Buffer.byteLength('\r\n.dot\r\nhello\r\n'));
  assert.ok(facts.every(({ isTrial }) => isTrial));
  nothingChanged(fixture);
});

for (const [name, stage, outcome] of [
  ['a refused client', { connect: () => bye }, ['CONNECT', '421', 'x']],
  ['a connection that is dropped', { helo: () => ({ kind: 'drop' }) }, ['HELO', '421', 'x']],
  ['a sender for later', { mail: () => later }, ['MAIL', '451 4.7.1 Greylisted', 'x']],
  ['a refused recipient', { rcpt: () => unknown }, ['RCPT', '550 5.1.1', 'x']],
  ['a refused header', { headers: () => later }, ['content', '451 4.7.1 Greylisted', 'x']],
  ['a refused message', { content: () => unknown }, ['content', '550 5.1.1', 'x']],
] as [string, Partial<Stage>, [string, string, string]][]) {
  test(`${name} is shown with the command and the stage that refused it`, async (t) => {
    const fixture = await withStages(t, { name: 'x', ...stage });
    const { outcome: shown } = await trial(fixture);
    const [command, reply, by] = outcome;
    assert.ok(shown.kind === 'refused', JSON.stringify(shown));
    assert.deepEqual([shown.command, shown.stage], [command, by]);
    assert.ok(shown.reply.startsWith(reply), shown.reply);
    nothingChanged(fixture);
  });
}

test('a discarded message is shown with its reason', async (t) => {
  const fixture = await withStages(t, { name: 'x', data: () => ({ kind: 'discard', reason: 'no' }) });
  assert.deepEqual((await trial(fixture)).outcome, { kind: 'discarded', stage: 'x', reason: 'no' });
  nothingChanged(fixture);
});

test('a stage that fails, or is too slow, is shown with why, and is no trouble of the server', async (t) => {
  const fixture = await withStages(
    t,
    {
      name: 'broken',
      onFailure: 'continue',
      mail: () => {
        throw new Error('no disk');
      },
    },
    { name: 'garbage', onFailure: 'continue', mail: () => null as never },
    { name: 'slow', timeLimitMs: 2000, data: () => new Promise(() => undefined) },
  );
  const underWay = trial(fixture);
  await turns();
  await pass(fixture, 3000);
  const report = await underWay;
  const failures = report.steps.flatMap(({ stages }) =>
    stages.flatMap(({ stage, verdict, failure }) =>
      failure === undefined ? [] : [[stage, verdict, failure]],
    ),
  );
  assert.deepEqual(failures, [
    ['broken', 'continue', 'it threw an error: no disk'],
    ['garbage', 'continue', 'it answered something that is no verdict'],
    ['slow', 'tempfail', 'it did not answer within 2 s'],
  ]);
  assert.deepEqual(report.outcome.kind, 'refused');
  nothingChanged(fixture);
});

test('a stage that rests after failures is not asked, and its trial is left to mail', async (t) => {
  let calls = 0;
  const fixture = await withStages(t, {
    name: 'broken',
    breaker: { failures: 1, restMs: 60_000 },
    mail: () => {
      calls++;
      throw new Error('no');
    },
  });
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^451/);
  const { steps } = await trial(fixture);
  const run = steps.flatMap(({ stages }) => stages).find(({ stage }) => stage === 'broken');
  assert.equal(run?.failure, 'it is left alone after its failures');
  assert.equal(calls, 1);
  await pass(fixture, 60_000);
  // It asks now, and so does the mail that comes next.
  await trial(fixture);
  assert.equal(calls, 2);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^451/);
  assert.equal(calls, 3);
});

test('sending limits are asked, and count nothing', async (t) => {
  const trials: unknown[] = [];
  const ledger = {
    charge: (_: object, isTrial?: boolean) => {
      trials.push(isTrial);
      const limit = { by: 'client', key: '127.0.0.1', quantity: 'messages', rate: { count: 1, perMs: 1 } };
      return Promise.resolve({ kind: 'exceeded', limit } as never);
    },
    release: () => assert.fail('nothing was counted'),
  };
  const fixture = await start(t, { sending: { rules: [rule('client', { messages: ['1/h'] })], ledger } });
  const { outcome } = await trial(fixture);
  assert.ok(outcome.kind === 'refused');
  assert.deepEqual([outcome.command, outcome.stage], ['DATA', 'sending-limits']);
  assert.deepEqual(trials, [true]);
  nothingChanged(fixture);
});

test('a user of the directory needs no password; others cannot log in', async (t) => {
  const auth = {
    directory: {
      ...directoryOf({ login: 'joe@example.com', password: 'pencil' }),
      find: (address: string) =>
        Promise.resolve(
          address === 'joe@example.com'
            ? { kind: 'user' as const, user: { address, aliases: [], senders: [] } }
            : { kind: 'absent' as const },
        ),
      noteFailure: () => Promise.reject(new Error('a failure was counted')),
    },
    isRequired: true,
    hints: noHints,
    mechanisms: ['SCRAM-SHA-256'],
  };
  const fixture = await start(t, { networks: ['10.0.0.0'], tls: 'offered', auth });
  const user = { to: ['b@far.example'], client: '192.0.2.1', tls: true };
  const report = await trial(fixture, { ...user, user: 'joe@example.com' });
  assert.match(accepted(report).header, /with ESMTPSA/);
  assert.deepEqual(
    report.steps.map(({ command }) => command.split(' ')[0]),
    ['connect', 'EHLO', 'STARTTLS', 'EHLO', 'AUTH', 'MAIL', 'RCPT', 'DATA', '(content)'],
  );
  const strangers = await trial(fixture, { ...user, user: 'ann@example.com' });
  assert.match(JSON.stringify(strangers.outcome), /535 5\.7\.8/);
  const inClear = await trial(fixture, { ...user, tls: false, user: 'joe@example.com' });
  assert.equal(inClear.outcome.kind, 'refused');
  nothingChanged(fixture);
});

test('under implicit TLS nothing is said in clear', async (t) => {
  const fixture = await start(t, { tls: 'implicit' });
  assert.match(accepted(await trial(fixture)).header, /with ESMTPS\r\n/);
});

test('a large message is tried in memory', async (t) => {
  const fixture = await withStages(t, { name: 'x', headers: () => goOn });
  const text = `${message}${'large line\r\n'.repeat(30_000)}`;
  const { sizeBytes, header } = accepted(await trial(fixture, {}, text));
  assert.ok(sizeBytes > 300_000);
  assert.match(header, /Subject: x\r\n$/);
  assert.equal(fixture.spool.writes, 0);
  nothingChanged(fixture);
});

test('what no client could send is refused as from a client', async (t) => {
  const fixture = await start(t);
  const bare = await trial(fixture, {}, 'Subject: x\r\n\r\nbare\nline\r\n');
  assert.match(JSON.stringify(bare.outcome), /550 5\.6\.0 Message has a CR or LF alone/);
  const far = await trial(fixture, { from: 'jörg@example.net' });
  assert.ok(far.steps.some(({ command }) => command === 'MAIL FROM:<jörg@example.net> SMTPUTF8'));
});

test('with LMTP the recipients are answered one by one', async (t) => {
  const fixture = await start(t);
  const { context, ...listener } = fixture.listener;
  const session = { ...context.settings.session, protocol: 'lmtp' as const };
  const lmtp = {
    ...listener,
    facts: { kind: 'lmtp' as const, name: 'unix:/run/lmtp' },
    context: { ...context, settings: { ...context.settings, session } },
  };
  const report = await trial({ ...fixture, listener: lmtp }, { to: ['b@example.com', 'c@example.com'] });
  assert.equal(report.steps.at(-1)?.reply.length, 2);
  assert.match(accepted(report).header, /with LMTP id/);
});

test('no tap notes a copy, and no verification is told', async (t) => {
  const rules = new TapRules(parseTapFile('A:@:archive@x.example'));
  const set = { name: 'tap', direction: 'both' as const, tenants: undefined, rules };
  const friends: Stage = { name: 'friends', data: () => ({ kind: 'accept' }) };
  const fixture = await withStages(t, friends, new TapStage([set], () => assert.fail('a copy was noted')));
  const { to } = accepted(await trial(fixture));
  assert.deepEqual(to, [
    { address: 'b@example.com', isCopy: false },
    { address: 'archive@x.example', isCopy: true },
  ]);

  const aggregate = () => assert.fail('a report would count it');
  const { fixture: verified, events } = await verifying(t, {}, { aggregate });
  const report = await trial(verified, { from: 'a@sender.test' }, 'From: a@sender.test\r\n\r\nx\r\n');
  assert.match(accepted(report).header, /^Authentication-Results: mx\.example\.org;/);
  assert.deepEqual(events, []);
});

test('whatever stages say, a trial gets the replies of a session and the same envelope', async (t) => {
  await fc.assert(
    fc.asyncProperty(behaviours, async (given) => {
      const sound = given.filter(({ way }) => way !== 'late' && way !== 'never');
      const tried = await trial(await withStages(t, ...stagesOf(sound, [])));
      const live = await withStages(t, ...stagesOf(sound, []));
      const client = await live.client();
      const replies = [await client.reply()];
      for (const { command } of tried.steps.slice(1)) {
        const text = command === '(content)' ? '..dot\r\nhello\r\n.\r\n' : '';
        replies.push(
          await client.ask(
            text === '' ? `${command}\r\n` : `From: a@example.net\r\nSubject: x\r\n\r\n${text}`,
          ),
        );
      }
      const shown = tried.steps.map(({ reply }) => reply.join('\r\n'));
      const same = (reply: string) => reply.replaceAll(/queued as \S+/g, 'queued as ID');
      assert.deepEqual(shown.map(same), replies.map(same));
      const [kept] = live.spool.kept;
      assert.equal(tried.outcome.kind === 'accepted', kept !== undefined);
      if (tried.outcome.kind !== 'accepted') return;
      assert.deepEqual(
        tried.outcome.to.map(({ address }) => address),
        kept?.envelope.recipients.map(({ address }) => address),
      );
      assert.equal(tried.outcome.quarantine, kept?.envelope.quarantine);
      assert.equal(tried.outcome.from, kept?.envelope.reversePath);
    }),
    { numRuns: 60 },
  );
});
