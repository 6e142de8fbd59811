// The supervisor runs programs of routes for senders: only those of its own configuration, as the users of it, and with files that the senders
// have written.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { ProgramAnswer, RoleToSupervisor } from '../../src/channel/messages.ts';
import { parseConfig } from '../../src/config/config.ts';
import type { PipeFacts } from '../../src/deliver/pipe/pipe-values.ts';
import type { SystemEnd } from '../../src/deliver/system/system-runs.ts';
import { ProgramDesk } from '../../src/process/supervise/program-desk.ts';
import { planKeyOfRoute } from '../../src/settings/route-rules.ts';

const facts: PipeFacts = {
  sender: 'a@from.test',
  recipient: 'joe@to.test',
  originalRecipient: 'joe@to.test',
  queueId: 'Q1',
  sizeBytes: 10,
  nowMs: 0,
};

type Request = Extract<RoleToSupervisor, { readonly kind: 'runProgram' }>;

function ground(t: TestContext, script: string, as = 'as = "nobody"') {
  const spool = mkdtempSync(join(tmpdir(), 'sluice-desk-'));
  t.after(() => rmSync(spool, { recursive: true, force: true }));
  mkdirSync(join(spool, 'run'));
  const command = JSON.stringify(['/bin/sh', '-c', script, 'sh', '${user}']);
  const config = parseConfig(
    `spool = "${spool}"\n[[route]]\nname = "prog"\ndomain = ["to.test"]\npipe = ${command}\n${as}\n`,
    join(spool, 'sluice.toml'),
  );
  const file = join(spool, 'run', 'pipe-1-1');
  writeFileSync(file, 'the message\n', { mode: 0o600 });
  const [route] = config.route;
  assert.ok(route);
  const planKey = planKeyOfRoute(config.route, route, 0);
  const desk = new ProgramDesk(process.getuid?.());
  const ask = (
    changed: Partial<Request> = {},
    name: 'sender' | 'receiver' = 'sender',
  ): Promise<SystemEnd> => {
    const { promise, resolve } = Promise.withResolvers<SystemEnd>();
    const asker = {
      name,
      serial: 7,
      process: {
        connected: true,
        send: (answer: ProgramAnswer) => {
          resolve(answer.end);
          return true;
        },
      },
    };
    desk.heard({ kind: 'runProgram', id: 1, planKey, facts, file, ...changed }, asker as never, config);
    return promise;
  };
  return { spool, file, desk, config, ask };
}

const isRoot = process.getuid?.() === 0;

test(
  'a program runs as the user of the route, with its group alone, and reads the file of the sender',
  { skip: !isRoot },
  async (t) => {
    const { ask } = ground(t, 'id -un; id -G; echo "$1"; cat; echo "$USER"; exit 75');
    const end = await ask();
    assert.equal(end.kind, 'ended');
    const [user, groups, ...rest] = end.printed.split('\n');
    assert.equal(user, 'nobody');
    assert.equal(groups?.includes(' '), false);
    assert.notEqual(groups, '0');
    assert.deepEqual(rest, ['joe', 'the message', 'nobody', '']);
  },
);

test('only senders ask for programs, and only for those of the configuration in force', async (t) => {
  const { ask } = ground(t, 'true');
  const refused = async (changed: Partial<Request>, why: RegExp, name?: 'receiver'): Promise<void> => {
    const end = await ask(changed, name);
    assert.equal(end.kind, 'refused');
    assert.match(end.kind === 'refused' ? end.reason : '', why);
  };
  await refused({}, /only senders/, 'receiver');
  await refused({ planKey: 'pipe#prog~000000000000' }, /another one since the last reload/);
  await refused({ facts: { ...facts, recipient: 7 as never } }, /facts of the mail are none/);
  await refused({ facts: { ...facts, sender: 'x'.repeat(100_000) } }, /facts of the mail are none/);
});

test('a program reads no file but one that the senders have written for it', async (t) => {
  const { ask, spool } = ground(t, 'cat');
  const link = join(spool, 'run', 'link');
  symlinkSync('/etc/passwd', link);
  for (const file of [
    '/etc/passwd',
    link,
    join(spool, 'run', '..', 'x'),
    join(spool, 'run', 'missing'),
    join(spool, 'run'),
  ]) {
    const end = await ask({ file });
    assert.equal(end.kind, 'refused', file);
  }
});

test('no program runs as root, or as nobody that the system knows', async (t) => {
  const unknown = ground(t, 'true', 'as = "no-such-user-here"');
  const end = await unknown.ask();
  assert.match(end.kind === 'refused' ? end.reason : '', /there is no user "no-such-user-here"/);
  const withoutUser = ground(t, 'true', '');
  assert.equal((await withoutUser.ask()).kind, 'refused');
  assert.throws(() => ground(t, 'true', 'as = "root"'), /must not be root/);
});

test('programs of a sender that has ended are ended', { skip: !isRoot }, async (t) => {
  const { ask, desk } = ground(t, 'exec sleep 1000');
  const end = ask();
  desk.ended(7);
  assert.equal((await end).kind, 'broken-off');
});
