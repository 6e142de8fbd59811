// Users of the directory as recipients, and those whose mailboxes are full.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FoundUser } from '../../../src/directory/types.ts';
import { DirectorySource } from '../../../src/policy/recipients/directory-source.ts';
import { FullMailboxes } from '../../../src/policy/recipients/full-mailboxes.ts';
import { askedRecipient } from '../../../src/policy/recipients/recipient-source.ts';

function ground(separators = '+') {
  const time = { nowMs: 0 };
  const full = new FullMailboxes(() => time.nowMs);
  const find = (address: string): Promise<FoundUser> => {
    if (address.startsWith('failing')) return Promise.resolve({ kind: 'failing', reason: 'away' });
    const known = address === 'info@a.test' ? 'joe@a.test' : address;
    if (known !== 'joe@a.test') return Promise.resolve({ kind: 'absent' });
    return Promise.resolve({ kind: 'user', user: { address: known, aliases: [], senders: [] } });
  };
  const source = new DirectorySource({ find }, { key: 'address', separators }, full);
  const ask = async (address: string): Promise<string> => {
    const answer = await source.find(askedRecipient(address, 'a.test'));
    return answer.kind === 'refused' ? `${answer.reply.code} ${answer.reply.enhanced}` : answer.kind;
  };
  return { time, full, ask };
}

test('users, their aliases and addresses with an extension exist', async () => {
  const { ask } = ground();
  for (const address of ['joe@a.test', 'JOE@a.test', 'info@a.test', 'joe+x@a.test', '"joe"@a.test'])
    assert.equal(await ask(address), 'exists', address);
  assert.equal(await ask('nobody@a.test'), 'unknown');
  assert.equal(await ask('failing@a.test'), 'failing');
  assert.equal(await ground('').ask('joe+x@a.test'), 'unknown');
});

test('a mailbox that is full is refused under all of its addresses, until there is room', async () => {
  const { full, ask } = ground();
  full.take({ user: 'joe@a.test', state: 'full' });
  for (const address of ['joe@a.test', 'info@a.test', 'joe+x@a.test'])
    assert.equal(await ask(address), '452 4.2.2');
  full.take({ user: 'joe@a.test', state: 'closed' });
  assert.equal(await ask('joe@a.test'), '552 5.2.2');
  full.take({ user: 'joe@a.test', state: 'room' });
  assert.equal(await ask('joe@a.test'), 'exists');
});

test('what is not told again is believed for five minutes', async () => {
  const { time, full, ask } = ground();
  full.take({ user: 'joe@a.test', state: 'full' });
  time.nowMs = 5 * 60_000 - 1;
  assert.equal(await ask('joe@a.test'), '452 4.2.2');
  time.nowMs++;
  assert.equal(await ask('joe@a.test'), 'exists');
});

test('a full domain takes no mail for any of its users', async () => {
  const { full, ask } = ground();
  full.take({ user: '@b.test', state: 'full' });
  assert.equal(await ask('joe@a.test'), 'exists');
  full.take({ user: '@a.test', state: 'full' });
  assert.equal(await ask('info@a.test'), '452 4.2.2');
  assert.deepEqual(
    full.replyFor('joe@a.test')?.text,
    'The mailboxes of this domain are full, try again later',
  );
  full.take({ user: '@a.test', state: 'closed' });
  assert.equal(await ask('joe@a.test'), '552 5.2.2');
  full.take({ user: '@a.test', state: 'room' });
  assert.equal(await ask('joe@a.test'), 'exists');
});
