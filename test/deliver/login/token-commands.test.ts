// Tokens that a program prints: used for some time, forgotten when a server refuses them, and never shown.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { constants, openSync, readFileSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { TokenCommands } from '../../../src/deliver/login/token-commands.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

/** A program that counts its runs in a file, and then does as the script says. */
function world(t: TestContext, script: string, timeLimitMs = 60_000) {
  const folder = temporaryFolder(t, 'tokens').path;
  const runs = join(folder, 'runs');
  writeFileSync(runs, '');
  let nowMs = 0;
  return {
    commands: new TokenCommands({ nowMs: () => nowMs, timeLimitMs }),
    command: { command: ['/bin/sh', '-c', `echo run >> ${runs}; ${script}`], useMs: 60_000 },
    runs: () => readFileSync(runs, 'utf8').split('\n').length - 1,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test('a program runs once for many connections, and again when its token is old', async (t) => {
  const { command, commands, pass, runs } = world(t, 'echo token-$(wc -l < /dev/null)');
  const all = await Promise.all([commands.of(command), commands.of(command), commands.of(command)]);
  assert.deepEqual(all[0], { kind: 'secret', text: 'token-0' });
  pass(59_999);
  await commands.of(command);
  assert.equal(runs(), 1);
  pass(1);
  await commands.of(command);
  assert.equal(runs(), 2);
});

test('a token that a server has refused is not used again, and a newer one stays', async (t) => {
  const { command, commands, runs } = world(t, 'echo token');
  await commands.of(command);
  await commands.refused(command, 'an older one');
  await commands.of(command);
  assert.equal(runs(), 1);
  await commands.refused(command, 'token');
  await commands.of(command);
  assert.equal(runs(), 2);
});

const failures: Readonly<Record<string, readonly [script: string, says: RegExp]>> = {
  'that fails': ['echo Secret; echo Secret >&2; exit 3', /ended with code 3/u],
  'that prints nothing': ['true', /did not print one line with a token/u],
  'that prints several lines': ['echo Secret; echo Secret', /did not print one line with a token/u],
  'that prints too much': ['yes Secret', /printed more than 8 KiB/u],
  'that does not end': ['echo Secret; exec sleep 100', /did not end within 0\.3 s/u],
};

for (const [what, [script, says]] of Object.entries(failures))
  test(`a program ${what} gives no token, is left alone for a while, and nothing that it prints is shown`, async (t) => {
    // A busy machine may take long to start the others.
    const timeLimitMs = what === 'that does not end' ? 300 : undefined;
    const { command, commands, pass, runs } = world(t, script, timeLimitMs);
    const found = await commands.of(command);
    assert.ok(found.kind === 'missing');
    assert.match(found.reason, says);
    assert.doesNotMatch(found.reason, /Secret/u);
    await commands.of(command);
    assert.equal(runs(), 1);
    pass(10_000);
    await commands.of(command);
    assert.equal(runs(), 2);
  });

/** A FIFO, and a reader of it that comes to its end when no process holds it open for writing. */
function watched(t: TestContext): { readonly path: string; readonly reader: () => Socket } {
  const path = join(temporaryFolder(t, 'tokens').path, 'fifo');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { path, reader: () => new Socket({ fd, readable: true, writable: false }).resume() };
}

test('what a program has started ends with it, and does not keep its token back', async (t) => {
  const { path, reader } = watched(t);
  const command = ['/bin/sh', '-c', `exec 3> ${path}; sleep 100 & echo token`];
  assert.deepEqual(await new TokenCommands().of({ command, useMs: 1 }), { kind: 'secret', text: 'token' });
  await once(reader(), 'end');
});

test('a program that runs at a stop ends, with what it has started', async (t) => {
  const { path, reader } = watched(t);
  const commands = new TokenCommands();
  const command = ['/bin/sh', '-c', `exec 3> ${path}; echo running >&3; sleep 100; true`];
  const token = commands.of({ command, useMs: 1 });
  const writers = reader();
  await once(writers, 'data');
  commands.close();
  assert.equal((await token).kind, 'missing');
  await once(writers, 'end');
});

test('a program that does not exist', async () => {
  const found = await new TokenCommands().of({ command: ['/nonexistent/token'], useMs: 1 });
  assert.deepEqual(found, {
    kind: 'missing',
    reason: '/nonexistent/token does not exist; run it as the user of the senders to see more',
  });
});
