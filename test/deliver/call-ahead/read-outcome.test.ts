// What the answers of servers say about a recipient, and what they do not say.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AskOutcome } from '../../../src/deliver/call-ahead/call-ahead-types.ts';
import { readOutcome } from '../../../src/deliver/call-ahead/read-outcome.ts';
import type { RepliedCommand } from '../../../src/protocol/smtp/client/client-types.ts';

function reply(text: string, command: RepliedCommand = 'RCPT'): AskOutcome {
  const [, code = '', enhanced = '', line = ''] = /^(\d{3})(?: (\d\.\d+\.\d+))?(?: (.*))?$/.exec(text) ?? [];
  return {
    kind: 'refused',
    failure: { kind: 'reply', reply: { code: Number(code), enhanced, lines: [line], command } },
  };
}

function shown(outcome: AskOutcome, mailboxFull: 'tempfail' | 'reject' | 'accept' = 'tempfail'): string {
  const answer = readOutcome(outcome, mailboxFull);
  return answer.kind === 'refused' ? `${answer.reply.code} ${answer.reply.enhanced}` : answer.kind;
}

const atRcpt: readonly [string, string][] = [
  ['550 5.1.1 User unknown', 'unknown'],
  ['550 5.1.10 null MX', 'unknown'],
  ['550 5.1.6 moved', 'unknown'],
  ['553 5.1.3 bad syntax', 'unknown'],
  ['511 5.1.1 sorry, no mailbox here by that name', 'unknown'],
  ['511 sorry, no mailbox here by that name (#5.1.1)', 'unknown'],
  ['550 No such user', 'unknown'],
  ['551 not local', 'unknown'],
  ['553 mailbox name not allowed', 'unknown'],
  ['550 5.4.1 Recipient address rejected: Access denied', 'unknown'],
  ['550 5.5.0 mailbox unavailable', 'unknown'],
  ['550 5.2.1 disabled', '550 5.2.1'],
  ['550 5.2.3 too long', 'exists'],
  ['552 5.2.2 full', '452 4.2.2'],
  ['452 4.2.2 full', '452 4.2.2'],
  ['552 quota', '452 4.2.2'],
  // About the sender, about us, about the server: nothing about the recipient.
  ['550 5.1.8 sender has no domain', 'failing'],
  ['550 5.1.7 bad sender', 'failing'],
  ['550 5.1.2 no such domain', 'failing'],
  ['554 5.7.1 relay access denied', 'failing'],
  ['550 5.7.1 your address is blocked', 'failing'],
  ['530 5.7.0 authentication required', 'failing'],
  ['554 no', 'failing'],
  ['500 5.5.1 what', 'failing'],
  ['501 5.5.0 what', 'failing'],
  ['503 MAIL first', 'failing'],
  ['502 not implemented', 'failing'],
  ['550 5.3.2 shutting down', 'failing'],
  ['550 5.3.0 x', 'failing'],
  ['554 5.4.6 loop', 'failing'],
  ['552 5.5.3 too many recipients', 'failing'],
  ['450 4.2.0 greylisted', 'failing'],
  ['451 4.3.0 x', 'failing'],
  ['450 4.1.1 unverified', 'failing'],
  ['421 closing', 'failing'],
];

for (const [text, expected] of atRcpt) {
  test(`to RCPT: ${text}: ${expected}`, () => assert.equal(shown(reply(text)), expected));
}

for (const command of ['connect', 'EHLO', 'MAIL', 'STARTTLS', 'idle'] as const) {
  test(`a refusal at ${command} says nothing about the recipient`, () => {
    assert.equal(shown(reply('550 5.1.1 no', command)), 'failing');
    assert.equal(shown(reply('552 5.2.2 full', command)), 'failing');
  });
}

test('what a full mailbox means is the choice of the administrator', () => {
  assert.equal(shown(reply('552 5.2.2 full'), 'reject'), '552 5.2.2');
  assert.equal(shown(reply('452 4.2.2 full'), 'reject'), '452 4.2.2');
  assert.equal(shown(reply('552 5.2.2 full'), 'accept'), 'exists');
  assert.equal(shown(reply('452 4.2.2 full'), 'accept'), 'exists');
});

test('a server that does not take such an address refuses it for good', () => {
  const unsent = {
    kind: 'unsent',
    during: 'RCPT',
    code: 553,
    enhanced: '5.6.7',
    text: 'no SMTPUTF8',
  } as const;
  assert.equal(shown({ kind: 'refused', failure: unsent }), '553 5.6.7');
});

test('whoever cannot be asked says nothing', () => {
  assert.equal(shown({ kind: 'accepted' }), 'exists');
  assert.equal(shown({ kind: 'unasked', servers: 'down', reason: 'away' }), 'failing');
  const broken = { kind: 'broken', during: 'RCPT', text: 'timed out' } as const;
  assert.deepEqual(readOutcome({ kind: 'refused', failure: broken }, 'tempfail'), {
    kind: 'failing',
    reason: 'timed out',
  });
});
