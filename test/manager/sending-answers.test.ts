// What operators are told about sending limits, and what they can reset.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { SendingAnswers } from '../../src/manager/sending-answers.ts';
import { SendingCounts } from '../../src/policy/sending/sending-counts.ts';
import { sendingRules } from '../../src/settings/sending-rules.ts';
import { handIn } from '../policy/sending/rules.ts';
import { keptLog } from '../process/quiet-log.ts';

const config = parseConfig(
  `[[directory]]
name = "staff"
kind = "users"
path = "users.jsonl"
[login]
senders = "listed"
[[listen]]
address = "127.0.0.1:5587"
auth = "required"
[[listen]]
address = "127.0.0.1:2525"
[[tenant]]
name = "shop"
user = ["@example.com"]
[[sending_limit]]
by = "user"
messages = ["2/min", "10/hour"]
[[sending_limit]]
by = "tenant"
recipients = "100/hour"
beyond = "pace"
[[sending_limit]]
by = "sender_domain"
messages = "1/day"
`,
  'sluice.toml',
);
const startMs = 1_700_000_000_000;

function ground() {
  const counts = new SendingCounts(sendingRules(config));
  const log = keptLog();
  const clock = { nowMs: () => startMs, shownOf: (ms: number) => ms + 1_000 };
  let changes = 0;
  const answers = new SendingAnswers({ counts, config: () => config, clock, log, changed: () => changes++ });
  const send = (user: string, recipients = 1) =>
    counts.charge(handIn({ user, tenant: 'shop', recipients }), startMs);
  return { answers, send, log, changes: () => changes };
}

test('what is used most comes first, as many as were asked for, with dates for people', () => {
  const { answers, send } = ground();
  send('a@example.com', 30);
  send('b@example.com');
  send('b@example.com');
  const { uses, total } = answers.list({ most: 3 });
  assert.equal(total, 5);
  assert.deepEqual(
    uses.map(({ key, used, rate, freeAt }) => [key, used, rate.count, freeAt !== undefined]),
    [
      ['b@example.com', 2, 2, true],
      ['a@example.com', 1, 2, false],
      ['shop', 32, 100, false],
    ],
  );
  const freeAt = uses[0]?.freeAt ?? 0;
  assert.ok(freeAt > startMs + 61_000 && freeAt <= startMs + 62_000);
});

test('a user is explained with tenant, rights, listeners and all limits that hold, used or not', () => {
  const { answers, send } = ground();
  send('joe@example.com');
  const { uses, ...rest } = answers.explain({ user: 'Joe@example.com', sender: 'x@other.example' });
  assert.deepEqual(rest, {
    tenant: 'shop',
    senders: 'listed',
    listeners: [{ address: '127.0.0.1:5587', auth: 'required', tls: 'offered' }],
  });
  assert.deepEqual(
    uses.map(({ by, key, used, origin }) => [by, key, used, origin]),
    [
      ['user', 'joe@example.com', 1, 'sluice.toml:15'],
      ['user', 'joe@example.com', 1, 'sluice.toml:15'],
      ['tenant', 'shop', 1, 'sluice.toml:18'],
      ['sender_domain', 'other.example', 0, 'sluice.toml:22'],
    ],
  );
  assert.equal(answers.explain({ user: 'joe@example.com', sender: '' }).uses.length, 3);
});

test('a reset is stored and logged with who has done it, in whatever case the user is written', () => {
  const { answers, send, log, changes } = ground();
  send('joe@example.com');
  send('joe@example.com');
  assert.equal(send('joe@example.com').kind, 'exceeded');
  assert.equal(answers.reset({ kind: 'user', key: 'JOE@example.com', by: 'root' }), true);
  assert.equal(answers.reset({ kind: 'user', key: 'joe@example.com', by: '' }), false);
  assert.equal(send('joe@example.com').kind, 'counted');
  assert.equal(changes(), 2);
  assert.deepEqual(log.lines, [
    'info an operator (root) has forgotten what was counted by sending limits of user joe@example.com',
  ]);
});
