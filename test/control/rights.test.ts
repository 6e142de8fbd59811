// What the socket for those who may only ask answers, and what it refuses: every operation is one or the other.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
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
  'greylist.list',
  'greylist.networks',
  'greylist.stats',
  'job.list',
  'limits',
  'override.list',
  'policy.stages',
  'queue-list',
  'rates.list',
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

const deadline = { timeout: 20_000 };

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

test(
  'the socket for questions keeps a hundred connections open, and the other one goes on',
  deadline,
  async (t) => {
    const { socket, readSocket } = await controlServer(t, { overrides: () => [] });
    const opened = Array.from({ length: 110 }, () => {
      const one = connect(readSocket);
      one.on('error', () => undefined);
      one.write('{"operation":'); // and nothing more
      return one;
    });
    t.after(() => {
      for (const each of opened) each.destroy();
    });
    let closed = 0;
    await new Promise<void>((resolve) => {
      for (const each of opened)
        each.on('close', () => {
          if (++closed === 10) resolve();
        });
    });
    assert.deepEqual(await controlResult(socket, { operation: 'override.list' }), []);
    assert.equal(closed, 10);
  },
);

test(
  'a request that is longer than any question closes the connection of the socket for questions',
  deadline,
  async (t) => {
    const { readSocket } = await controlServer(t, { overrides: () => [] });
    const one = connect(readSocket);
    one.on('error', () => undefined);
    one.write(`{"operation":"override.list","more":"${'x'.repeat(300_000)}`);
    await new Promise((resolve) => one.on('close', resolve));
  },
);
