// Filters of queue commands: which recipients a filter chooses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type QueueFilter, RowMatcher } from '../../src/control/queue-row.ts';

const row = {
  queueId: 'A1',
  receivedAtMs: 1_000_000,
  domain: 'mail.example.com',
  tenant: 'shop',
  state: 'waiting' as const,
  isHeld: false,
  attempts: 1,
  nextAttemptAtMs: 0,
  lastError: '',
};

const cases: [QueueFilter, boolean][] = [
  [{}, true],
  [{ ids: ['A1', 'B2'] }, true],
  [{ ids: ['B2'] }, false],
  [{ ids: [] }, true],
  [{ state: 'waiting' }, true],
  [{ tenant: 'shop' }, true],
  [{ tenant: '' }, false],
  [{ queue: 'default' }, true],
  [{ queue: 'news' }, false],
  [{ state: 'held' }, false],
  [{ olderThanMs: 999_000 }, true],
  [{ olderThanMs: 1_000_000 }, false],
  [{ newerThanMs: 1_000_001 }, true],
  [{ newerThanMs: 1_000_000 }, false],
  [{ domain: 'MAIL.example.com' }, true],
  [{ domain: '*.example.com' }, true],
  [{ domain: 'example.com' }, false],
  [{ domain: '*.example.com', state: 'held' }, false],
];

test('the queue of a row is compared by its name', () => {
  const matches = (queue: string): boolean =>
    new RowMatcher({ queue }, 2_000_000).matchesFacts({ ...row, queue: 'news' });
  assert.deepEqual(['news', 'default', 'new'].map(matches), [true, false, false]);
});

test('a row must match all filters that are given', () => {
  for (const [filter, expected] of cases) {
    assert.equal(new RowMatcher(filter, 2_000_000).matchesFacts(row), expected, JSON.stringify(filter));
  }
});

test('the state held chooses everything that is held, also what is in flight', () => {
  const held = new RowMatcher({ state: 'held' }, 2_000_000);
  const active = new RowMatcher({ state: 'active' }, 2_000_000);
  for (const [state, isHeld, isMatch] of [
    ['held', true, true],
    ['active', true, true],
    ['active', false, false],
  ] as const) {
    assert.equal(held.matchesFacts({ ...row, state, isHeld }), isMatch, `${state} ${isHeld}`);
    assert.equal(active.matchesFacts({ ...row, state, isHeld }), state === 'active', `${state} ${isHeld}`);
  }
});

const addresses: [QueueFilter, string, string, boolean][] = [
  [{ sender: '<>' }, '', 'x@example.com', true],
  [{ sender: '<>' }, 'a@example.com', 'x@example.com', false],
  [{ sender: '*' }, '', 'x@example.com', true],
  [{ sender: 'news-*@*.example.org' }, 'news-7@a.example.org', 'x@example.com', true],
  [{ sender: 'news-*@*.example.org' }, 'news-7@example.org', 'x@example.com', false],
  [{ recipient: 'X@Example.COM' }, 'a@b', 'x@example.com', true],
  [{ recipient: '*aa*aa' }, '', 'aaa', false],
  [{ recipient: '*aa*aa' }, '', 'aaaa', true],
];

test('address patterns support * and <>, and ignore case', () => {
  for (const [filter, sender, recipient, expected] of addresses) {
    assert.equal(
      new RowMatcher(filter, 0).matchesAddresses(sender, recipient),
      expected,
      JSON.stringify(filter),
    );
  }
});

test('a filter by the reason of a quarantine chooses only what is held for such a reason', () => {
  const anything = new RowMatcher({ quarantine: '*' }, 2_000_000);
  const spam = new RowMatcher({ quarantine: '*spam*' }, 2_000_000);
  assert.equal(anything.matchesFacts(row), false, 'it is not held');
  assert.equal(anything.matchesFacts({ ...row, isHeld: true }), true);
  for (const [reason, isAny, isSpam] of [
    [undefined, false, false],
    ['', true, false],
    ['a virus', true, false],
    ['looks like SPAM to us', true, true],
  ] as const) {
    assert.equal(anything.matchesQuarantine(reason), isAny, String(reason));
    assert.equal(spam.matchesQuarantine(reason), isSpam, String(reason));
  }
  assert.equal(new RowMatcher({}, 0).matchesQuarantine(undefined), true);
});
