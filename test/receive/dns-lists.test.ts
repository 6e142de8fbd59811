// DNS lists in real sessions: what they are asked about, and what becomes of mail.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListRule } from '../../src/policy/dns-lists/list-score.ts';
import type { StageEntry } from '../../src/policy/stage-entry.ts';
import { runTrial } from '../../src/receive/trial/trial.ts';
import { noHints } from '../../src/sasl/token-exchanges.ts';
import { DomainSet } from '../../src/values/domain-set.ts';
import { directoryOf } from '../sasl/secrets.ts';
import { exempting, from, listed, listing, nine, recipient, rule, sent } from './dns-lists-fixture.ts';

test('a client on a list is refused at RCPT, with what the list says', async (t) => {
  const { fixture, counters } = await listing(t, { [`${nine}.bl.test`]: listed }, [rule()]);
  const client = await from(fixture);
  assert.equal(await recipient(client), '550 5.7.1 192.0.2.9 is listed by bl.test: see https://bl.test/why');
  const line = fixture.log.find((each) => each.includes('"command":"RCPT"'));
  assert.match(line ?? '', /"stage":"lists".*"to":"b@example.com"/u);
  assert.deepEqual(counters.counts, { 'stage lists listed:bl.test': 1 });
  assert.equal(fixture.counters.counts['stage lists reject'], 1);
});

test('a client on no list goes on, and stages behind know it', async (t) => {
  const { fixture, results } = await listing(t, {}, [rule()]);
  assert.match(await sent(await from(fixture)), /^250/);
  assert.deepEqual(results, [
    { score: '0', listed: 'no', lists: '', allowed: 'no', allowing: '', failed: '' },
  ]);
});

test('an IPv6 client is looked up by its nibbles', async (t) => {
  const name = `9.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.bl.test`;
  const { fixture } = await listing(t, { [name]: listed }, [rule()]);
  assert.match(await recipient(await from(fixture, '2001:db8::9')), /^550 5\.7\.1 2001:db8::9 is listed/u);
});

const subjects: readonly (readonly [ListRule['about'], string, string])[] = [
  ['helo', 'client.test.bl.test', 'client.test'],
  ['sender', 'sender.test.bl.test', 'sender.test'],
];
for (const [about, name, told] of subjects) {
  test(`a list of domains is asked about: ${about}`, async (t) => {
    const { fixture } = await listing(t, { [name]: listed }, [rule({ about })]);
    const client = await from(fixture);
    assert.equal(await recipient(client), `550 5.7.1 ${told} is listed by bl.test: see https://bl.test/why`);
    await client.ask('RSET\r\n');
    assert.match(await client.ask('EHLO other.test\r\n'), /^250/);
    assert.match(await recipient(client, 'a@other.test'), /^250/);
  });
}

for (const [field, line] of [
  ['From', 'From: Bob <bob@bad.test>'],
  ['Reply-To', 'From: a@sender.test\r\nReply-To: a@good.test, Bob <bob@BAD.test>'],
  ['From behind a line that is no field', 'X: y\r\ngarbage\r\nFrom: a@bad.test'],
  ['Reply-To behind a blank first line', ' x\r\nReply-To: a@bad.test'],
] as const) {
  test(`a list is asked about the domains in ${field}, and the message is refused`, async (t) => {
    const { fixture, asked } = await listing(t, { 'bad.test.bl.test': listed }, [rule({ about: 'reply' })]);
    const client = await from(fixture);
    assert.match(await sent(client, 'Subject: x\r\n\r\nhello'), /^250/);
    assert.deepEqual(asked, []);
    assert.equal(
      await sent(client, `${line}\r\n\r\nhello`),
      '550 5.7.1 bad.test is listed by bl.test: see https://bl.test/why',
    );
    assert.equal(fixture.spool.kept.length, 1);
  });
}

test('weights of several lists add up, and a list of the trusted takes away', async (t) => {
  const dns = {
    [`${nine}.one.test`]: { a: ['127.0.0.4'] },
    [`${nine}.two.test`]: listed,
    [`${nine}.white.test`]: { a: ['127.0.5.2'] },
  };
  const one = rule({ zone: 'one.test', shownAs: 'one.test', weight: 2 });
  const two = rule({ zone: 'two.test', shownAs: 'two.test', weight: 1 });
  const white = rule({ zone: 'white.test', shownAs: 'white.test', weight: -1 });
  const thresholds = { markAt: undefined, quarantineAt: undefined, tempfailAt: undefined, rejectAt: 3 };
  const without = await listing(t, dns, [two, one], { thresholds });
  assert.equal(await recipient(await from(without.fixture)), '550 5.7.1 192.0.2.9 is listed by one.test');
  const withWhite = await listing(t, dns, [one, two, white], { thresholds });
  assert.match(await sent(await from(withWhite.fixture)), /^250/);
  assert.deepEqual(withWhite.results, [
    {
      score: '2',
      listed: 'yes',
      lists: 'one.test two.test',
      allowed: 'yes',
      allowing: 'white.test',
      failed: '',
    },
  ]);
});

test('the same list counts by its answers, with a weight each', async (t) => {
  const dns = { [`${nine}.bl.test`]: { a: ['127.0.0.2', '127.0.0.11'] } };
  const of = (low: number, weight: number) =>
    rule({ answers: [{ kind: 'range', low: 0x7f000000 + low, high: 0x7f000000 + low }], weight });
  const thresholds = { markAt: undefined, quarantineAt: undefined, tempfailAt: undefined, rejectAt: 5 };
  const all = [of(2, 2), of(11, 3), of(4, 100)];
  const { fixture, asked } = await listing(t, dns, all, { thresholds });
  assert.match(await recipient(await from(fixture)), /^550 5\.7\.1 192\.0\.2\.9 is listed by bl\.test$/u);
  assert.ok(asked.every((each) => each.startsWith('A ') || each.startsWith('TXT ')));
});

test('what has a score is refused for now, held or marked, by thresholds', async (t) => {
  const dns = { [`${nine}.bl.test`]: listed };
  const none = { markAt: undefined, quarantineAt: undefined, tempfailAt: undefined, rejectAt: undefined };
  const later = await listing(t, dns, [rule()], { thresholds: { ...none, tempfailAt: 1 } });
  assert.match(
    await recipient(await from(later.fixture)),
    /^450 4\.7\.1 192\.0\.2\.9 is listed by bl\.test/u,
  );
  const held = await listing(t, dns, [rule()], { thresholds: { ...none, quarantineAt: 1, rejectAt: 2 } });
  assert.match(await sent(await from(held.fixture)), /^250/);
  assert.equal(
    held.fixture.spool.kept[0]?.envelope.quarantine,
    'DNS lists: score 1: 192.0.2.9 on bl.test (127.0.0.2; 1)',
  );
  const marked = await listing(t, dns, [rule()], { thresholds: { ...none, markAt: 1 } });
  assert.match(await sent(await from(marked.fixture)), /^250/);
  assert.match(
    marked.fixture.spool.kept[0]?.content ?? '',
    /^Received: [^]*\r\nX-DNS-Lists: score 1: 192\.0\.2\.9 on bl\.test \(127\.0\.0\.2; 1\)\r\nFrom: a@sender\.test\r\n/u,
  );
});

test('a mark that comes in is taken out, and a message with many is refused', async (t) => {
  const thresholds = { markAt: 1, quarantineAt: undefined, tempfailAt: undefined, rejectAt: undefined };
  const { fixture } = await listing(t, {}, [rule()], { thresholds });
  const client = await from(fixture);
  const forged = 'X-DNS-Lists: score -9: trusted\r\nx-dns-LISTS: folded\r\n again\r\n';
  assert.match(await sent(client, `${forged}From: a@sender.test\r\n\r\nhello`), /^250/);
  assert.doesNotMatch(fixture.spool.kept[0]?.content ?? '', /dns-lists/iu);
  const many = 'X-DNS-Lists: x\r\n'.repeat(101);
  assert.match(await sent(client, `${many}From: a@sender.test\r\n\r\nhello`), /^550 5\.6\.0/);
});

test('nothing is asked twice in a session, for several recipients and messages', async (t) => {
  const { fixture, asked } = await listing(t, {}, [
    rule(),
    rule({ about: 'helo' }),
    rule({ about: 'sender' }),
  ]);
  const client = await from(fixture);
  for (let i = 0; i < 3; i++) {
    assert.match(await recipient(client), /^250/);
    assert.match(await client.ask('RCPT TO:<c@example.com>\r\n'), /^250/);
    await client.ask('RSET\r\n');
  }
  assert.deepEqual(asked, [`A ${nine}.bl.test`, 'A client.test.bl.test', 'A sender.test.bl.test']);
  assert.match(await recipient(client, 'a@other.test'), /^250/);
  assert.equal(asked.at(-1), 'A other.test.bl.test');
});

test('each recipient of a listed client is refused, and the list is asked for its text once', async (t) => {
  const { fixture, asked } = await listing(t, { [`${nine}.bl.test`]: listed }, [rule()]);
  const client = await from(fixture);
  assert.match(await recipient(client), /^550/);
  assert.match(await client.ask('RCPT TO:<c@example.com>\r\n'), /^550/);
  assert.equal(asked.filter((each) => each.startsWith('TXT')).length, 1);
});

test('the postmaster gets mail of a listed client', async (t) => {
  const { fixture } = await listing(t, { [`${nine}.bl.test`]: listed, 'sender.test.bl.test': listed }, [
    rule(),
    rule({ about: 'reply' }),
  ]);
  const client = await from(fixture);
  assert.match(await recipient(client, 'a@x.test', 'postmaster'), /^250/);
  assert.match(await client.ask('DATA\r\n'), /^354/);
  assert.match(await client.ask('From: a@sender.test\r\n\r\nwhy?\r\n.\r\n'), /^250/);
});

test('users, clients that may relay, clients in exceptions and excepted domains are not asked about', async (t) => {
  const dns = { [`${nine}.bl.test`]: listed, 'sender.test.bl.test': listed };
  const auth = {
    directory: directoryOf({ login: 'joe@example.com', password: 'pencil' }),
    mechanisms: ['PLAIN'],
    inClear: ['PLAIN'],
    isRequired: false,
    hints: noHints,
  };
  const user = await listing(t, dns, [rule()], { options: { auth } });
  const joe = await from(user.fixture);
  assert.match(await joe.ask(`AUTH PLAIN ${btoa('\0joe@example.com\0pencil')}\r\n`), /^235/);
  assert.match(await recipient(joe, 'joe@example.com'), /^250/);
  const none = await listing(t, dns, [rule()], {
    exemptions: exempting({ exceptClients: [{ address: '192.0.2.0', prefix: 24 }] }),
  });
  assert.match(await recipient(await from(none.fixture)), /^250/);
  const senders = await listing(t, dns, [rule()], {
    exemptions: exempting({ exceptSenders: [{ kind: 'domain', domain: 'sender.test' }] }),
  });
  assert.match(await recipient(await from(senders.fixture)), /^250/);
  const names = await listing(t, dns, [rule()], {
    exemptions: exempting({ exceptNames: [{ kind: 'suffix', domain: 'known.test' }] }),
  });
  assert.match(await sent(await from(names.fixture)), /^250/);
  assert.deepEqual(names.results, [undefined]);
  const domains = await listing(t, dns, [rule({ about: 'sender' })], {
    exceptDomains: new DomainSet([{ kind: 'exact', domain: 'sender.test' }]),
  });
  assert.match(await recipient(await from(domains.fixture), 'a@SENDER.test'), /^250/);
  const relay = await listing(t, dns, [rule()], {
    options: { networks: ['192.0.0.0'] },
  });
  assert.match(await recipient(await from(relay.fixture)), /^250/);
  for (const { asked } of [user, none, senders, domains, relay]) assert.deepEqual(asked, []);
});

test('a client that a rule names is not asked about, and one under a rule for all is', async (t) => {
  for (const [who, reply] of [
    ['192.0.2.0/24', /^250/],
    ['*.test', /^250/],
    ['*', /^550/],
    ['named', /^550/],
    ['0.0.0.0/0', /^550/],
    ['', /^550/],
  ] as const) {
    const held: StageEntry = {
      stage: {
        name: 'client-rules',
        connect: () => ({
          kind: 'continue',
          edits: [
            {
              kind: 'set-client-rule',
              rule: { who, relay: undefined, maxMessageBytes: undefined, variables: {} },
            },
          ],
        }),
      },
    };
    const { fixture } = await listing(t, { [`${nine}.bl.test`]: listed }, [rule()], {
      first: held,
    });
    assert.match(await recipient(await from(fixture)), reply, who);
  }
});

test('a client that a front end does not know is not asked about', async (t) => {
  const { fixture, asked } = await listing(t, {}, [rule()]);
  const client = await fixture.client();
  assert.match(await client.ask('PROXY UNKNOWN\r\n'), /^220/);
  assert.match(await client.ask('EHLO client.test\r\n'), /^250/);
  assert.match(await recipient(client), /^250/);
  assert.deepEqual(asked, []);
});

test('what would be refused in a test goes on, and is told', async (t) => {
  const { fixture, counters } = await listing(t, { [`${nine}.bl.test`]: listed }, [rule()], {
    entry: { isTest: true },
  });
  assert.match(await sent(await from(fixture)), /^250/);
  assert.equal(fixture.counters.counts['stage lists test reject'], 1);
  assert.deepEqual(counters.counts, { 'stage lists listed:bl.test': 1 });
  assert.ok(
    fixture.log.some((line) => line.includes('"event":"tested"') && line.includes('listed by bl.test')),
  );
});

test('policy try asks the lists, and counts nothing', async (t) => {
  const { fixture, counters } = await listing(t, { [`${nine}.bl.test`]: listed }, [rule()]);
  const { listener, stageWatch: watch } = fixture;
  const mail = {
    from: 'a@sender.test',
    to: ['b@example.com'],
    client: '192.0.2.9',
    helo: 'x.test',
    tls: false,
  };
  const report = await runTrial(
    { listener, watch, nowMs: () => 0 },
    mail,
    Buffer.from('From: a@sender.test\r\n\r\nhello\r\n'),
    new AbortController().signal,
  );
  assert.equal(report.refusedRecipients[0]?.stage, 'lists');
  assert.deepEqual(counters.counts, {});
});
