// Answers that are kept: for how long, and how many.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerCache } from '../../src/table/sqlite/answer-cache.ts';

const absent = [{ kind: 'absent' }] as const;

test('answers are kept until their time is over', () => {
  let nowMs = 0;
  const cache = new AnswerCache({ mostBytes: 10_000, keepMs: 1_000, nowMs: () => nowMs });
  cache.set(['joe'], absent);
  nowMs = 999;
  assert.equal(cache.get(['joe']), absent);
  nowMs = 1_000;
  assert.equal(cache.get(['joe']), undefined);
});

test('an answer that found nothing has a time of its own', () => {
  let nowMs = 0;
  const cache = new AnswerCache({ mostBytes: 10_000, keepMs: 1_000, keepAbsentMs: 100, nowMs: () => nowMs });
  cache.set(['joe'], absent);
  cache.set(['jane', 'jim'], [{ kind: 'found', values: [] }, { kind: 'absent' }]);
  nowMs = 100;
  assert.equal(cache.get(['joe']), undefined);
  assert.notEqual(cache.get(['jane', 'jim']), undefined);
});

test('the oldest answers make room for new ones, and no earlier than needed', () => {
  const cache = new AnswerCache({ mostBytes: 10_000, keepMs: 1_000, nowMs: () => 0 });
  for (let key = 0; key < 100; key++) cache.set([`${key}`], [{ kind: 'found', values: ['x'.repeat(400)] }]);
  const kept = Array.from({ length: 100 }, (_, key) => cache.get([`${key}`]) !== undefined);
  const first = kept.indexOf(true);
  assert.ok(first > 80 && first < 98, `the first that is kept is ${first}`);
  assert.ok(kept.slice(first).every(Boolean));
});

test('answers that are larger than the cache, and failing ones, are not kept', () => {
  const cache = new AnswerCache({ mostBytes: 1_000, keepMs: 1_000, nowMs: () => 0 });
  cache.set(['joe'], [{ kind: 'found', values: ['x'.repeat(1_000)] }]);
  cache.set(['jim'], [{ kind: 'failing', reason: 'no disk' }]);
  assert.equal(cache.get(['joe']), undefined);
  assert.equal(cache.get(['jim']), undefined);
});

test('calls with other keys are other calls', () => {
  const cache = new AnswerCache({ mostBytes: 10_000, keepMs: 1_000, nowMs: () => 0 });
  cache.set(['["a","b"]'], absent);
  assert.equal(cache.get(['a', 'b']), undefined);
  cache.set(['a', 'b'], absent);
  assert.equal(cache.get(['b', 'a']), undefined);
});
