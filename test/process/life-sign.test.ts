// Processes that an earlier Sluice left behind are found by their sockets, and killed if they do not end by themselves.

import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { listenAt } from '../../src/io/unix-listener.ts';
import { runFolder } from '../../src/channel/manager-socket.ts';
import { endLeftOvers, removeSign, showLife } from '../../src/process/running/life-sign.ts';
import { type TemporaryFolder, temporaryFolder } from '../temporary-folder.ts';
import { keptLog } from './quiet-log.ts';

/** A process with the sign of life of a sender of this spool; `title` is its name in a list of processes. */
async function sender(
  { atEnd }: TemporaryFolder,
  spool: string,
  title = 'sluice: sender',
): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'living-role.ts'), [spool, title]);
  const exited = once(child, 'exit');
  atEnd(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  await once(child, 'message');
  return child;
}

const isGone = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

test('the start waits for a process that ends by itself', async (t) => {
  const folder = temporaryFolder(t, 'life');
  const spool = folder.path;
  const child = await sender(folder, spool);
  const exited = once(child, 'exit');
  const ended = endLeftOvers(spool, keptLog());
  child.disconnect(); // it ends as roles do whose supervisor is gone
  await ended;
  await exited;
  assert.equal(child.signalCode, null);
  assert.deepEqual(readdirSync(runFolder(spool)), []);
});

test('a process that is stopped by a signal is killed', async (t) => {
  const folder = temporaryFolder(t, 'life');
  const spool = folder.path;
  const child = await sender(folder, spool);
  const exited = once(child, 'exit');
  child.kill('SIGSTOP');
  await endLeftOvers(spool, keptLog());
  await exited;
  assert.equal(child.signalCode, 'SIGKILL');
});

test('the socket of a killed process is removed', async (t) => {
  const folder = temporaryFolder(t, 'life');
  const spool = folder.path;
  const child = await sender(folder, spool);
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  assert.ok(existsSync(join(runFolder(spool), `sender-${child.pid}.sock`)));
  await endLeftOvers(spool, keptLog());
  assert.deepEqual(readdirSync(runFolder(spool)), []);
});

test('another program with the same process id is never killed: the start fails', async (t) => {
  const folder = temporaryFolder(t, 'life');
  const spool = folder.path;
  const child = await sender(folder, spool, 'something else');
  await assert.rejects(endLeftOvers(spool, keptLog()), { code: 'ROLE_LEFT_OVER' });
  assert.equal(isGone(child), false);
});

test('a spool whose name is too long for a socket has its signs elsewhere, and those of other spools are not touched', async (t) => {
  const folder = temporaryFolder(t, 'life');
  const spool = join(folder.path, 'long'.repeat(30));
  const other = `${spool}er`;
  mkdirSync(spool);
  mkdirSync(other);
  const mine = await sender(folder, spool);
  const theirs = await sender(folder, other);
  const exited = once(mine, 'exit');
  mine.kill('SIGSTOP');
  await endLeftOvers(spool, keptLog());
  await exited;
  assert.equal(isGone(theirs), false);
  theirs.kill('SIGKILL');
  removeSign(other, 'sender', theirs.pid!);
});

test('a sign that cannot be removed is no error, neither when its process ends nor at the next start', async (t) => {
  const spool = temporaryFolder(t, 'life').path;
  mkdirSync(join(runFolder(spool), 'sender-4194304.sock'), { recursive: true });
  removeSign(spool, 'sender', 4194304);
  await endLeftOvers(spool, keptLog());
  assert.deepEqual(readdirSync(runFolder(spool)), ['sender-4194304.sock']);
});

test('a folder of signs that cannot be read is an error that names it', async (t) => {
  const spool = join(temporaryFolder(t, 'life').path, 'nothing');
  await assert.rejects(endLeftOvers(spool, keptLog()), { code: 'SPOOL_UNUSABLE', message: /ENOENT/u });
});

const systemError = (code: string) => Object.assign(new Error(`${code}: no`), { code });

test('on a read-only disk a process runs without its sign of life, and makes it as soon as it can', async (t) => {
  const spool = temporaryFolder(t, 'life').path;
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const log = keptLog();
  let failures = 2;
  let tried = Promise.withResolvers<Server | undefined>();
  const listen = async (server: Server, path: string) => {
    const isFailing = failures-- > 0;
    if (!isFailing) await listenAt(server, path);
    tried.resolve(isFailing ? undefined : server);
    if (isFailing) throw systemError('EROFS');
  };
  await showLife(spool, 'sender', log, listen);
  assert.match(log.lines.join('\n'), /^warn the sender process runs without its sign of life.*EROFS: no\.$/u);
  let server: Server | undefined;
  while (server === undefined) {
    tried = Promise.withResolvers();
    await nextTurn(); // the try before has set the timer of this one
    t.mock.timers.tick(1_000);
    server = await tried.promise;
  }
  await nextTurn();
  assert.equal(log.lines.at(-1), 'info the sender process has its sign of life');
  assert.deepEqual(readdirSync(runFolder(spool)), [`sender-${process.pid}.sock`]);
  server.close();
});

test('a process that is not permitted to make its sign of life does not run', async (t) => {
  const spool = temporaryFolder(t, 'life').path;
  const listen = () => Promise.reject(systemError('EACCES'));
  await assert.rejects(showLife(spool, 'sender', keptLog(), listen), { code: 'SPOOL_UNUSABLE' });
});

const nextTurn = () => new Promise((resolve) => void setImmediate(resolve));
