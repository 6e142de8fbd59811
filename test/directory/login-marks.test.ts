// When a log-in of before is not right any more.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LoginMark } from '../../src/directory/types.ts';
import type { Users } from '../../src/directory/users.ts';
import { directoryWorld, withPassword, type DirectoryWorld } from './world.ts';

const joe = { user: 'joe@example.com', password: '{PLAIN}secret', aliases: ['info@example.com'] };
const phone = { name: 'phone', password: '{PLAIN}for the phone' };

function openWith(it: DirectoryWorld, record: object): Promise<Users> {
  const path = join(it.folder.path, 'users.jsonl');
  writeFileSync(path, `${JSON.stringify(record)}\n`);
  return it.open([{ kind: 'users', name: 'own', path, domains: [] }]);
}

async function loggedIn(it: DirectoryWorld, record: object = joe): Promise<LoginMark> {
  const users = await openWith(it, record);
  const answer = await users.checkPassword(withPassword('joe@example.com', 'secret'));
  assert.ok(answer.kind === 'right' && answer.mark !== undefined);
  return { address: answer.user.address, mark: answer.mark };
}

const changes: readonly (readonly [what: string, record: object])[] = [
  ['the user is disabled', { ...joe, disabled: true }],
  ['the password is another one', { ...joe, password: '{PLAIN}new' }],
  ['the user has another address', { ...joe, user: 'joseph@example.com' }],
  ['the address is an alias of somebody else', { ...joe, user: 'new@example.com', aliases: [joe.user] }],
  ['there is no such user', { domain: 'example.com' }],
  ['an application password is new', { ...joe, applications: [phone] }],
];

for (const [what, record] of changes)
  test(`a log-in is over when ${what}`, async (t) => {
    const it = directoryWorld(t);
    const login = await loggedIn(it);
    assert.deepEqual(await (await openWith(it, record)).isStillLoggedIn(login), { kind: 'changed' });
  });

test('a log-in goes on with what the user may send from now, also over a restart', async (t) => {
  const it = directoryWorld(t);
  const login = await loggedIn(it);
  const users = await openWith(it, { ...joe, aliases: [], senders: ['@example.net'] });
  const still = await users.isStillLoggedIn(login);
  assert.ok(still.kind === 'user');
  assert.deepEqual([still.user.aliases, still.user.senders], [[], ['@example.net']]);
});

test('a directory that cannot tell does not end a log-in', async (t) => {
  const it = directoryWorld(t);
  const login = await loggedIn(it);
  const users = await openWith(it, { nonsense: true });
  assert.equal((await users.isStillLoggedIn(login)).kind, 'failing');
});

test('a mark tells nothing about the password', async (t) => {
  const it = directoryWorld(t);
  const { mark } = await loggedIn(it);
  const elsewhere = directoryWorld(t);
  const path = join(elsewhere.folder.path, 'users.jsonl');
  writeFileSync(path, `${JSON.stringify(joe)}\n`);
  const source = { kind: 'users' as const, name: 'own', path, domains: [] };
  const users = await elsewhere.open([source], { secret: Buffer.alloc(32, 1) });
  const answer = await users.checkPassword(withPassword('joe@example.com', 'secret'));
  assert.ok(answer.kind === 'right');
  assert.notEqual(answer.mark, mark, 'the key of the directory is in it');
});
