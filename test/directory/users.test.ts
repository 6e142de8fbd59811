// Who a user is and whether a password is right: several sources in order, application passwords, SCRAM, and sources that cannot tell.

import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HashPool, type HashJob, type HashThread } from '../../src/password/hash-pool.ts';
import { checkScramProof, formatScramSecret, scramSecretOf } from '../../src/password/scram.ts';
import { scramIterations } from '../../src/password/new-password.ts';
import type { SourceSettings } from '../../src/directory/settings.ts';
import { directoryWorld, type DirectoryWorld, withPassword } from './world.ts';

type Record_ = Readonly<Record<string, unknown>>;

function usersFile({ folder }: DirectoryWorld, records: readonly Record_[], name = 'own'): SourceSettings {
  const path = join(folder.path, `${name}.jsonl`);
  writeFileSync(path, records.map((each) => `${JSON.stringify(each)}\n`).join(''));
  return { kind: 'users', name, path, domains: [] };
}

function passwdFile(
  { folder }: DirectoryWorld,
  text: string,
  settings: Partial<Extract<SourceSettings, { kind: 'passwd' }>> = {},
): SourceSettings {
  const path = join(folder.path, 'users.passwd');
  writeFileSync(path, text);
  return { kind: 'passwd', name: 'passwd', path, key: 'address', domains: [], ...settings };
}

const joe = {
  user: 'joe@example.com',
  password: '{PLAIN}secret',
  aliases: ['j@example.com'],
  senders: ['@example.net'],
};
const facts = { address: 'joe@example.com', aliases: ['j@example.com'], senders: ['@example.net'] };

test('a user is found by address and alias, in any case', async (t) => {
  const it = directoryWorld(t);
  const users = await it.open([usersFile(it, [{ domain: 'example.com' }, joe])]);
  for (const address of ['joe@example.com', 'JOE@Example.COM', 'j@example.com', 'Joe@example.com.']) {
    const found = await users.find(address);
    assert.ok(found.kind === 'user', address);
    assert.deepEqual({ ...facts, mailbox: undefined, quotaBytes: undefined }, found.user);
  }
  for (const address of ['jane@example.com', 'joe', '', '@example.com', `${'a'.repeat(1000)}@example.com`])
    assert.deepEqual(await users.find(address), { kind: 'absent' }, address);
  assert.equal(
    users.keyOf('JOE@example.com.'),
    users.keyOf('joe@example.com'),
    'failures of both count together',
  );
  assert.deepEqual(await users.findDomain('Example.com'), { kind: 'present' });
  assert.deepEqual(await users.findDomain('example.net'), { kind: 'absent' });
});

test('a password is right or wrong; an alias logs in as its user', async (t) => {
  const it = directoryWorld(t);
  const users = await it.open([usersFile(it, [joe])]);
  const right = await users.checkPassword(withPassword('J@example.com', 'secret'));
  assert.ok(right.kind === 'right');
  assert.equal(right.user.address, 'joe@example.com');
  assert.deepEqual(await users.checkPassword(withPassword('joe@example.com', 'Secret')), {
    kind: 'wrong',
    reason: 'the password is wrong',
  });
  assert.deepEqual(await users.checkPassword(withPassword('jane@example.com', 'secret')), {
    kind: 'wrong',
    reason: 'there is no such user',
  });
});

test('stored passwords are in no answer', async (t) => {
  const it = directoryWorld(t);
  const users = await it.open([usersFile(it, [joe])]);
  const answers = [
    await users.find('joe@example.com'),
    await users.checkPassword(withPassword('joe@example.com', 'secret')),
    await users.startScram('joe@example.com'),
  ];
  assert.doesNotMatch(JSON.stringify(answers), /PLAIN|secret/u);
});

test('failed log-ins count under the address of the user, by whatever name', async (t) => {
  const it = directoryWorld(t);
  const users = await it.open([usersFile(it, [joe])], { defaultDomain: 'example.com' });
  for (const name of ['joe@example.com', 'JOE', 'j@Example.com', 'j'])
    assert.equal(await users.countedAs(name), 'joe@example.com', name);
  assert.equal(await users.countedAs('Nobody'), 'nobody@example.com');
});

test('a name without a domain belongs to the default domain', async (t) => {
  const it = directoryWorld(t);
  const sources = [usersFile(it, [joe])];
  const users = await it.open(sources, { defaultDomain: 'example.com' });
  assert.equal((await users.checkPassword(withPassword('joe', 'secret'))).kind, 'right');
  const without = await it.open(sources);
  assert.equal((await without.checkPassword(withPassword('joe', 'secret'))).kind, 'wrong');
});

test('the first source that knows a user decides', async (t) => {
  const it = directoryWorld(t);
  const users = await it.open([
    usersFile(it, [joe]),
    passwdFile(it, 'joe@example.com:{PLAIN}other\njane@example.com:{PLAIN}hers:::::\n'),
  ]);
  assert.equal((await users.checkPassword(withPassword('joe@example.com', 'other'))).kind, 'wrong');
  assert.equal((await users.checkPassword(withPassword('jane@example.com', 'hers'))).kind, 'right');
});

test('a source is asked about its domains only, and by local part if its keys are such', async (t) => {
  const it = directoryWorld(t);
  const users = await it.open([
    passwdFile(it, 'joe:{PLAIN}a\n', {
      key: 'local_part',
      domains: [{ kind: 'exact', domain: 'example.com' }],
    }),
  ]);
  const found = await users.find('joe@example.com');
  assert.equal(found.kind === 'user' && found.user.address, 'joe@example.com');
  assert.deepEqual(await users.find('joe@example.net'), { kind: 'absent' });
  assert.deepEqual(await users.findDomain('example.com'), { kind: 'present' });
  assert.deepEqual(await users.findDomain('example.net'), { kind: 'absent' });
});

test('a source that cannot be read makes log-ins fail for a time, and no user unknown', async (t) => {
  const it = directoryWorld(t);
  const users = await it.open([
    { kind: 'users', name: 'gone', path: join(it.folder.path, 'gone.jsonl'), domains: [] },
    usersFile(it, [joe]),
  ]);
  for (const answer of [
    await users.find('joe@example.com'),
    await users.findDomain('example.com'),
    await users.checkPassword(withPassword('joe@example.com', 'secret')),
    await users.startScram('joe@example.com'),
    await users.finishScram({ login: 'joe@example.com', authMessage: 'a', proof: 'YQ==' }),
  ])
    assert.equal(answer.kind, 'failing');
  assert.match(it.troubles.list.map(({ text }) => text).join(' '), /"gone of the directory" cannot be read/u);
});

test('a file with a mistake on one line, or an address twice, is not used', async (t) => {
  for (const records of [
    [joe, { user: 'jane@example.com', pasword: 'x' }],
    [joe, { user: 'J@example.com' }],
  ]) {
    const it = directoryWorld(t);
    const users = await it.open([usersFile(it, records)]);
    assert.equal((await users.find('joe@example.com')).kind, 'failing');
  }
});

test('a reload takes another file of the same source', async (t) => {
  const it = directoryWorld(t);
  const source = usersFile(it, [joe]);
  const users = await it.open([source]);
  assert.equal((await users.checkPassword(withPassword('joe@example.com', 'secret'))).kind, 'right');
  const next = usersFile(it, [{ ...joe, password: '{PLAIN}new' }], 'next');
  users.configure({
    sources: [{ ...next, name: source.name }],
    tokenIssuers: [],
    defaultDomain: '',
    hashThreads: 1,
    rememberMs: 0,
  });
  assert.equal((await users.checkPassword(withPassword('joe@example.com', 'secret'))).kind, 'wrong');
  assert.equal((await users.checkPassword(withPassword('joe@example.com', 'new'))).kind, 'right');
});

test('a user who is disabled, locked or without a password cannot log in', async (t) => {
  const it = directoryWorld(t);
  const users = await it.open([
    usersFile(it, [
      { ...joe, disabled: true },
      { user: 'locked@example.com', password: '!$6$x' },
      { user: 'none@example.com' },
    ]),
  ]);
  for (const login of ['joe@example.com', 'locked@example.com', 'none@example.com'])
    for (const password of ['secret', '', '!$6$x'])
      assert.equal((await users.checkPassword(withPassword(login, password))).kind, 'wrong', login);
});

test('a hash that Sluice does not check makes log-ins fail for a time, with the reason', async (t) => {
  const it = directoryWorld(t);
  const users = await it.open([usersFile(it, [{ user: 'joe@example.com', password: '$y$j9T$salt$hash' }])]);
  const answer = await users.checkPassword(withPassword('joe@example.com', 'x'));
  assert.ok(answer.kind === 'failing');
  assert.match(answer.reason, /joe@example\.com.*yescrypt.*checkpassword/u);
});

test('an application password is as good as the own one, and has its name', async (t) => {
  const it = directoryWorld(t);
  const applications = [
    { name: 'Phone', password: '{PLAIN}one' },
    { name: 'Printer', password: '{PLAIN}two' },
  ];
  const users = await it.open([usersFile(it, [{ ...joe, applications }])]);
  const with_ = async (password: string) => users.checkPassword(withPassword('joe@example.com', password));
  const own = await with_('secret');
  assert.ok(own.kind === 'right' && own.application === undefined);
  const printer = await with_('two');
  assert.ok(printer.kind === 'right' && printer.application === 'Printer');
  assert.equal((await with_('three')).kind, 'wrong');
});

/** A pool whose one thread says how often it computed, and that every password fits. */
function countingPool() {
  const jobs: HashJob[] = [];
  const startThread = (): HashThread => {
    let answer: (result: { readonly fits: boolean }) => void = () => undefined;
    return {
      on: (event: 'message' | 'error', act: never) => void (event === 'message' && (answer = act)),
      postMessage: (job) => {
        jobs.push(job);
        queueMicrotask(() => answer({ fits: job.password === 'secret' }));
      },
      ref: () => undefined,
      unref: () => undefined,
      terminate: () => Promise.resolve(),
    };
  };
  return { jobs, pool: new HashPool({ threads: 1, startThread }) };
}

const slow = `$2b$05$${'a'.repeat(53)}`;

test('a log-in of an unknown user computes the hash that real users have', async (t) => {
  const it = directoryWorld(t);
  const { jobs, pool } = countingPool();
  const users = await it.open([usersFile(it, [{ ...joe, password: slow }])], { pool });
  await users.checkPassword(withPassword('nobody@example.com', 'x'));
  assert.deepEqual(
    jobs.map(({ hash }) => hash.kind),
    ['argon2'],
    'before anybody has logged in, that of new passwords',
  );
  await users.checkPassword(withPassword('joe@example.com', 'wrong'));
  await users.checkPassword(withPassword('nobody@example.com', 'x'));
  assert.deepEqual(
    jobs.map(({ hash }) => hash.kind),
    ['argon2', 'bcrypt', 'bcrypt'],
  );
});

test('a password that was right is not computed again, as long as it is remembered', async (t) => {
  const it = directoryWorld(t);
  const { jobs, pool } = countingPool();
  const source = usersFile(it, [{ ...joe, password: slow }]);
  const users = await it.open([source], { pool, rememberMs: 60_000 });
  for (let time = 0; time < 3; time++)
    assert.equal((await users.checkPassword(withPassword('joe@example.com', 'secret'))).kind, 'right');
  assert.equal(jobs.length, 1);
  assert.equal((await users.checkPassword(withPassword('joe@example.com', 'wrong'))).kind, 'wrong');
  assert.equal(jobs.length, 2);
});

test('log-ins that wait for a hash pass when another has shown that the password is right', async (t) => {
  const it = directoryWorld(t);
  const { jobs, pool } = countingPool();
  const users = await it.open([usersFile(it, [{ ...joe, password: slow }])], { pool, rememberMs: 60_000 });
  const log = (password: string) => users.checkPassword(withPassword('joe@example.com', password));
  const right = await Promise.all(Array.from({ length: 40 }, () => log('secret')));
  assert.ok(right.every(({ kind }) => kind === 'right'));
  // The one that is given to the thread while the first one is being answered may be computed, too.
  assert.ok(jobs.length <= 2, `${jobs.length} were computed`);
  const before = jobs.length;
  const wrong = await Promise.all(Array.from({ length: 3 }, () => log('wrong')));
  assert.ok(wrong.every(({ kind }) => kind === 'wrong'));
  assert.equal(jobs.length, before + 3, 'each wrong password takes its time');
});

test('a password that cannot be computed now is not called wrong', async (t) => {
  const it = directoryWorld(t);
  const startThread = (): HashThread => {
    throw new Error('no threads left');
  };
  const pool = new HashPool({ threads: 1, startThread });
  const users = await it.open([usersFile(it, [{ ...joe, password: slow }])], { pool });
  assert.equal((await users.checkPassword(withPassword('joe@example.com', 'secret'))).kind, 'failing');
  assert.equal((await users.checkPassword(withPassword('nobody@example.com', 'secret'))).kind, 'failing');
});

const salt = Buffer.from('0123456789abcdef');
const secretOf = (password: string) =>
  scramSecretOf(password, { algorithm: 'sha256', iterations: 4096, salt });

/** The proof that a client with this password makes (RFC 5802 3). */
function proofOf(password: string, authMessage: string): string {
  const salted = pbkdf2Sync(password, salt, 4096, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest();
  const signature = createHmac('sha256', storedKey).update(authMessage).digest();
  return Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0))).toString('base64');
}

test('SCRAM: the own password and application passwords prove themselves with one salt', async (t) => {
  const it = directoryWorld(t);
  const record = {
    ...joe,
    scram: formatScramSecret(secretOf('secret')),
    applications: [{ name: 'Phone', password: '{PLAIN}one', scram: formatScramSecret(secretOf('one')) }],
  };
  const users = await it.open([usersFile(it, [record])]);
  assert.deepEqual(await users.startScram('J@example.com'), {
    kind: 'salt',
    salt: salt.toString('base64'),
    iterations: 4096,
  });
  const authMessage = 'n=j,r=a,r=ab,s=...,i=4096,c=biws,r=ab';
  for (const [password, application] of [
    ['secret', undefined],
    ['one', 'Phone'],
  ] as const) {
    const proof = proofOf(password, authMessage);
    const answer = await users.finishScram({ login: 'j@example.com', authMessage, proof });
    assert.ok(answer.kind === 'right');
    assert.equal(answer.application, application);
    const expected = checkScramProof(secretOf(password), authMessage, Buffer.from(proof, 'base64'));
    assert.equal(answer.signature, expected?.toString('base64'));
  }
  const wrong = { login: 'joe@example.com', authMessage, proof: proofOf('other', authMessage) };
  assert.equal((await users.finishScram(wrong)).kind, 'wrong');
});

test('SCRAM shows no difference between a user who is not there, one without a secret, and one who is disabled', async (t) => {
  const it = directoryWorld(t);
  const secret = Buffer.alloc(32, 7);
  const records = [
    joe,
    { user: 'off@example.com', disabled: true, scram: formatScramSecret(secretOf('a')), password: '' },
  ];
  const users = await it.open([usersFile(it, records)], { secret });
  const salts = new Set<string>();
  for (const login of ['joe@example.com', 'off@example.com', 'nobody@example.com']) {
    const start = await users.startScram(login);
    assert.ok(start.kind === 'salt');
    assert.equal(start.iterations, scramIterations);
    assert.equal(Buffer.from(start.salt, 'base64').length, 16);
    assert.deepEqual(await users.startScram(login.toUpperCase()), start, 'the same each time');
    salts.add(start.salt);
    assert.equal(
      (await users.finishScram({ login, authMessage: 'a', proof: proofOf('a', 'a') })).kind,
      'wrong',
    );
  }
  assert.equal(salts.size, 3);
  const again = await it.open([], { secret });
  const nobody = await again.startScram('nobody@example.com');
  assert.ok(nobody.kind === 'salt' && salts.has(nobody.salt), 'over a restart, too');
});
