// Which senders a user who has logged in may use.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { User } from '../../src/directory/types.ts';
import type { MailFacts } from '../../src/policy/stage.ts';
import { SenderRightsStage } from '../../src/policy/stages/sender-rights-stage.ts';

const joe: User = {
  address: 'joe@example.com',
  aliases: ['joseph@example.com', '@joe.example'],
  senders: ['sales@example.net', '@shop.example'],
};

function asked(reversePath: string, stage = new SenderRightsStage('own', '+'), user: User | undefined = joe) {
  const verdict = stage.mail({ user, transaction: { reversePath } } as unknown as MailFacts);
  return verdict.kind === 'reject' ? verdict.reply.code : verdict.kind;
}

test('a user may send from the own address, from aliases, and from what the directory lists', () => {
  for (const sender of [
    'joe@example.com',
    'Joe@EXAMPLE.com',
    '"joe"@example.com',
    'joe+lists@example.com',
    'joseph@example.com',
    'sales@example.net',
    'anybody@shop.example',
    '',
  ])
    assert.equal(asked(sender), 'continue', sender);
});

test('other senders are refused with 553', () => {
  for (const sender of [
    'eve@example.com',
    'joe@example.org',
    'joe-lists@example.com',
    'other@example.net',
    'x@sub.shop.example',
    // An alias for all mail to a domain receives mail, and gives no right to send.
    'ceo@joe.example',
    'shop.example',
  ])
    assert.equal(asked(sender), 553, sender);
  assert.equal(asked('joe+lists@example.com', new SenderRightsStage('own', '')), 553);
});

test('with lists alone, the own address is not enough', () => {
  const stage = new SenderRightsStage('listed', '');
  assert.equal(asked('joe@example.com', stage), 553);
  assert.equal(asked('sales@example.net', stage), 'continue');
});

test('addresses of other scripts are compared in one form', () => {
  const user: User = { address: 'jörg@xn--mller-kva.example', aliases: [], senders: [] };
  assert.equal(asked('JÖRG@müller.example', undefined, user), 'continue');
});

test('nothing is said of clients that have not logged in', () => {
  const { kind } = new SenderRightsStage('own', '').mail({
    user: undefined,
    transaction: { reversePath: 'eve@example.com' },
  } as unknown as MailFacts);
  assert.equal(kind, 'continue');
});
