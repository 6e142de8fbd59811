// What the socket for those who may only ask answers, and what it refuses: every operation is one or the other.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { controlResult } from '../../src/control/control-client.ts';
import { parseRequest, rightsFor } from '../../src/control/control-request.ts';
import type { PasswordChanged } from '../../src/directory/password-change.ts';
import { operatorRights } from '../../src/control/operations/sets.ts';
import { passwordSocketOf, readSocketOf } from '../../src/values/control-sockets.ts';
import { controlServer } from './fake-source.ts';

/** Operations that show something and change nothing. One that is not here needs full rights. */
const asking = [
  'ban.list',
  'divert.list',
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
    role === 'change' || role === 'own' ? [] : [name],
  );
  assert.deepEqual(read.toSorted(), asking);
});

test('users who prove who they are may change their password, and nothing else', () => {
  const own = Object.entries(operatorRights).flatMap(([name, { role }]) => (role === 'own' ? [name] : []));
  assert.deepEqual(own, ['password.change']);
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

const change = {
  operation: 'password.change',
  login: 'joe',
  password: 'old secret',
  next: 'new secret',
} as const;

test('the socket for passwords is open to everybody, and does nothing else', async (t) => {
  const { socket, passwordSocket, asked } = await controlServer(t, {
    password: () => ({ kind: 'changed', user: 'joe@a.test' }),
    overrides: () => [],
    find: () => ({ kind: 'absent' }),
  });
  assert.equal(statSync(passwordSocket).mode & 0o777, 0o666);
  assert.equal(statSync(socket).mode & 0o777, 0o600);
  for (const request of [
    { operation: 'override.list' },
    { operation: 'user.find', address: 'joe@a.test' },
    { operation: 'user.check', login: 'joe', password: 'x', client: '', isEncrypted: true },
    { operation: 'password.set', login: 'joe', next: 'new secret' },
    { operation: 'status' },
  ] as const) {
    await assert.rejects(controlResult(passwordSocket, request), { code: 'CONTROL_DENIED' });
  }
  assert.deepEqual(asked, []);
  assert.deepEqual(await controlResult(passwordSocket, change), { kind: 'changed', user: 'joe@a.test' });
  assert.deepEqual(asked, [['password', { login: 'joe', password: 'old secret', next: 'new secret' }]]);
});

test('operators may set passwords without the old one, and those who may only ask may do neither', async (t) => {
  const { socket, readSocket, asked } = await controlServer(t, {
    password: () => ({ kind: 'changed', user: 'joe@a.test' }),
  });
  const set = { operation: 'password.set', login: 'joe', next: 'new secret' } as const;
  await assert.rejects(controlResult(readSocket, set), { code: 'CONTROL_READ_ONLY' });
  await assert.rejects(controlResult(readSocket, change), { code: 'CONTROL_READ_ONLY' });
  await controlResult(socket, set);
  assert.deepEqual(asked, [['password', { login: 'joe', next: 'new secret' }]]);
});

test('users are not told why a password is wrong, or what cannot be read', async (t) => {
  let answer: PasswordChanged = { kind: 'wrong', reason: 'there is no such user' };
  const { passwordSocket } = await controlServer(t, { password: () => answer });
  const shown = await controlResult(passwordSocket, change);
  assert.deepEqual(shown, { kind: 'wrong', reason: 'the password is wrong' });
  answer = { kind: 'failing', reason: 'the user joe@a.test: a scheme' };
  assert.doesNotMatch(JSON.stringify(await controlResult(passwordSocket, change)), /joe/u);
});

test(
  'hostile requests at the socket for passwords end in an error or a closed connection',
  deadline,
  async (t) => {
    const { passwordSocket, asked, failures } = await controlServer(t, {});
    const answerTo = async (bytes: string | Uint8Array): Promise<string> => {
      const one = connect(passwordSocket);
      one.on('error', () => undefined);
      one.setEncoding('utf8');
      let answer = '';
      one.on('data', (piece: string) => void (answer += piece));
      one.write(bytes);
      await new Promise((resolve) => one.on('close', resolve));
      return answer;
    };
    const request = (fields: object): string => `${JSON.stringify({ ...change, ...fields })}\n`;
    for (const [bytes, code] of [
      ['\n', 'CONTROL_REQUEST'],
      ['null\n', 'CONTROL_OPERATION'],
      ['{"operation":"__proto__"}\n', 'CONTROL_OPERATION'],
      [Buffer.from([0xff, 0xfe, 0, 0x0a]), 'CONTROL_REQUEST'],
      [`${'['.repeat(20_000)}\n`, 'CONTROL_REQUEST'],
      [request({ password: 7 }), 'CONTROL_REQUEST'],
      [request({ password: undefined }), 'CONTROL_REQUEST'],
      [request({ next: ['x'] }), 'CONTROL_REQUEST'],
      [request({ next: 'x'.repeat(2_001) }), 'CONTROL_REQUEST'],
      [request({ login: 'x'.repeat(1_001) }), 'CONTROL_REQUEST'],
      [request({ client: '127.0.0.1' }), 'CONTROL_REQUEST'],
    ] as const) {
      const answer = await answerTo(bytes);
      assert.match(answer, new RegExp(`"code":"${code}"`, 'u'), String(bytes).slice(0, 60));
      assert.doesNotMatch(answer, /secret/u);
    }
    assert.equal(await answerTo(request({ next: 'x'.repeat(40_000) }).trimEnd()), '');
    assert.deepEqual([asked, failures], [[], []]);
  },
);

test('the socket for questions is beside the other one', () => {
  assert.equal(readSocketOf('/run/sluice/control.sock'), '/run/sluice/control-read.sock');
  assert.equal(readSocketOf('/run/sluice/c'), '/run/sluice/c-read');
  assert.equal(passwordSocketOf('/run/sluice/control.sock'), '/run/sluice/control-passwd.sock');
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
