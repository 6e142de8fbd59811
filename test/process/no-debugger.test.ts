// A signal opens no debugger in a role: whoever may signal it could run code in it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { forkRole } from '../../src/process/supervise/fork-role.ts';

test('a role starts without the signal that opens a debugger, and goes on after it', async (t) => {
  const given = { identity: undefined, hidden: [], trail: undefined, coreBytes: 0, sockets: [] };
  const role = forkRole('sender', given, (error) => assert.fail(error));
  assert.ok(role !== undefined);
  const ended = once(role, 'exit');
  t.after(async () => {
    role.kill('SIGKILL');
    await ended;
  });
  assert.ok(role.spawnargs.includes('--disable-sigusr1'));
  const alive = async (): Promise<unknown> => {
    const answered = once(role, 'message');
    role.send({ kind: 'ping' });
    return (await answered)[0];
  };
  assert.deepEqual(await alive(), { kind: 'alive' });
  role.kill('SIGUSR1');
  assert.deepEqual(await alive(), { kind: 'alive' });
});
