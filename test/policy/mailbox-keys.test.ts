// Under which keys a mailbox is looked up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPostmaster, type KeyRules, mailboxKeys } from '../../src/policy/mailbox-keys.ts';

const address: KeyRules = { key: 'address', separators: '' };
const plus: KeyRules = { key: 'address', separators: '+' };

const cases: readonly [string, KeyRules, readonly string[]][] = [
  ['joe', address, ['joe@example.com', '@example.com']],
  ['Joe.Doe', address, ['joe.doe@example.com', '@example.com']],
  ['joe+lists', address, ['joe+lists@example.com', '@example.com']],
  ['joe+lists', plus, ['joe+lists@example.com', 'joe@example.com', '@example.com']],
  ['joe+a+b', plus, ['joe+a+b@example.com', 'joe@example.com', '@example.com']],
  [
    'joe-a+b',
    { key: 'address', separators: '+-' },
    ['joe-a+b@example.com', 'joe@example.com', '@example.com'],
  ],
  ['+joe', plus, ['+joe@example.com', '@example.com']],
  ['joe+', plus, ['joe+@example.com', 'joe@example.com', '@example.com']],
  ['"joe"', address, ['joe@example.com', '@example.com']],
  ['"j\\oe+x"', plus, ['joe+x@example.com', 'joe@example.com', '@example.com']],
  ['"joe doe"', plus, ['"joe doe"@example.com', '@example.com']],
  ['"@"', address, ['"@"@example.com', '@example.com']],
  ['""', address, ['""@example.com', '@example.com']],
  ['J\u00d6E', address, ['j\u00f6e@example.com', '@example.com']],
  ['Joe+lists', { key: 'local_part', separators: '+' }, ['joe+lists', 'joe']],
  ['joe', { key: 'local_part', separators: '' }, ['joe']],
];

for (const [localPart, rules, keys] of cases) {
  test(`${localPart} with ${JSON.stringify(rules)}`, () => {
    assert.deepEqual(mailboxKeys(localPart, 'example.com', rules), keys);
  });
}

test('the postmaster is known in any case and with quotes', () => {
  for (const name of ['postmaster', 'PostMaster', '"postmaster"', '"post\\master"']) {
    assert.equal(isPostmaster(name), true, name);
  }
  for (const name of ['postmaster2', 'post.master', '', '"post master"']) {
    assert.equal(isPostmaster(name), false, name);
  }
});
