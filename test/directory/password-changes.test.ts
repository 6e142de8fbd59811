// Changes of passwords: who may, which passwords may be chosen, what is stored, and what guessing comes to.

import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { digestOfStored } from '../../src/directory/edit/stored-password.ts';
import { GuardedDirectory, type GuardSettings } from '../../src/directory/guarded-directory.ts';
import type { PasswordChange, StoreChange } from '../../src/directory/password-change.ts';
import { PasswordChanges } from '../../src/directory/password-changes.ts';
import { passwordFault, passwordFaultFor } from '../../src/directory/password-rules.ts';
import type { SourceSettings } from '../../src/directory/settings.ts';
import { storePassword } from '../../src/process/supervise/password-desk.ts';
import { checkPassword } from '../../src/password/check-password.ts';
import { parseHash } from '../../src/password/parse-hash.ts';
import { directoryWorld, withPassword } from './world.ts';

const records = [
  { domain: 'a.test' },
  {
    user: 'joe@a.test',
    password: '{PLAIN}old secret',
    aliases: ['joseph.doe@a.test'],
    applications: [{ name: 'Phone', password: '{PLAIN}phone secret' }],
  },
  { user: 'locked@a.test', password: '{PLAIN}old secret', disabled: true },
];
const others = 'sue@b.test:{PLAIN}old secret\n';
const perHour = (count: number) => ({ count, perMs: 3_600_000 });
const guard: GuardSettings = {
  failureDelayMs: 0,
  perClient: perHour(2),
  perNetwork: perHour(100),
  perUser: perHour(5),
  banMs: 60_000,
  exempt: [],
};

interface World {
  readonly ask: (change: PasswordChange) => ReturnType<PasswordChanges['change']>;
  readonly guarded: GuardedDirectory;
  readonly changed: readonly string[];
  readonly file: string;
  readonly joe: () => { readonly password: string; readonly scram: string; readonly applications: unknown };
}

async function world(t: TestContext, between: () => Promise<void> = () => Promise.resolve()): Promise<World> {
  const { folder, open } = directoryWorld(t);
  const written = (name: string, text: string): string => {
    writeFileSync(join(folder.path, name), text);
    return join(folder.path, name);
  };
  const file = written('users.jsonl', records.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const passwd = written('passwd', others);
  const sources: readonly SourceSettings[] = [
    { kind: 'users', name: 'own', domains: [], path: file },
    { kind: 'passwd', name: 'other', domains: [], path: passwd, key: 'address' },
  ];
  const users = await open(sources);
  const guarded = new GuardedDirectory(users, guard, {
    log: { warn: () => undefined },
    now: () => 0,
    wait: () => Promise.resolve(),
  });
  const changed: string[] = [];
  const store: StoreChange = async (change) => {
    await between();
    return storePassword({ directory: [{ kind: 'users', name: 'own', domains: [], path: file }] }, change);
  };
  const changes = new PasswordChanges({
    prove: (login, password) => guarded.provePassword(login, password),
    locate: (login) => users.locate(login),
    sources: () => sources,
    store,
    changed: (user) => changed.push(user),
  });
  return {
    ask: (change) => changes.change(change),
    guarded,
    changed,
    file,
    joe: () => {
      const line = readFileSync(file, 'utf8').split('\n')[1] ?? '';
      return JSON.parse(line) as ReturnType<World['joe']>;
    },
  };
}

const next = 'a new secret';
const joe: PasswordChange = { login: 'joe@a.test', password: 'old secret', next };

function fits(stored: string, password: string): boolean {
  const read = parseHash(stored);
  return read.kind === 'hash' && checkPassword(read.hash, password);
}

test('a user with the right password gets another one: hash, secret, and nothing else changes', async (t) => {
  const { ask, changed, file, joe: record } = await world(t);
  const { mode } = statSync(file);
  assert.deepEqual(await ask({ ...joe, login: 'Joseph.Doe@A.test' }), {
    kind: 'changed',
    user: 'joe@a.test',
  });
  const { password, scram, applications } = record();
  assert.match(password, /^\$argon2id\$/u);
  assert.ok(fits(password, next) && fits(scram, next) && !fits(password, 'old secret'));
  assert.deepEqual(applications, [{ name: 'Phone', password: '{PLAIN}phone secret' }]);
  assert.equal(statSync(file).mode, mode);
  assert.deepEqual(changed, ['joe@a.test']);
  const left = readFileSync(file, 'utf8').split('\n');
  assert.deepEqual(
    [left[0], left[2]],
    [records[0], records[2]].map((each) => JSON.stringify(each)),
  );
});

for (const [why, change, answer] of [
  ['a wrong password', { ...joe, password: 'a wrong secret' }, { kind: 'wrong' }],
  ['an empty password', { ...joe, password: '' }, { kind: 'wrong' }],
  ['a user who is not there', { ...joe, login: 'nobody@a.test' }, { kind: 'wrong' }],
  ['a user who may not log in', { ...joe, login: 'locked@a.test' }, { kind: 'wrong' }],
  ['the password of an application', { ...joe, password: 'phone secret' }, { code: 'PASSWORD_APPLICATION' }],
  ['a source that is not written', { ...joe, login: 'sue@b.test' }, { code: 'PASSWORD_SOURCE' }],
  ['the same as before', { ...joe, next: 'old secret' }, { code: 'PASSWORD_RULES' }],
  ['one that is too short', { ...joe, next: '7 chars' }, { code: 'PASSWORD_RULES' }],
  ['the address', { ...joe, next: 'JOE@a.test' }, { code: 'PASSWORD_RULES' }],
  ['the local part of an alias', { ...joe, next: 'Joseph.Doe' }, { code: 'PASSWORD_RULES' }],
  ['one of an operator that is too short', { login: 'joe@a.test', next: 'x' }, { code: 'PASSWORD_RULES' }],
  ['of an operator, nobody', { login: 'nobody@a.test', next }, { code: 'DIRECTORY_USER' }],
] as const satisfies readonly (readonly [string, PasswordChange, object])[]) {
  test(`nothing is changed for ${why}`, async (t) => {
    const { ask, changed, file } = await world(t);
    const before = readFileSync(file, 'utf8');
    const found = await ask(change);
    assert.partialDeepStrictEqual(found, answer);
    assert.doesNotMatch(JSON.stringify(found), /secret|7 chars|PLAIN/u);
    assert.deepEqual([readFileSync(file, 'utf8'), changed], [before, []]);
  });
}

test('an operator sets the password of a user without the old one, also of one who may not log in', async (t) => {
  const { ask, joe: record } = await world(t);
  assert.equal((await ask({ login: 'joe@a.test', next })).kind, 'changed');
  assert.ok(fits(record().password, next));
  assert.equal((await ask({ login: 'locked@a.test', next })).kind, 'changed');
});

test('guessing is counted and banned by user, whoever has proved who it is before', async (t) => {
  const { ask, guarded } = await world(t);
  // A right one of this host lets nobody else guess there: all users of the host look the same.
  assert.equal(
    (await guarded.checkPassword({ ...withPassword('joe@a.test', 'old secret'), client: '' })).kind,
    'right',
  );
  const kinds: string[] = [];
  for (let tries = 0; tries < 8; tries++)
    kinds.push((await ask({ ...joe, password: `guess ${tries}` })).kind);
  assert.equal(kinds[0], 'wrong');
  assert.equal(kinds.at(-1), 'banned');
  assert.equal((await ask(joe)).kind, 'banned');
  assert.deepEqual(
    (await guarded.bans()).map(({ kind, target }) => [kind, target]),
    [['user', 'joe@a.test']],
  );
});

test('a change of a user waits for no other one, and of two at once one is made', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { ask, joe: record, changed } = await world(t, () => promise);
  const both = Promise.all([ask(joe), ask({ ...joe, next: 'a second secret' })]);
  resolve();
  const found = await both;
  const refused = found.find(({ kind }) => kind === 'refused');
  assert.partialDeepStrictEqual(refused, { code: 'PASSWORD_BUSY' });
  assert.deepEqual(changed, ['joe@a.test']);
  assert.ok(fits(record().password, next) !== fits(record().password, 'a second secret'));
});

test('what somebody else has stored meanwhile is not replaced', async (t) => {
  const { file, joe: record } = await world(t);
  const change = { source: 'own', user: 'joe@a.test', password: '$x', scram: '$y' };
  const directory = [{ kind: 'users', name: 'own', domains: [], path: file }] as const;
  for (const [more, code] of [
    [{ before: digestOfStored('{PLAIN}older') }, 'PASSWORD_BUSY'],
    // An alias is no user.
    [{ before: digestOfStored('{PLAIN}old secret'), user: 'joseph.doe@a.test' }, 'PASSWORD_BUSY'],
    [{ before: digestOfStored('{PLAIN}old secret'), user: 'nobody@a.test' }, 'DIRECTORY_USER'],
    [{ before: digestOfStored('{PLAIN}old secret'), source: 'other' }, 'DIRECTORY_SOURCE'],
  ] as const)
    assert.partialDeepStrictEqual(await storePassword({ directory }, { ...change, ...more }), { code });
  assert.equal(record().password, '{PLAIN}old secret');
});

test('rules for passwords', () => {
  for (const [password, fault] of [
    ['12345678', undefined],
    ['1234567', /fewer than 8/u],
    // Characters count, not units of UTF-16.
    ['😀😀😀😀', /fewer than 8/u],
    ['ééééééé8', undefined],
    ['x'.repeat(512), undefined],
    ['x'.repeat(513), /more than 512 bytes/u],
    ['é'.repeat(257), /more than 512 bytes/u],
    ['12345678\n', /control/u],
    ['1234\x005678', /control/u],
  ] as const) {
    const found = passwordFault(password);
    if (fault === undefined) assert.equal(found, undefined, password);
    else assert.match(found ?? '', fault, password);
  }
  assert.equal(passwordFaultFor('joe.doe at home', ['joe.doe@a.test']), undefined);
  assert.equal(passwordFaultFor('anything', ['@a.test']), undefined);
  assert.notEqual(passwordFaultFor(' Joe.Doe@A.test ', ['x@a.test', 'joe.doe@a.test']), undefined);
});
