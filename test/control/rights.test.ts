// What the socket for those who may only ask answers, and what it refuses: every operation is one or the other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controlResult } from '../../src/control/control-client.ts';
import { parseRequest, rightsFor } from '../../src/control/control-request.ts';
import { operatorRights } from '../../src/control/operations/sets.ts';
import { readSocketOf } from '../../src/values/read-socket.ts';
import { controlServer } from './fake-source.ts';

/** Operations that show something and change nothing. One that is not here needs full rights. */
const asking = [
  'ban.list',
  'explain',
  'job.list',
  'limits',
  'override.list',
  'queue-list',
  'reports.list',
  'reports.show',
  'sending.explain',
  'sending.list',
  'srs.sender',
  'status',
  'tls',
  'tls.sts',
  'user.find',
];

test('only operations that change nothing are for everybody who may ask', () => {
  const read = Object.entries(operatorRights).flatMap(([name, { role }]) =>
    role === 'change' ? [] : [name],
  );
  assert.deepEqual(read.toSorted(), asking);
});

test('the rights for an operation may depend on its question', () => {
  const rights = (line: object) => {
    const { name, question } = parseRequest(JSON.stringify(line));
    return rightsFor(name, question);
  };
  assert.equal(rights({ operation: 'tls.sts', domain: 'a.test', purge: false }), 'read');
  assert.equal(rights({ operation: 'tls.sts', domain: 'a.test', purge: true }), 'change');
  assert.equal(rights({ operation: 'queue-list', filter: {}, limit: 1 }), 'read');
  // Where messages are stored is of use only to those who read them.
  assert.equal(rights({ operation: 'queue-list', filter: {}, limit: 1, located: true }), 'change');
});

test('the socket for questions answers them, and refuses changes before anybody hears of them', async (t) => {
  const { socket, readSocket, asked } = await controlServer(t, {
    overrides: () => [],
    confirm: () => null,
    set: () => [],
  });
  assert.deepEqual(await controlResult(readSocket, { operation: 'override.list' }), []);
  const change = { kind: 'suspend', targets: ['all'], reason: '', by: '' } as const;
  for (const request of [
    { operation: 'clock.confirm' },
    { operation: 'reload' },
    { operation: 'log.reopen' },
    { operation: 'override.set', ...change },
  ] as const) {
    await assert.rejects(controlResult(readSocket, request), { code: 'CONTROL_READ_ONLY' });
  }
  assert.deepEqual(asked, [['overrides', {}]]);
  assert.deepEqual(await controlResult(socket, { operation: 'override.set', ...change }), []);
});

test('the socket for questions is beside the other one', () => {
  assert.equal(readSocketOf('/run/sluice/control.sock'), '/run/sluice/control-read.sock');
  assert.equal(readSocketOf('/run/sluice/c'), '/run/sluice/c-read');
});
