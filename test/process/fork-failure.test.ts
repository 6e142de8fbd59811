// What the supervisor does when the system starts no process for a role: it reports that, and tries again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { descendants, titleOf } from '../../sim/neighbours/process-tree.ts';
import { parseConfig } from '../../src/config/config.ts';
import { makeFolder } from '../../src/io/make-folder.ts';
import { Desks } from '../../src/process/supervise/desks.ts';
import { Supervisor } from '../../src/process/supervise/supervisor.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { keptLog } from './quiet-log.ts';

const { execPath } = process;

/** Programs that cannot be started: Node emits `error` for the first, and throws for the second. */
const unusable = { 'an error event': '/nonexistent/node', 'an exception': '/dev/null/node' };

/** A supervisor of this process, which has not started any role yet. */
function supervisorOf(ground: Ground) {
  const folder = ground.folder('sluice');
  makeFolder(`${folder}/spool`, 0o700);
  const config = parseConfig(
    'hostname = "sluice.test"\nspool = "spool"\n[[listen]]\naddress = "127.0.0.1:0"\n[processes]\nsenders = 1\nreceivers = 1\n',
    `${folder}/sluice.toml`,
  );
  const log = keptLog();
  const troubles = new Troubles();
  const desks = new Desks(config, { log, troubles });
  const supervisor = new Supervisor(config, {
    log,
    events: {
      reload: () => undefined,
      reopenLog: () => undefined,
      setQueue: () => Promise.resolve({ problem: '', notDone: [] }),
    },
    troubles,
    desks,
  });
  return { supervisor, log, troubles };
}

function senderPid(): number {
  const found = descendants(process.pid).find((pid) => titleOf(pid).endsWith('sender'));
  assert.ok(found !== undefined, 'no sender process runs');
  return found;
}

for (const [how, program] of Object.entries(unusable)) {
  test(`a role whose process cannot be started, which Node tells by ${how}, is started later`, async (t) => {
    const ground = Ground.of(t);
    const { supervisor, log, troubles } = supervisorOf(ground);
    await supervisor.start();
    ground.atEnd(async () => {
      process.execPath = execPath;
      await supervisor.stop(1_000);
    });
    process.execPath = program;
    const killed = senderPid();
    process.kill(killed, 'SIGKILL');
    const reported = await until('the failure is a trouble', () =>
      troubles.list.find(({ text }) => text.includes('could not be started')),
    );
    assert.deepEqual([reported.key, reported.level], ['role:sender', 'critical']);
    assert.match(reported.text, /^The sender process could not be started: spawn .* Sluice tries again\.$/u);
    process.execPath = execPath;
    await until('the sender runs again', () => log.lines.includes('info the sender process runs again'));
    assert.notEqual(senderPid(), killed);
    assert.deepEqual(troubles.list, []);
  });

  test(`a start fails when a process cannot be started, which Node tells by ${how}`, async (t) => {
    const { supervisor } = supervisorOf(Ground.of(t));
    process.execPath = program;
    t.after(() => {
      process.execPath = execPath;
    });
    await assert.rejects(supervisor.start(), {
      code: 'ROLE_FAILED',
      message: /^The manager process could not be started: spawn /u,
    });
  });
}
