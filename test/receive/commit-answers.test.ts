// The replies to messages of one commit leave in one write.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommitAnswers } from '../../src/receive/commit-answers.ts';

test('a connection is told once of messages that are answered in one turn, and at once of a single one', async () => {
  let told = 0;
  const answers = new CommitAnswers(() => told++);
  answers.answered(0);
  assert.equal(told, 1);
  for (const unanswered of [2, 1, 0]) answers.answered(unanswered);
  assert.equal(told, 1);
  await Promise.resolve();
  assert.equal(told, 2);
  answers.answered(1);
  await Promise.resolve();
  assert.equal(told, 3);
});
