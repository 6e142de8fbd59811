// Answers of the directory about mailboxes are kept for a second, and that nobody can tell is not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserLookups } from '../../src/deliver/mailbox/user-lookups.ts';
import type { FoundUser } from '../../src/directory/types.ts';

function ground(answer: FoundUser) {
  const time = { nowMs: 0 };
  const asked: string[] = [];
  const find = (address: string): Promise<FoundUser> => {
    asked.push(address);
    return Promise.resolve(answer);
  };
  return { time, asked, lookups: new UserLookups({ find }, () => time.nowMs) };
}

test('a burst of questions about one user is one question, for a second', async () => {
  const { time, asked, lookups } = ground({ kind: 'absent' });
  await Promise.all([lookups.find('a@b.test'), lookups.find('a@b.test'), lookups.find('c@b.test')]);
  time.nowMs = 999;
  await lookups.find('a@b.test');
  assert.deepEqual(asked, ['a@b.test', 'c@b.test']);
  time.nowMs = 1000;
  await lookups.find('a@b.test');
  assert.deepEqual(asked, ['a@b.test', 'c@b.test', 'a@b.test']);
});

test('that the directory cannot tell is asked again at once', async () => {
  const { asked, lookups } = ground({ kind: 'failing', reason: 'away' });
  await lookups.find('a@b.test');
  await lookups.find('a@b.test');
  assert.equal(asked.length, 2);
});
