// Passwords that are checked elsewhere: by Dovecot's authentication server and by checkpassword programs.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { SourceSettings } from '../../src/directory/settings.ts';
import { directoryWorld, type DirectoryWorld, withPassword } from './world.ts';

const greeting =
  'VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\tabc\nDONE\n';

/** A Dovecot that greets so, and answers each request as `answer` says. */
async function dovecot(
  { folder }: DirectoryWorld,
  answer: (request: readonly string[], socket: Socket) => string,
  greets = greeting,
): Promise<{ readonly source: SourceSettings; readonly connections: () => number }> {
  const path = join(folder.path, 'auth');
  let connections = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    connections++;
    open.add(socket);
    let kept = '';
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      const lines = (kept + bytes.toString()).split('\n');
      kept = lines.pop() ?? '';
      for (const line of lines) {
        const words = line.split('\t');
        if (words[0] === 'AUTH') socket.write(answer(words, socket));
      }
    });
    // In pieces that end anywhere.
    for (const byte of greets) socket.write(byte);
  });
  server.listen(path);
  await once(server, 'listening');
  folder.atEnd(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const times = { timeoutMs: 60_000, rememberMs: 0 };
  return {
    source: { kind: 'dovecot', name: 'dovecot', path, domains: [], ...times },
    connections: () => connections,
  };
}

function rightFor(password: string) {
  return ([, id = '', , ...parameters]: readonly string[]): string => {
    const response = parameters.at(-1)?.replace(/^resp=/u, '') ?? '';
    const [, login = '', given] = Buffer.from(response, 'base64').toString().split('\0');
    return given === password ? `OK\t${id}\tuser=${login}\n` : `FAIL\t${id}\tuser=${login}\n`;
  };
}

suite("Dovecot's authentication server", () => {
  test('says whether a password is right, over one connection', async (t) => {
    const it = directoryWorld(t);
    const { source, connections } = await dovecot(it, rightFor('ü secret'));
    const users = await it.open([source]);
    const right = await users.checkPassword(withPassword('Joe@Example.com', 'ü secret'));
    assert.deepEqual(right, {
      kind: 'right',
      user: { address: 'joe@example.com', aliases: [], senders: [] },
    });
    const wrong = await Promise.all(
      ['x', 'y'].map((password) => users.checkPassword(withPassword('joe@example.com', password))),
    );
    assert.deepEqual(
      wrong.map(({ kind }) => kind),
      ['wrong', 'wrong'],
    );
    assert.equal(connections(), 1);
  });

  test('is told the client, and whether the connection is encrypted', async (t) => {
    const it = directoryWorld(t);
    const asked: (readonly string[])[] = [];
    const { source } = await dovecot(it, (request) => {
      asked.push(request.slice(2, -1));
      return `FAIL\t${request[1]}\n`;
    });
    const users = await it.open([source]);
    await users.checkPassword(withPassword('joe@example.com', 'x'));
    await users.checkPassword({ login: 'joe', password: 'x', client: '', isEncrypted: false });
    assert.deepEqual(asked, [
      ['PLAIN', 'service=smtp', 'nologin', 'rip=192.0.2.1', 'secured'],
      ['PLAIN', 'service=smtp', 'nologin'],
    ]);
  });

  for (const [what, answer] of [
    ['a temporary failure', (id: string) => `FAIL\t${id}\tuser=joe\ttemp\n`],
    ['one of newer versions', (id: string) => `FAIL\t${id}\tuser=joe\tcode=temp_fail\n`],
    ['a further question', (id: string) => `CONT\t${id}\tabc\n`],
  ] as const)
    test(`${what} is no wrong password`, async (t) => {
      const it = directoryWorld(t);
      const { source } = await dovecot(it, ([, id = '']) => answer(id));
      const users = await it.open([source]);
      assert.equal((await users.checkPassword(withPassword('joe', 'x'))).kind, 'failing');
    });

  for (const [what, greets] of [
    ['another major version', 'VERSION\t2\t0\nMECH\tPLAIN\nDONE\n'],
    ['no PLAIN', 'VERSION\t1\t2\nMECH\tSCRAM-SHA-256\nDONE\n'],
    ['a line without end', 'x'.repeat(20_000)],
    ['something else', 'DONE\n'],
  ] as const)
    test(`a greeting with ${what} makes log-ins fail for a time`, async (t) => {
      const it = directoryWorld(t);
      const { source } = await dovecot(it, rightFor('x'), greets);
      const users = await it.open([source]);
      assert.equal((await users.checkPassword(withPassword('joe', 'x'))).kind, 'failing');
    });

  test('that goes away makes its questions fail, and is connected to again', async (t) => {
    const it = directoryWorld(t);
    let isGoing = true;
    const { source, connections } = await dovecot(it, (request, socket) => {
      if (!isGoing) return rightFor('x')(request);
      isGoing = false;
      socket.destroy();
      return '';
    });
    const users = await it.open([source]);
    const answer = await users.checkPassword(withPassword('joe', 'x'));
    assert.deepEqual(answer, {
      kind: 'failing',
      reason: 'the source "dovecot": Dovecot has closed the connection',
    });
    assert.match(
      it.troubles.list.map(({ text }) => text).join('; '),
      /"dovecot" of the directory cannot tell/u,
    );
    assert.equal((await users.checkPassword(withPassword('joe', 'x'))).kind, 'right');
    assert.deepEqual(it.troubles.list, []);
    assert.equal(connections(), 2);
  });

  test('that is not there makes log-ins fail for a time', async (t) => {
    const it = directoryWorld(t);
    const path = join(it.folder.path, 'none');
    const times = { timeoutMs: 60_000, rememberMs: 0 };
    const users = await it.open([{ kind: 'dovecot', name: 'gone', path, domains: [], ...times }]);
    const answer = await users.checkPassword(withPassword('joe', 'x'));
    assert.ok(answer.kind === 'failing');
    assert.match(answer.reason, /the source "gone": .*none/u);
  });

  test('a password that was right is not asked about again while it is remembered', async (t) => {
    const it = directoryWorld(t);
    let asked = 0;
    const { source } = await dovecot(it, (request) => {
      asked++;
      return rightFor('x')(request);
    });
    const users = await it.open([{ ...source, rememberMs: 60_000 } as SourceSettings]);
    for (const password of ['x', 'x', 'y', 'y']) await users.checkPassword(withPassword('joe', password));
    assert.equal(asked, 3, 'wrong ones are asked about each time');
  });
});

/** A program that does what its text says, with the name in $user and the password in $password. */
function program({ folder }: DirectoryWorld, text: string, timeoutMs = 60_000): SourceSettings {
  const path = join(folder.path, 'checkpassword');
  writeFileSync(
    path,
    `#!/bin/bash\nIFS= read -r -d '' user <&3; IFS= read -r -d '' password <&3; IFS= read -r -d '' time <&3\n${text}\n`,
  );
  chmodSync(path, 0o755);
  const times = { timeoutMs, rememberMs: 0 };
  return { kind: 'checkpassword', name: 'program', command: [path, '-x'], domains: [], ...times };
}

const asInterface =
  '[ "$1" = -x ] && [ "$user" = joe@example.com ] && [ "$password" = "ü secret" ] && exec "$2"; exit 1';

suite('checkpassword programs', () => {
  test('say whether a password is right', async (t) => {
    const it = directoryWorld(t);
    const users = await it.open([program(it, asInterface)]);
    assert.equal((await users.checkPassword(withPassword('Joe@example.com', 'ü secret'))).kind, 'right');
    assert.equal((await users.checkPassword(withPassword('joe@example.com', 'secret'))).kind, 'wrong');
    assert.equal((await users.checkPassword(withPassword('jane@example.com', 'ü secret'))).kind, 'wrong');
  });

  for (const [what, text] of [
    ['cannot tell', 'exit 111'],
    ['is called in a wrong way', 'exit 2'],
    ['fails', 'exit 100'],
    ['is killed', 'kill -9 $$'],
  ] as const)
    test(`one that ${what} says nothing of the password`, async (t) => {
      const it = directoryWorld(t);
      const users = await it.open([program(it, text)]);
      assert.equal((await users.checkPassword(withPassword('joe', 'x'))).kind, 'failing');
    });

  test('one that does not end is killed', async (t) => {
    const it = directoryWorld(t);
    const users = await it.open([program(it, 'exec tail -f /dev/null', 200)]);
    const answer = await users.checkPassword(withPassword('joe', 'x'));
    assert.ok(answer.kind === 'failing');
    assert.match(answer.reason, /did not end in time/u);
  });

  test('one that is not there says nothing of the password', async (t) => {
    const it = directoryWorld(t);
    const source = { ...program(it, ''), command: ['/nonexistent/checkpassword'] } as SourceSettings;
    const users = await it.open([source]);
    assert.equal((await users.checkPassword(withPassword('joe', 'x'))).kind, 'failing');
  });

  test('one that reads nothing decides by its exit code', async (t) => {
    const it = directoryWorld(t);
    const source = program(it, '');
    assert.ok(source.kind === 'checkpassword');
    writeFileSync(source.command[0] ?? '', '#!/bin/sh\nexit 1\n');
    const users = await it.open([source]);
    assert.equal((await users.checkPassword(withPassword('joe', 'x'.repeat(400)))).kind, 'wrong');
  });

  test('more than 512 bytes, and a zero byte in a name or password, are never passed on', async (t) => {
    const it = directoryWorld(t);
    const users = await it.open([program(it, 'exec "$2"')]);
    assert.equal((await users.checkPassword(withPassword('joe', 'x'))).kind, 'right');
    for (const [login, password] of [
      ['joe', 'x'.repeat(512)],
      ['joe', 'x\0y'],
    ] as const)
      assert.equal((await users.checkPassword(withPassword(login, password))).kind, 'wrong');
  });
});

suite('sources that know users, and sources that check passwords', () => {
  const yescrypt = '{"user":"joe@example.com","password":"$y$j9T$salt$hash","quota":1024}\n';

  function usersFile({ folder }: DirectoryWorld, text: string): SourceSettings {
    const path = join(folder.path, 'users.jsonl');
    writeFileSync(path, text);
    return { kind: 'users', name: 'own', path, domains: [] };
  }

  test('a hash that Sluice does not check is left to a program, and the rest is known from its source', async (t) => {
    const it = directoryWorld(t);
    const users = await it.open([usersFile(it, yescrypt), program(it, asInterface)]);
    const right = await users.checkPassword(withPassword('joe@example.com', 'ü secret'));
    assert.ok(right.kind === 'right');
    assert.equal(right.user.quotaBytes, 1024);
    assert.equal((await users.checkPassword(withPassword('joe@example.com', 'x'))).kind, 'wrong');
  });

  test('a user without a stored password is left to a program; one with a stored password is not', async (t) => {
    const it = directoryWorld(t);
    const always = program(it, 'exec "$2"');
    const users = await it.open([
      usersFile(it, '{"user":"joe@example.com"}\n{"user":"jane@example.com","password":"{PLAIN}hers"}\n'),
      always,
    ]);
    assert.equal((await users.checkPassword(withPassword('joe@example.com', 'x'))).kind, 'right');
    assert.equal((await users.checkPassword(withPassword('jane@example.com', 'x'))).kind, 'wrong');
  });

  test('a program is asked about users of its domains only', async (t) => {
    const it = directoryWorld(t);
    const domains = [{ kind: 'exact', domain: 'example.com' }] as const;
    const users = await it.open([{ ...program(it, 'exec "$2"'), domains }]);
    assert.equal((await users.checkPassword(withPassword('joe@example.com', 'x'))).kind, 'right');
    assert.equal((await users.checkPassword(withPassword('joe@example.net', 'x'))).kind, 'wrong');
    assert.equal((await users.checkPassword(withPassword('joe', 'x'))).kind, 'wrong');
  });

  test('of several that check passwords, the next is asked when one says that a password is wrong', async (t) => {
    const it = directoryWorld(t);
    const { source } = await dovecot(it, rightFor('by dovecot'));
    const users = await it.open([program(it, 'exit 1'), source]);
    assert.equal((await users.checkPassword(withPassword('joe', 'by dovecot'))).kind, 'right');
    const failing = await it.open([program(it, 'exit 111'), source]);
    assert.equal((await failing.checkPassword(withPassword('joe', 'by dovecot'))).kind, 'failing');
  });
});
