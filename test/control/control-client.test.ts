// The client of the control socket: it waits as long as bytes come, and no longer.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { controlRequest, controlResult } from '../../src/control/control-client.ts';
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

test('a control process that dies with unread bytes has closed the connection, as one that dies without', async (t) => {
  const { path, connected } = await server(t);
  const cancelling = new AbortController();
  const ended = controlRequest(path, { operation: 'override.list' }, cancelling.signal).next();
  const socket = await connected;
  await once(socket, 'data');
  socket.pause();
  // These bytes stay unread, so the system resets the connection (unix(7)).
  cancelling.abort();
  socket.destroy();
  await assert.rejects(ended, { code: 'CONTROL_LOST' });
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

test('an answer of another version is an error that says so', async (t) => {
  const { path, connected } = await server(t);
  const answer = controlResult(path, { operation: 'override.list' });
  const socket = await connected;
  await once(socket, 'data');
  socket.write('{"kind":"end","result":{"suspended":[]}}\n');
  await assert.rejects(answer, { code: 'CONTROL_ANSWER', message: /"override\.list".*expected array/ });
});

test('fields that are not known are left out of an answer', async (t) => {
  const { path, connected } = await server(t);
  const answer = controlResult(path, { operation: 'reload' });
  const socket = await connected;
  await once(socket, 'data');
  socket.write('{"kind":"end","result":{"afterRestart":[],"moon":"full"},"more":1}\n');
  assert.deepEqual(await answer, { afterRestart: [] });
});

test('whatever comes back, the command ends with an answer of its kind or with an error that has a code', async (t) => {
  const { path: folder, atEnd } = temporaryFolder(t, 'client');
  const path = join(folder, 'c');
  let lines = '';
  const listening = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end(lines));
  });
  listening.listen(path);
  await once(listening, 'listening');
  atEnd(() => listening.close());
  const reply = fc.record(
    {
      kind: fc.oneof(fc.constantFrom('rows', 'end', 'error', 'working'), fc.jsonValue()),
      rows: fc.jsonValue(),
      result: fc.jsonValue(),
      code: fc.jsonValue(),
      message: fc.jsonValue(),
      advice: fc.jsonValue(),
    },
    { requiredKeys: ['kind'] },
  );
  const line = fc.oneof(
    reply.map((given) => JSON.stringify(given)),
    fc.json(),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 5 }), async (given) => {
      lines = given.map((each) => `${each}\n`).join('');
      try {
        const { afterRestart } = await controlResult(path, { operation: 'reload' });
        assert.ok(Array.isArray(afterRestart));
      } catch (error) {
        const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
        assert.deepEqual([typeof code, typeof message], ['string', 'string']);
      }
    }),
    { numRuns: 300 },
  );
});
