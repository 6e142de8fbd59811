// Who may ask the keys process: receivers and the control process that prove it, and nobody else. What it keeps over a restart.

import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { localChannel } from '../../src/channel/channel.ts';
import type { KeysHello, Response } from '../../src/channel/messages.ts';
import { newPassKey, passOf } from '../../src/channel/pass.ts';
import { parseConfig } from '../../src/config/config.ts';
import { answerOnHello, KeysRole, type ToKeys } from '../../src/process/roles/keys-role.ts';
import { passesOf } from '../../src/process/supervise/passes.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { EventCounters } from '../../src/log/event-counters.ts';
import { keptLog } from './quiet-log.ts';

const key = newPassKey();
const quietLog = keptLog();

function world(t: TestContext) {
  const folder = temporaryFolder(t, 'keys');
  writeFileSync(join(folder.path, 'users'), '{"user":"joe@example.com","password":"{PLAIN}a"}\n');
  const text = `spool = "${folder.path}/spool"\n[login]\nfailure_delay = "0s"\n[[directory]]\nname = "a"\nkind = "users"\npath = "${folder.path}/users"\n`;
  const config = parseConfig(text, '/sluice.toml');
  const start = (): KeysRole => {
    const keys = KeysRole.start(config, {
      log: quietLog,
      troubles: new Troubles(),
      counters: new EventCounters(),
      store: () => Promise.reject(new Error('nobody asked')),
    });
    folder.atEnd(() => keys.stop());
    return keys;
  };
  /** What comes of a hello and of a question behind it. */
  const ask = (
    keys: KeysRole,
    hello: KeysHello,
    operation = 'scram-start',
    question: unknown = { login: 'nobody', client: '192.0.2.1' },
  ): Promise<Response | 'closed'> =>
    new Promise((resolve) => {
      const [asker, answerer] = localChannel<ToKeys, Response>();
      answerer.receive(answerOnHello(keys, answerer, key, quietLog));
      asker.receive(([response]) => resolve(response ?? 'closed'));
      asker.onClosed(() => resolve('closed'));
      asker.post(hello);
      asker.post({ kind: 'request', id: 1, operation, question });
    });
  return { folder, start, ask };
}

/** @param role - one that may ask, or another one, which types do not keep from saying hello */
function helloOf(role: string, pass?: string): KeysHello {
  const bearer = { role: role as KeysHello['role'], index: 0, serial: 7 };
  return { kind: 'hello', ...bearer, pass: pass ?? passOf(key, bearer) };
}

test('the manager may have its reports signed, and asks about no user', async (t) => {
  const { start, ask } = world(t);
  const answer = await ask(start(), helloOf('manager'));
  assert.ok(answer !== 'closed' && 'error' in answer);
});

test('a sender may ask who there is, and about no password', async (t) => {
  const { start, ask } = world(t);
  const keys = start();
  const found = await ask(keys, helloOf('sender'), 'find', { address: 'nobody@example.com' });
  assert.ok(found !== 'closed' && 'result' in found);
  const refused = await ask(keys, helloOf('sender'));
  assert.ok(refused !== 'closed' && 'error' in refused);
});

test('receivers and the control process are answered', async (t) => {
  const { start, ask } = world(t);
  const keys = start();
  for (const role of ['receiver', 'control'] as const) {
    const answer = await ask(keys, helloOf(role));
    assert.ok(answer !== 'closed' && 'result' in answer, role);
  }
});

test('a process that may not ask, one without a pass, and one with the pass of another are turned away', async (t) => {
  const { start, ask } = world(t);
  const keys = start();
  const { pass: _, ...without } = helloOf('receiver');
  const toManager = passesOf({ name: 'receiver', index: 0, serial: 7 }, newPassKey(), key).pass;
  for (const hello of [
    helloOf('supervisor'),
    without,
    helloOf('receiver', ''),
    helloOf('control', helloOf('receiver').pass),
    { ...helloOf('receiver'), serial: 8 },
    helloOf('receiver', toManager),
  ])
    assert.equal(await ask(keys, hello), 'closed', JSON.stringify(hello));
});

test('the supervisor gives each process the passes that it needs, and no more', () => {
  const [managerKey, keysKey] = [newPassKey(), newPassKey()];
  const of = (name: Parameters<typeof passesOf>[0]['name']) =>
    passesOf({ name, index: 0, serial: 7 }, managerKey, keysKey);
  const own = passOf(keysKey, { role: 'manager', index: 0, serial: 7 });
  assert.deepEqual(of('manager'), { pass: managerKey, keysPass: own });
  assert.deepEqual(of('keys'), { pass: keysKey });
  assert.equal(of('sender').keysPass, passOf(keysKey, { role: 'sender', index: 0, serial: 7 }));
  assert.equal(of('receiver').keysPass, passOf(keysKey, { role: 'receiver', index: 0, serial: 7 }));
  assert.notEqual(of('receiver').pass, of('receiver').keysPass);
});

test('the salts of users who do not exist are the same after a restart, and others for other servers', async (t) => {
  const { start, ask, folder } = world(t);
  const first = await ask(start(), helloOf('receiver'));
  assert.equal(statSync(join(folder.path, 'spool/keys/secret')).mode & 0o777, 0o600);
  assert.deepEqual(await ask(start(), helloOf('receiver')), first);
  const other = world(t);
  assert.notDeepEqual(await other.ask(other.start(), helloOf('receiver')), first);
});

test('failed log-ins and bans go on after a restart', async (t) => {
  const { start, ask } = world(t);
  const first = start();
  const attempt = (keys: KeysRole) =>
    ask(keys, helloOf('receiver'), 'note-failure', { client: '192.0.2.1' }).then(
      (answer) => (answer !== 'closed' && 'result' in answer && answer.result) as { readonly kind: string },
    );
  for (let count = 0; count < 11; count++) assert.equal((await attempt(first)).kind, 'noted');
  assert.equal((await attempt(first)).kind, 'banned');
  await first.stop();
  assert.equal((await attempt(start())).kind, 'banned');
});
