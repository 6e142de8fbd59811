// The control socket: requests reach the source, answers come back, and no input does harm.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { controlResult } from '../../src/control/control-client.ts';
import { ControlError } from '../../src/control/control-error.ts';
import type { ControlReply } from '../../src/control/control-protocol.ts';
import { controlServer } from './fake-source.ts';

const suspension = {
  id: '1',
  kind: 'suspend',
  target: 'all',
  label: '',
  quantities: { connections: 0 },
  reason: '',
  setAtMs: 1,
  by: '',
} as const;

/** Writes bytes as they are, and returns all bytes that come back until the end. */
async function rawExchange(path: string, bytes: string | Buffer): Promise<string> {
  const socket = connect(path);
  socket.on('error', () => undefined);
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  socket.write(bytes);
  return new Promise((resolve) => {
    socket.on('close', () => resolve(text));
  });
}

test('questions about limits and changes of them reach the source without the name of the operation', async (t) => {
  const { socket, asked } = await controlServer(t, {
    set: () => [suspension],
    unset: () => ({ ended: [suspension], missing: [] }),
    overrides: () => [suspension],
  });
  const change = { kind: 'suspend', targets: ['all'], reason: 'x', by: 'anna', forMs: 5 } as const;
  assert.deepEqual(await controlResult(socket, { operation: 'override.set', ...change }), [suspension]);
  const end = { kind: 'suspend', targets: ['all'] } as const;
  assert.deepEqual(await controlResult(socket, { operation: 'override.unset', ...end }), {
    ended: [suspension],
    missing: [],
  });
  assert.deepEqual(await controlResult(socket, { operation: 'override.list' }), [suspension]);
  assert.deepEqual(asked, [
    ['set', change],
    ['unset', end],
    ['overrides', {}],
  ]);
});

test('an error of the source comes back with its code and its advice', async (t) => {
  const { socket } = await controlServer(t, {
    explain: () => {
      throw new ControlError('ADDRESS_INVALID', 'No.', 'Write another.');
    },
  });
  await assert.rejects(controlResult(socket, { operation: 'explain', address: 'x' }), {
    code: 'ADDRESS_INVALID',
    message: 'No.',
    advice: 'Write another.',
  });
});

const hostile: readonly (readonly [name: string, bytes: string | Buffer, code: string])[] = [
  ['nothing but a line end', '\n', 'CONTROL_REQUEST'],
  ['no JSON', 'GET / HTTP/1.1\r\n\r\n', 'CONTROL_REQUEST'],
  ['no UTF-8', Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a]), 'CONTROL_REQUEST'],
  ['null', 'null\n', 'CONTROL_OPERATION'],
  ['a number', '12e999\n', 'CONTROL_OPERATION'],
  ['an unknown operation', '{"operation":"drop"}\n', 'CONTROL_OPERATION'],
  ['a name that every object has', '{"operation":"constructor"}\n', 'CONTROL_OPERATION'],
  ['a prototype', '{"operation":"override.list","__proto__":{"x":1}}\n', 'CONTROL_REQUEST'],
  [
    'a filter of the wrong kind',
    '{"operation":"queue-list","limit":0,"filter":{"ids":5}}\n',
    'CONTROL_REQUEST',
  ],
  ['depth', `${'['.repeat(1_000_000)}\n`, 'CONTROL_REQUEST'],
];

test('any text written to the socket gets an error with a code, and the next request gets its answer', async (t) => {
  const { socket } = await controlServer(t, { overrides: () => [] });
  for (const [name, bytes, code] of hostile) {
    const reply = JSON.parse(await rawExchange(socket, bytes)) as ControlReply;
    assert.ok(reply.kind === 'error', name);
    assert.equal(reply.code, code, name);
    assert.notEqual(reply.advice, '', name);
    assert.deepEqual(await controlResult(socket, { operation: 'override.list' }), [], name);
  }
});

test('a line that never ends is cut off', async (t) => {
  const { socket } = await controlServer(t, { overrides: () => [] });
  assert.equal(await rawExchange(socket, Buffer.alloc(17 * 1024 * 1024, 0x20)), '');
  assert.deepEqual(await controlResult(socket, { operation: 'override.list' }), []);
});

test('a request has one time limit, however slowly its bytes come', async (t) => {
  const { socket: path } = await controlServer(t, { overrides: () => [] });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const socket = connect(path);
  t.after(() => socket.destroy());
  let ended = false;
  socket.on('error', () => undefined).on('close', () => (ended = true));
  socket.resume();
  await once(socket, 'connect');
  for (let i = 0; i < 6; i++) {
    if (!ended) socket.write('{');
    // The answer to a complete request shows that the server has read the bytes before it.
    await controlResult(path, { operation: 'override.list' });
    assert.equal(ended, i >= 3);
    t.mock.timers.tick(20_000);
  }
});

test('a fault of Sluice while it answers is logged, and a mistake of the operator is not', async (t) => {
  const { socket, failures } = await controlServer(t, {
    overrides: () => {
      throw new TypeError('surprise');
    },
    explain: () => {
      throw new ControlError('ADDRESS_INVALID', 'No.', 'Write another.');
    },
  });
  await assert.rejects(controlResult(socket, { operation: 'explain', address: 'x' }), {
    code: 'ADDRESS_INVALID',
  });
  assert.deepEqual(failures, []);
  await assert.rejects(controlResult(socket, { operation: 'override.list' }), { code: 'CONTROL_FAILED' });
  assert.deepEqual(failures, ['surprise']);
});

test('lines behind a request are no requests', async (t) => {
  const { socket, asked } = await controlServer(t, { overrides: () => [] });
  const text = await rawExchange(socket, '{"operation":"override.list"}\n{"operation":"override.list"}\n\n');
  assert.equal(text, '{"kind":"end","result":[]}\n');
  assert.equal(asked.length, 1);
});
