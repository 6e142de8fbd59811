// Questions to the keys process: answered, or told to fail when it is lost, silent, overloaded, or not wanted.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Asked, Request } from '../../src/channel/messages.ts';
import { parseConfig } from '../../src/config/config.ts';
import { DirectoryLink } from '../../src/process/roles/directory-link.ts';
import type { LinkEnds } from '../../src/process/roles/keys-calls.ts';

const withDirectory = parseConfig('[[directory]]\nname = "a"\nkind = "users"\npath = "a"\n', 'test');
const without = parseConfig('', 'test');

function linked(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const posted: Request[] = [];
  let opened = 0;
  let ends: LinkEnds | undefined;
  const directory = new DirectoryLink((made) => {
    ends = made;
    return {
      open: () => Promise.resolve(void opened++),
      post: (message: Asked) => void (message.kind === 'request' && posted.push(message)),
      congested: false,
      whenDrained: () => undefined,
      close: () => void opened--,
    };
  });
  directory.configure(withDirectory);
  t.after(() => directory.close());
  /** Answers the last request of this operation. */
  const answer = (operation: string, result: unknown): void => {
    const { id } = posted.findLast((request) => request.operation === operation) as Request;
    ends?.take([{ kind: 'response', id, result }]);
  };
  return { directory, posted, answer, opened: () => opened, lose: () => ends?.lost() };
}

test('an answer goes to its question', async (t) => {
  const { directory, answer } = linked(t);
  const found = directory.find('joe@example.com');
  answer('find', { kind: 'absent' });
  assert.deepEqual(await found, { kind: 'absent' });
});

test('an answer that is none is no wrong password', async (t) => {
  const { directory, answer } = linked(t);
  const checked = directory.checkPassword({ login: 'a', password: 'b', client: '', isEncrypted: true });
  answer('check-password', { kind: 'maybe' });
  assert.equal((await checked).kind, 'failing');
});

test('a login that no client can send is refused before it is asked', async (t) => {
  const { directory, posted } = linked(t);
  const login = 'a'.repeat(12_289);
  assert.equal((await directory.startScram(login, '')).kind, 'failing');
  assert.equal(posted.length, 0);
});

test('when the keys process is lost, its questions fail', async (t) => {
  const { directory, lose } = linked(t);
  const found = directory.find('joe@example.com');
  lose();
  assert.deepEqual(await found, { kind: 'failing', reason: 'the keys process is being restarted' });
});

test('a keys process that answers pings may take its time; one that does not is given up', async (t) => {
  const { directory, posted, answer } = linked(t);
  const slow = directory.checkPassword({ login: 'a', password: 'b', client: '', isEncrypted: true });
  for (let second = 0; second < 20; second++) {
    t.mock.timers.tick(1_000);
    answer('ping', null);
  }
  assert.equal(posted.filter(({ operation }) => operation === 'ping').length, 20);
  t.mock.timers.tick(6_000);
  assert.deepEqual(await slow, { kind: 'failing', reason: 'the keys process does not answer' });
});

test('without a directory nobody is connected to, and nothing is known', async (t) => {
  const { directory, opened } = linked(t);
  assert.equal(opened(), 1);
  const found = directory.find('joe@example.com');
  directory.configure(without);
  assert.equal((await found).kind, 'failing');
  assert.equal(opened(), 0);
  assert.deepEqual(await directory.findDomain('example.com'), {
    kind: 'failing',
    reason: 'there is no [[directory]]',
  });
  directory.configure(withDirectory);
  directory.configure(withDirectory);
  assert.equal(opened(), 1);
});
