// The link of a sender to the keys process: made at the first question, waited for while that process starts, closed when no route needs it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { MailboxUsers } from '../../src/process/roles/mailbox-users.ts';

const directory = '[[directory]]\nname = "a"\nkind = "users"\npath = "/users"\n';
const withMailboxes = parseConfig(
  `${directory}[[route]]\ndomain = ["a.test"]\nmailbox = true\n`,
  '/sluice.toml',
);
const without = parseConfig(directory, '/sluice.toml');

function ground() {
  const told: string[] = [];
  const waiting: (() => void)[] = [];
  let isLinked = false;
  const users = new MailboxUsers();
  users.openBy(() => {
    told.push('opened');
    return {
      find: (address) => {
        told.push(`asked ${address}`);
        return Promise.resolve({ kind: 'absent' });
      },
      configure: () => void told.push('configured'),
      close: () => void told.push('closed'),
      whenLinked: (callback) => (isLinked ? callback() : void waiting.push(callback)),
    };
  });
  const link = (): void => {
    isLinked = true;
    for (const callback of waiting) callback();
  };
  return { told, link, users };
}

test('nothing is opened before the first question, which waits for the link', async () => {
  const { told, link, users } = ground();
  users.configure(withMailboxes);
  assert.deepEqual(told, []);
  const answer = users.find('joe@a.test');
  await new Promise(setImmediate);
  assert.deepEqual(told, ['opened']);
  link();
  assert.deepEqual(await answer, { kind: 'absent' });
  users.configure(withMailboxes);
  await users.find('sue@a.test');
  assert.deepEqual(told, ['opened', 'asked joe@a.test', 'configured', 'asked sue@a.test']);
  users.configure(without);
  assert.equal((await users.find('ann@a.test')).kind, 'failing');
  assert.equal(told.at(-1), 'closed');
});

test('without a route into mailboxes, nobody is asked', async () => {
  const { told, users } = ground();
  users.configure(without);
  assert.equal((await users.find('joe@a.test')).kind, 'failing');
  assert.deepEqual(told, []);
});
