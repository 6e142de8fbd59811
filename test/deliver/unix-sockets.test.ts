// Unix-domain sockets as destinations: what is wrong with one is told in words that help, as a fault of this machine.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { socketFailure } from '../../src/deliver/smtp/socket-failure.ts';
import { socketHop } from '../../src/route/next-hop.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { fixture, type Report } from './fixture.ts';

async function endOf(t: TestContext, path: string): Promise<Report> {
  const { sender, spool, reports } = await fixture(t);
  const hop = socketHop('lmtp', { kind: 'unix', path }, `unix:${path}`, 0);
  sender.connect({ connection: 1, site: 'site', hop, source: '', work: spool.add({ to: ['a@to.test'] }) });
  return reports.next();
}

function localFailure(path: string, text: string): Report {
  const report = { kind: 'failed', error: `unix:${path}: ${text}`, local: true } as const;
  return { kind: 'closed', connection: 1, report };
}

test('a socket that does not exist', async (t) => {
  const path = join(temporaryFolder(t, 'unix').path, 'lmtp');
  const text = 'there is no such socket; start the server, or correct the path';
  assert.deepEqual(await endOf(t, path), localFailure(path, text));
});

test('a path through a file that is no folder', async (t) => {
  const file = join(temporaryFolder(t, 'unix').path, 'file');
  writeFileSync(file, '');
  const path = join(file, 'lmtp');
  const text = 'there is no such socket; start the server, or correct the path';
  assert.deepEqual(await endOf(t, path), localFailure(path, text));
});

test('a file that nobody listens at', async (t) => {
  const path = join(temporaryFolder(t, 'unix').path, 'lmtp');
  writeFileSync(path, '');
  assert.deepEqual(await endOf(t, path), localFailure(path, 'no server listens at the socket; start it'));
});

test('other errors of sockets are told apart: faults of this machine, or a server that is busy', () => {
  const to = { kind: 'unix', path: '/run/lmtp' } as const;
  const of = (code: string) =>
    socketFailure(Object.assign(new Error(code), { code, syscall: 'connect' }), to, '');
  for (const code of ['EACCES', 'EPERM']) {
    const { reason, local } = of(code);
    assert.match(reason, /^Sluice may not write to the socket; change the socket's owner or mode/);
    assert.equal(local, true);
  }
  assert.deepEqual(of('EPROTOTYPE'), {
    reason: 'the socket is no stream socket; correct the path',
    local: true,
  });
  assert.deepEqual(of('EAGAIN'), { reason: 'the server does not take more connections now', local: false });
  assert.deepEqual(of('ECONNRESET'), { reason: 'the remote server reset the connection', local: false });
  assert.equal(of('EMFILE').local, true);
});

test('a server that greets with 4xx, and one that hangs up, are to blame themselves', async (t) => {
  const folder = temporaryFolder(t, 'unix');
  const path = join(folder.path, 'lmtp');
  const server = createServer((socket) => socket.end('421 4.3.2 too busy\r\n'));
  server.listen(path);
  await once(server, 'listening');
  folder.atEnd(async () => {
    server.close();
    await once(server, 'close');
  });
  assert.deepEqual(await endOf(t, path), {
    kind: 'closed',
    connection: 1,
    report: { kind: 'failed', error: `421 4.3.2 too busy (greeting of unix:${path})` },
  });
});
