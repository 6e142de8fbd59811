// The client of the control socket: it waits as long as bytes come, and no longer.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { controlResult } from '../../src/control/control-client.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { controlServer } from './fake-source.ts';

/** A control process that the test controls. */
async function server(t: TestContext) {
  const { path: folder, atEnd } = temporaryFolder(t, 'client');
  const path = join(folder, 'c');
  const connected = Promise.withResolvers<Socket>();
  const listening = createServer((socket) => connected.resolve(socket.on('error', () => undefined)));
  listening.listen(path);
  await once(listening, 'listening');
  atEnd(async () => {
    (await connected.promise).destroy();
    listening.close();
  });
  return { path, connected: connected.promise };
}

test('a control process that gives no sign of life for ten seconds is reported as silent', async (t) => {
  const { path, connected } = await server(t);
  t.mock.timers.enable({ apis: ['setInterval'] });
  const ended = assert.rejects(controlResult(path, { operation: 'override.list' }), {
    code: 'CONTROL_SILENT',
    message: `Asking the running Sluice at ${path}: no answer within 10 s.`,
  });
  await once(await connected, 'data');
  t.mock.timers.tick(10_000);
  await ended;
});

test('the client waits for the answer as long as signs of life come', async (t) => {
  const { path, connected } = await server(t);
  const answer = controlResult(path, { operation: 'override.list' });
  const socket = await connected;
  await once(socket, 'data');
  for (let i = 0; i < 20; i++) socket.write('{"kind":"working"}\n');
  socket.write('{"kind":"end","result":[]}\n');
  assert.deepEqual(await answer, []);
});

test('the server gives a sign of life every second until the answer is there', async (t) => {
  const answer = Promise.withResolvers<never[]>();
  const asked = Promise.withResolvers<void>();
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { socket: path } = await controlServer(t, {
    overrides: () => {
      asked.resolve();
      return answer.promise as never;
    },
  });
  const socket = connect(path).setEncoding('utf8');
  socket.write('{"operation":"override.list"}\n');
  await asked.promise;
  for (let second = 0; second < 12; second++) {
    const said = once(socket, 'data');
    t.mock.timers.tick(1_000);
    assert.deepEqual(await said, ['{"kind":"working"}\n']);
  }
  const said = once(socket, 'data');
  answer.resolve([]);
  assert.deepEqual(await said, ['{"kind":"end","result":[]}\n']);
  await once(socket, 'close');
});
