// `sluice passwd` as a user of the system who is nobody special, as root, and in a session that is logged in meanwhile: with the roles as processes with
// users of their own, and in one process.

import assert from 'node:assert/strict';
import { chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { suite, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import { type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { identityOf } from '../../src/process/privileges/identity.ts';

const setpriv = '/usr/bin/setpriv';
const [base, keys, ordinary] = ['nobody', 'lp', 'bin'] as const;
const before = 'secret of before';
const after = 'secret of today';

function withoutUsers(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  try {
    for (const name of [base, keys, ordinary]) identityOf(name);
    return false;
  } catch (error) {
    return String(error);
  }
}

/** Runs `sluice passwd` as a user of the system; gives its exit code with what it printed. */
async function passwd(ground: Ground, sluice: Sluice, as: string, user: string, ...lines: string[]) {
  const { uid, gid } = identityOf(as);
  const command = [process.execPath, sluiceBin, 'passwd', user, '--config', sluice.configFile];
  const who = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const program = ground.start('passwd', setpriv, [...who, ...command], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  program.say(lines.map((line) => `${line}\n`).join(''));
  return `${String(await program.ended)}: ${program.output}`;
}

/** A session that has logged in. */
async function session(port: number, password: string) {
  const socket = connect(port, '127.0.0.1');
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const reply = async (): Promise<string> => {
    for (;;) {
      const { value, done } = (await lines.next()) as IteratorResult<string, undefined>;
      if (done === true || value === undefined) return 'closed';
      if (!/^\d{3}-/u.test(value)) return value;
    }
  };
  const say = (command: string): Promise<string> => {
    socket.write(`${command}\r\n`);
    return reply();
  };
  await reply();
  await say('EHLO client.test');
  const plain = Buffer.from(`\0joe@here.test\0${password}`).toString('base64');
  return { loggedIn: await say(`AUTH PLAIN ${plain}`), say, end: () => socket.destroy() };
}

suite('users change their own passwords', { skip: withoutUsers() }, () => {
  for (const singleProcess of [false, true]) {
    test(`with ${singleProcess ? 'all roles in one process' : 'users for the processes'}`, async (t) => {
      const ground = Ground.of(t);
      const path = join(ground.directory, 'users.jsonl');
      const { gid } = identityOf(singleProcess ? base : keys);
      const users = [
        { domain: 'here.test' },
        { user: 'joe@here.test', password: `{PLAIN}${before}`, aliases: ['jo@here.test'] },
      ];
      writeFileSync(path, users.map((each) => `${JSON.stringify(each)}\n`).join(''), { mode: 0o640 });
      // The single process is its own supervisor, and not root: the file has to be its own.
      chownSync(path, singleProcess ? identityOf(base).uid : 0, gid);
      const folder = ground.folder('sockets');
      if (singleProcess) chownSync(ground.directory, identityOf(base).uid, gid);
      const sluice = await startSluice(ground, {
        config: {
          user: base,
          ...(!singleProcess && { users: { keys } }),
          processes: { single_process: singleProcess },
          control_socket: `${folder}/control.sock`,
          control: { user_passwords: true },
          directory: [{ name: 'users', kind: 'users', path }],
          login: { failure_delay: '0s', mechanisms_in_clear: ['PLAIN'] },
          listen: [{ address: `127.0.0.1:0`, auth: 'offered' }],
          route: [{ discard: true }],
        },
      });
      const port = Number(/127\.0\.0\.1:(?<port>\d+)/u.exec(sluice.program.output)?.groups?.['port']);
      const { uid, mode } = statSync(path);

      const open = await session(port, before);
      assert.match(open.loggedIn, /^235/u);
      assert.match(await open.say('MAIL FROM:<joe@here.test>'), /^250/u);
      assert.match(await open.say('RSET'), /^250/u);

      const wrong = await passwd(ground, sluice, ordinary, 'joe@here.test', 'a wrong secret', after);
      assert.match(wrong, /^77: PASSWORD_WRONG: /u);
      assert.match(
        await passwd(ground, sluice, ordinary, 'joe@here.test', before, 'short'),
        /^64: PASSWORD_RULES: /u,
      );
      assert.match(
        await passwd(ground, sluice, ordinary, 'joe@here.test', before),
        /^64: PASSWORD_INPUT: There is one line/u,
      );
      assert.match(
        await passwd(ground, sluice, ordinary, 'jo@here.test', before, after),
        /^0: The password of joe@here\.test was changed\./u,
      );
      const now = statSync(path);
      assert.deepEqual([now.uid, now.gid, now.mode], [uid, gid, mode]);
      assert.match(readFileSync(path, 'utf8'), /"password":"\$argon2id/u);

      // The session of before ends at its next message once the keys process has read the file.
      await until('the session of before ends', async () => {
        const reply = await open.say('MAIL FROM:<joe@here.test>');
        if (reply.startsWith('421')) return true;
        assert.match(reply, /^250/u);
        assert.match(await open.say('RSET'), /^250/u);
        return false;
      });
      const again = await session(port, after);
      assert.match(again.loggedIn, /^235/u);
      again.end();

      // Root needs no old one.
      const config = ['passwd', 'joe@here.test', '--config', sluice.configFile];
      await ground.run(process.execPath, [sluiceBin, ...config], { input: 'secret by root\n' });
      await sluice.logged('passwordChanged', 2);
      const lines = (await sluice.whole()).filter(({ event }) => event === 'passwordChanged');
      assert.deepEqual(
        lines.map(({ user }) => user),
        ['joe@here.test', 'joe@here.test'],
      );
      for (const file of [join(sluice.directory, 'log'), path]) {
        const text = readFileSync(file, 'utf8');
        for (const secret of [after, 'a wrong secret', 'secret by root', 'short'])
          assert.ok(!text.includes(secret), `${file} has ${secret}`);
      }
      const crashes = join(sluice.spool, 'crash');
      for (const name of readdirSync(crashes, { recursive: true, encoding: 'utf8' }))
        if (statSync(join(crashes, name)).isFile())
          assert.doesNotMatch(readFileSync(join(crashes, name), 'latin1'), /secret/u, name);
    });
  }

  test('without user_passwords there is no socket, and the command says what to do', async (t) => {
    const ground = Ground.of(t);
    const path = join(ground.directory, 'users.jsonl');
    writeFileSync(path, `${JSON.stringify({ domain: 'here.test' })}\n`);
    const folder = ground.folder('sockets');
    const sluice = await startSluice(ground, {
      config: {
        user: base,
        control_socket: `${folder}/control.sock`,
        directory: [{ name: 'users', kind: 'users', path }],
        route: [{ discard: true }],
      },
    });
    assert.ok(!readdirSync(folder).includes('control-passwd.sock'));
    assert.match(
      await passwd(ground, sluice, ordinary, 'joe@here.test', before, after),
      /^69: PASSWORD_OFF: .*\n.*user_passwords = true/u,
    );
  });
});
