// Forwards of a user to addresses of the same user: few of them are usual, and many of them end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownLoop, passedOwn } from '../../../src/deliver/system/own-forwards.ts';

const named = (count: number, user = 'joe', domain = 'here.test'): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${user}-${at}@${domain}`);

test('addresses of one user are counted, whatever extension they have', () => {
  const passed = ['joe@here.test', 'joe-a@here.test', 'JOE-b-c@HERE.test', 'sue@here.test', 'joe@x.test'];
  assert.equal(passedOwn(passed, 'joe-z@here.test', '-'), 3);
  assert.equal(passedOwn(passed, 'joe@here.test', '+'), 1);
  assert.equal(passedOwn(passed, 'joel@here.test', '-'), 0);
});

const table: readonly (readonly [passed: number, named: readonly string[], isLoop: boolean])[] = [
  [0, named(100), false],
  [0, named(101), true],
  [0, named(1_000, 'sue'), false],
  [0, named(1_000, 'joe', 'x.test'), false],
  [1, named(10), false],
  [1, [...named(10), ...named(900, 'list')], false],
  [1, named(11), true],
  [2, named(1), false],
  [2, named(2), true],
  [9, named(1), false],
  [10, [], true],
];

for (const [passed, addresses, isLoop] of table)
  test(`delivered ${passed} times, and on to ${addresses.length}, such as ${addresses[0] ?? 'none'}`, () => {
    const loop = ownLoop('joe-x@here.test', '-', passed, addresses);
    assert.equal(loop?.[0], isLoop ? '5.4.6' : undefined);
  });

test('of one message, a user makes a bounded number of others', () => {
  let [messages, all] = [1, 0];
  for (let passed = 0; passed < 20; passed++) {
    const most = [1_000, 100, 10, 1, 0].find(
      (count) => ownLoop('joe@here.test', '-', passed, named(count)) === undefined,
    );
    messages *= most ?? 0;
    all += messages;
  }
  assert.ok(all > 0 && all < 20_000);
});
