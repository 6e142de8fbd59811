// Mailboxes without room are told to all receivers, and to those that come later.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MailboxTold } from '../../src/channel/mailbox-messages.ts';
import { ToldMailboxes } from '../../src/manager/told-mailboxes.ts';

function receiver() {
  const told: MailboxTold[] = [];
  let closed = (): void => undefined;
  return {
    told,
    post: (message: MailboxTold): void => void told.push(message),
    onClosed: (listener: () => void): void => void (closed = listener),
    close: (): void => closed(),
  };
}

test('receivers hear of full mailboxes, those that come later of those that still are, and those that are gone of none', () => {
  const mailboxes = new ToldMailboxes();
  const [first, second] = [receiver(), receiver()];
  mailboxes.add(first);
  mailboxes.take({ kind: 'mailbox', user: 'a', state: 'full' });
  mailboxes.take({ kind: 'mailbox', user: 'b', state: 'closed' });
  mailboxes.take({ kind: 'mailbox', user: 'a', state: 'room' });
  mailboxes.add(second);
  assert.deepEqual(
    first.told.map(({ user, state }) => `${user} ${state}`),
    ['a full', 'b closed', 'a room'],
  );
  assert.deepEqual(
    second.told.map(({ user, state }) => `${user} ${state}`),
    ['b closed'],
  );
  mailboxes.take({ kind: 'mailbox', user: 'c', state: 'room' });
  assert.equal(first.told.length, 3, 'of one that was not full nobody hears');
  first.close();
  mailboxes.take({ kind: 'mailbox', user: 'b', state: 'room' });
  assert.equal(first.told.length, 3);
  assert.equal(second.told.length, 2);
});
