// The directory of users with Sluice as a program: its process, what depends on it while that is away, and a directory that comes with
// a reload.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { ownProcesses, startSluice, type Sluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { sluice as command } from '../cli/run.ts';
import { send } from '../interop/mail.ts';

const content = 'Subject: x\r\n\r\nHello\r\n';

interface World {
  readonly config: SluiceConfig;
  readonly start: () => Promise<Sluice>;
  /** The reply to a recipient that is not 250; else to the message. */
  readonly answer: (sluice: Sluice, to: string) => Promise<string>;
}

function world(t: TestContext): World {
  const ground = Ground.of(t);
  const path = join(ground.directory, 'users.jsonl');
  const records = [
    { domain: 'here.test' },
    { user: 'joe@here.test', password: '{PLAIN}x', aliases: ['jo@here.test'] },
  ];
  writeFileSync(path, records.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const config: SluiceConfig = {
    ...ownProcesses,
    directory: [{ name: 'users', kind: 'users', path }],
    recipients: [{ domain: ['here.test'], directory: true, subaddress: '+' }],
    deliver: { max_connections: 0 },
  };
  return {
    config,
    start: () => startSluice(ground, { config }),
    answer: async (sluice, to) => {
      const replies = await send(sluice.port, { from: 'a@b.example', to: [to], content });
      return replies.find((reply) => !/^(?:220|250)/u.test(reply)) ?? replies.at(-1) ?? '';
    },
  };
}

async function assertKnown({ answer }: World, sluice: Sluice): Promise<void> {
  assert.match(await answer(sluice, 'Joe@here.test'), /^(?:250|354)/u);
  assert.match(await answer(sluice, 'jo+lists@here.test'), /^(?:250|354)/u);
  assert.match(await answer(sluice, 'jane@here.test'), /^550 5\.1\.1/u);
}

test('recipients are the users of the directory and their aliases', async (t) => {
  const it = world(t);
  await assertKnown(it, await it.start());
});

test('sluice user test says whether a log-in would work, and a changed password is in force soon', async (t) => {
  const ground = Ground.of(t);
  const path = join(ground.directory, 'users.jsonl');
  const sluice = await startSluice(ground, {
    config: { directory: [{ name: 'users', kind: 'users', path }] },
  });
  const run = (args: string, input: string) =>
    command([...args.split(' '), '--config', sluice.configFile], { input });
  assert.equal((await run('user test joe@here.test', 'x')).code, 75, 'the file is not there');
  await run('domain add here.test', '');
  await run('user add joe@here.test --alias jo@here.test', 'first\n');
  const login = (password: string) => run('user test jo@here.test', password);
  await until('the file is read', async () => (await login('first')).code === 0);
  assert.equal(
    (await login('first')).stdout,
    'The password is right.\nuser        joe@here.test\nalias       jo@here.test\n',
  );
  const { code, stdout } = await login('second');
  assert.deepEqual([code, stdout], [1, 'The log-in is refused: the password is wrong.\n']);
  await run('user passwd joe@here.test', 'second\n');
  await until('the new one is in force', async () => (await login('second')).code === 0);
  assert.equal((await login('first')).code, 1);
  const phone = (await run('user passwd joe@here.test --application Phone', '')).stdout.trim();
  await until('it, too', async () => /right\. It is the one for Phone\./u.test((await login(phone)).stdout));
  assert.match(
    (await run('user test nobody@here.test --no-password', '')).stdout,
    /no user with the address/u,
  );
});

test('in a single process, too', async (t) => {
  const it = world(t);
  const ground = Ground.of(t);
  const config = { ...it.config, processes: { single_process: true } };
  await assertKnown(it, await startSluice(ground, { config }));
});

test('while the keys process does not answer, recipients get 451, and never 550; it is started again', async (t) => {
  const it = world(t);
  const sluice = await it.start();
  await assertKnown(it, sluice);
  const before = sluice.pidOf('keys');
  process.kill(before, 'SIGSTOP');
  for (const to of ['joe@here.test', 'jane@here.test'])
    assert.match(await it.answer(sluice, to), /^451 4\.3\.0 Recipients cannot be checked now/u);
  await until('status says so', async () =>
    /keys process \(\d+\) does not answer/u.test(await sluice.cli('status')),
  );
  process.kill(before, 'SIGKILL');
  await sluice.logged(({ msg }) => msg === 'the keys process runs again');
  assert.notEqual(sluice.pidOf('keys'), before);
  await until('it answers', async () => !(await it.answer(sluice, 'joe@here.test')).startsWith('451'));
  await assertKnown(it, sluice);
});

test('a directory that comes with a reload gets its process, and one that goes loses it', async (t) => {
  const it = world(t);
  const ground = Ground.of(t);
  const sluice = await startSluice(ground, { config: { ...ownProcesses, deliver: { max_connections: 0 } } });
  assert.throws(() => sluice.pidOf('keys'));
  assert.match(await it.answer(sluice, 'jane@here.test'), /^(?:250|354)/u);
  sluice.configure(it.config);
  await sluice.cli('reload');
  await until('recipients are checked', async () =>
    (await it.answer(sluice, 'jane@here.test')).startsWith('550'),
  );
  await assertKnown(it, sluice);
  sluice.configure({ deliver: { max_connections: 0 } });
  await sluice.cli('reload');
  await until('the keys process has ended', () => {
    try {
      sluice.pidOf('keys');
      return false;
    } catch {
      return true;
    }
  });
  assert.match(await it.answer(sluice, 'jane@here.test'), /^(?:250|354)/u);
  assert.equal(await sluice.program.stop('SIGTERM'), 0);
});
