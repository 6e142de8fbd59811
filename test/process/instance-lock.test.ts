// One Sluice for each spool, with real processes.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { listenManagerSocket } from '../../src/channel/manager-socket.ts';
import { answers } from '../../src/io/unix-listener.ts';
import { InstanceLock } from '../../src/process/running/instance-lock.ts';
import { type TemporaryFolder, temporaryFolder } from '../temporary-folder.ts';

/** Another process that listens at a Unix-domain socket. */
async function listener({ path: folder, atEnd }: TemporaryFolder, name: string): Promise<ChildProcess> {
  const path = join(folder, name);
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(() => kill(child));
  await once(child.stdout!, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

test('a spool has one Sluice at a time', async (t) => {
  const spool = temporaryFolder(t, 'lock').path;
  const lock = await InstanceLock.take(spool);
  await assert.rejects(InstanceLock.take(spool), (error: Error & { code?: string; advice?: string }) => {
    assert.equal(error.code, 'SPOOL_IN_USE');
    assert.equal(error.message, `Starting with the spool ${spool}: another Sluice is using it.`);
    assert.match(error.advice ?? '', /^Stop that one first/u);
    return true;
  });
  assert.equal(await answers(join(spool, 'lock.sock')), true, 'the first one still holds it');
  lock.release();
  (await InstanceLock.take(spool)).release();
});

test('a Sluice that was killed leaves no lock behind', async (t) => {
  const folder = temporaryFolder(t, 'lock');
  const spool = folder.path;
  const path = join(spool, 'lock.sock');
  const child = await listener(folder, 'lock.sock');
  await assert.rejects(InstanceLock.take(spool), { code: 'SPOOL_IN_USE' });
  await kill(child);
  assert.ok(existsSync(path));
  (await InstanceLock.take(spool)).release();
});

test('a new Sluice waits for the end of one that is stopping', async (t) => {
  const spool = temporaryFolder(t, 'lock').path;
  const first = await InstanceLock.take(spool);
  first.announceEnd();
  const waits = Promise.withResolvers<void>();
  let isTaken = false;
  const second = InstanceLock.take(spool, waits.resolve);
  void second.then(() => (isTaken = true));
  await waits.promise;
  assert.equal(isTaken, false);
  first.release();
  (await second).release();
});

test('a Sluice that is stopped by a signal still holds its spool', async (t) => {
  const folder = temporaryFolder(t, 'lock');
  const child = await listener(folder, 'lock.sock');
  child.kill('SIGSTOP');
  await assert.rejects(InstanceLock.take(folder.path), { code: 'SPOOL_IN_USE' });
});

test('a spool whose name is too long for a socket has its lock elsewhere', async (t) => {
  const spool = join(temporaryFolder(t, 'lock').path, 'long'.repeat(30));
  mkdirSync(spool);
  const other = `${spool}er`;
  mkdirSync(other);
  const lock = await InstanceLock.take(spool);
  await assert.rejects(InstanceLock.take(spool), { code: 'SPOOL_IN_USE' });
  (await InstanceLock.take(other)).release();
  lock.release();
});

test('a spool that is no folder is an error that names it', async (t) => {
  const spool = join(temporaryFolder(t, 'lock').path, 'nothing');
  await assert.rejects(InstanceLock.take(spool), { code: 'SPOOL_UNUSABLE' });
});

test('a lock that was left behind and cannot be removed is an error with its path and the reason', async (t) => {
  const spool = temporaryFolder(t, 'lock').path;
  mkdirSync(join(spool, 'lock.sock')); // in the way like a socket on a disk that is read-only
  await assert.rejects(InstanceLock.take(spool), {
    code: 'SPOOL_UNUSABLE',
    message: /^Making .*lock\.sock: E[A-Z]+: .*unlink/u,
  });
});

test('a manager whose socket cannot be made fails with its path and the reason', async (t) => {
  const path = join(temporaryFolder(t, 'lock').path, 'bus.sock');
  mkdirSync(path);
  await assert.rejects(
    listenManagerSocket(path, () => undefined),
    {
      code: 'SPOOL_UNUSABLE',
      message: /^Making .*bus\.sock: E[A-Z]+: .*unlink/u,
    },
  );
});

test('a new manager waits for the end of an old one, also of one that dies before it accepts the connection', async (t) => {
  const folder = temporaryFolder(t, 'lock');
  const path = join(folder.path, 'bus.sock');
  const old = await listener(folder, 'bus.sock');
  old.kill('SIGSTOP');
  const bus = listenManagerSocket(path, () => undefined);
  // This connection comes after the one of the new manager.
  const probe = connect(path);
  probe.on('error', () => undefined);
  await once(probe, 'connect');
  let listens = false;
  void bus.then(() => (listens = true));
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  assert.equal(listens, false);
  await kill(old);
  const server = await bus;
  assert.equal(await answers(path), true);
  server.close();
});
