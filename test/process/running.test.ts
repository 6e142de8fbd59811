// Sluice as a program, in several processes and in one: mail flows, killed processes are restarted, and a stop leaves nothing.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { suite, test } from 'node:test';
import { Session } from '../../sim/mx/submitter.ts';
import { freePort, Ground, until, type Program } from '../../sim/neighbours/ground.ts';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import { ownProcesses, startSluice, type Sluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import type { Status, StatusAnswer } from '../../src/control/operations/status.ts';
import { askStatus } from '../../src/control/status-client.ts';
import { inspectSpool } from '../../src/spool/open.ts';
import { bodyOf, destination, send, type Destination } from '../interop/mail.ts';

const roles = ['manager', 'receiver', 'sender', 'control'] as const;

async function start(ground: Ground, config: SluiceConfig = {}): Promise<[Sluice, Destination]> {
  const mx = await destination(ground);
  const sluice = await startSluice(ground, {
    config: {
      ...ownProcesses,
      queue: { retry: ['1s'] },
      deliver: { address_rest: ['1s'] },
      stop: { grace: '5s' },
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
      ...config,
    },
  });
  await sluice.program.line(/is running as/u);
  return [sluice, mx];
}

async function deliver(sluice: Sluice, mx: Destination, name: string): Promise<void> {
  const before = mx.tally.deliveries.size;
  const replies = await send(sluice.port, {
    from: 'a@client.test',
    to: ['b@far.test'],
    content: `Message-ID: <${name}>\r\n\r\n.${name}\r\n`,
  });
  assert.match(replies.at(-1)!, /^250/u, replies.join('\n'));
  await mx.tally.arrived(before + 1);
  // A killed manager may cause a second delivery, so the order of deliveries is not checked.
  assert.ok(mx.messages.some((message) => bodyOf(message) === `..${name}\r\n`));
}

function statusAnswer(sluice: Sluice): Promise<StatusAnswer> {
  return askStatus(`${sluice.directory}/control.sock`, {});
}

/** A zombie does not count as running: the process that reaps it may be slow. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /u.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Whether no process of the program's process group is left. */
function isGone(program: Program): boolean {
  try {
    process.kill(-program.pid, 0);
    return false;
  } catch {
    return true;
  }
}

suite('each role in a process of its own', { concurrency: 2 }, () => {
  test('every process that is killed is restarted, and mail flows all the time', async (t) => {
    const ground = Ground.of(t);
    const [sluice, mx] = await start(ground);
    assert.equal(sluice.pids().length, 1 + roles.length);
    await deliver(sluice, mx, 'first');
    for (const role of roles) {
      const before = sluice.events().length;
      process.kill(sluice.pidOf(role), 'SIGKILL');
      // Without a receiver no mail is taken. Without any other role it is taken, and delivered when the role is back.
      if (role !== 'receiver') await deliver(sluice, mx, `without-${role}`);
      if (role === 'manager') await answered(sluice);
      const logged = (text: RegExp) => () =>
        sluice
          .events()
          .slice(before)
          .some(({ msg }) => text.test(String(msg)));
      await until(`the ${role} comes back`, logged(new RegExp(`the ${role} process runs again`, 'u')));
      assert.ok(
        logged(new RegExp(`the ${role} process ended by SIGKILL; starting it again in 100 ms`, 'u'))(),
      );
      await deliver(sluice, mx, `after-${role}`);
      await answered(sluice);
    }
    assert.equal(sluice.pids().length, 1 + roles.length);
    await until(
      'the queue is empty',
      async () => (await sluice.ask<Status>({ operation: 'status' })).messages === 0,
    );
    assert.equal(await sluice.program.stop('SIGTERM'), 0);
    assert.ok(isGone(sluice.program));
  });

  /** Every request is answered, perhaps with an error; and soon without one. */
  async function answered(sluice: Sluice): Promise<void> {
    for (let i = 0; i < 2_000; i++) {
      try {
        if ((await sluice.ask<Status>({ operation: 'status' })).senders === 1) return;
      } catch (error) {
        const { code } = error as { code?: string };
        assert.ok(
          code === 'MANAGER_LOST' || code === 'NOT_RUNNING' || code === 'CONTROL_LOST',
          String(error),
        );
      }
    }
    assert.fail('no answer about the state of things');
  }

  test('a process whose sign of life cannot be removed is restarted all the same, and the stop has its grace', async (t) => {
    const ground = Ground.of(t);
    const [sluice, mx] = await start(ground);
    const sender = sluice.pidOf('sender');
    const sign = `${sluice.spool}/run/sender-${sender}.sock`;
    rmSync(sign);
    mkdirSync(sign); // what unlink fails at, as on a disk that is read-only
    process.kill(sender, 'SIGKILL');
    await sluice.logged(({ msg }) => msg === 'the sender process runs again');
    await deliver(sluice, mx, 'after');
    assert.equal(await sluice.program.stop('SIGTERM'), 0);
  });

  test('status tells why a manager cannot start again, and the stop does not say that all outcomes are stored', async (t) => {
    const ground = Ground.of(t);
    const [sluice, mx] = await start(ground);
    await deliver(sluice, mx, 'first');
    rmSync(`${sluice.spool}/bus.sock`);
    mkdirSync(`${sluice.spool}/bus.sock`); // what unlink fails at, as on a disk that is read-only
    process.kill(sluice.pidOf('manager'), 'SIGKILL');
    await until('status says why', async () => {
      const { troubles } = await sluice.ask<StatusAnswer>({ operation: 'status' });
      return troubles.some(
        ({ key, text }) => key === 'role:manager' && /SPOOL_UNUSABLE: Making .*bus\.sock: E/u.test(text),
      );
    });
    assert.equal(await sluice.program.stop('SIGTERM'), 1);
    assert.match(sluice.program.output, /OUTCOMES_NOT_STORED/u);
  });

  test('while the manager is stopped, status answers all the same and says so', async (t) => {
    const ground = Ground.of(t);
    const [sluice] = await start(ground);
    const manager = sluice.pidOf('manager');
    process.kill(manager, 'SIGSTOP');
    const silent = await statusAnswer(sluice);
    assert.equal(silent.kind, 'without-manager');
    const [first] = silent.troubles;
    assert.deepEqual([first?.key, first?.level], ['role:manager', 'critical']);
    const text = await sluice.cli('status');
    assert.match(text, /^CRITICAL +The manager/mu);
    // A request that only the manager can answer ends with an error.
    await assert.rejects(sluice.ask({ operation: 'override.list' }), {
      code: 'MANAGER_SILENT',
    });
    process.kill(manager, 'SIGKILL');
    await until('the next manager answers', async () => (await statusAnswer(sluice)).kind === 'complete');
    await until('nothing is wrong', async () => (await statusAnswer(sluice)).troubles.length === 0);
  });

  test('processes that a killed Sluice left behind are ended by the next one, also those stopped by a signal', async (t) => {
    const ground = Ground.of(t);
    const [first] = await start(ground);
    const left = [first.pidOf('sender'), first.pidOf('manager'), first.pidOf('receiver')];
    for (const pid of left) process.kill(pid, 'SIGSTOP');
    const supervisor = first.program.pid;
    first.program.signal('SIGKILL');
    await until('the supervisor is gone', () => !isRunning(supervisor));
    const [next, mx] = await start(ground);
    for (const pid of left) assert.equal(isRunning(pid), false);
    await deliver(next, mx, 'after');
    assert.equal(await next.program.stop('SIGTERM'), 0);
  });

  test('status tells that the supervisor is stopped, and which roles have no process, until it goes on', async (t) => {
    const ground = Ground.of(t);
    const [sluice, mx] = await start(ground);
    const sender = sluice.pidOf('sender');
    const critical = async () =>
      (await statusAnswer(sluice)).troubles.flatMap(({ key, level }) => (level === 'critical' ? [key] : []));
    sluice.program.signal('SIGSTOP');
    process.kill(sender, 'SIGKILL');
    await until('both are told', async () => {
      const keys = await critical();
      return keys.includes('role:supervisor') && keys.includes('role:sender');
    });
    sluice.program.signal('SIGCONT');
    await until('everything runs again', async () => (await critical()).length === 0);
    await deliver(sluice, mx, 'after');
    assert.equal(await sluice.program.stop('SIGTERM'), 0);
  });

  test('a stop while Sluice is still starting ends all processes', async (t) => {
    const ground = Ground.of(t);
    const port = await freePort();
    const folder = ground.folder('sluice');
    writeFileSync(
      `${folder}/sluice.toml`,
      `spool = "spool"\ncontrol_socket = "control.sock"\n[[listen]]\naddress = "127.0.0.1:${port}"\n`,
    );
    const program = ground.start('sluice', process.execPath, [
      sluiceBin,
      'serve',
      '--config',
      `${folder}/sluice.toml`,
    ]);
    await until('the supervisor has begun', () =>
      readFileSync(`/proc/${program.pid}/cmdline`, 'utf8').startsWith('sluice: supervisor'),
    );
    const session = Session.open('127.0.0.1', port, true); // the first thing that can be seen from outside
    const opened = await session;
    assert.equal(await program.stop('SIGTERM'), 0);
    opened.destroy();
    assert.ok(isGone(program));
  });
});

suite('all roles in one process', () => {
  const processes = { single_process: true };

  test('status tells problems of the configuration and of the disk until they are mended', async (t) => {
    const ground = Ground.of(t);
    const mended = { processes, queue: { reserve: '0B' } };
    const [sluice] = await start(ground, { ...mended, queue: { reserve: '1000000GB' } });
    const keys = async () => (await statusAnswer(sluice)).troubles.map(({ key }) => key);
    await until('the disk is below its reserve', async () => (await keys()).includes('disk'));
    await sluice.program.line(/CRITICAL +The disk of the spool .* new mail is refused with 452/u);
    writeFileSync(sluice.configFile, 'nonsense = 1\n');
    process.kill(sluice.program.pid, 'SIGHUP');
    await until('the configuration is refused', async () => (await keys()).includes('config'));
    sluice.configure(mended);
    process.kill(sluice.program.pid, 'SIGHUP');
    await until('another one is in force', async () => !(await keys()).includes('config'));
    assert.ok((await keys()).includes('restart'));
  });

  test('a source that this host does not have is reported at start and in status, until a reload removes it', async (t) => {
    const ground = Ground.of(t);
    const [sluice, mx] = await start(ground, { processes, source: [{ address: '192.0.2.4' }] });
    const critical = async () =>
      (await statusAnswer(sluice)).troubles.flatMap(({ key, level }) => (level === 'critical' ? [key] : []));
    assert.ok((await critical()).includes('source:192.0.2.4'));
    await sluice.program.line(/CRITICAL +This host cannot use the address 192\.0\.2\.4/u);
    sluice.configure({ processes, route: [{ relay: [`127.0.0.1:${mx.port}`] }] });
    await sluice.cli('reload');
    await until('it is over', async () => !(await critical()).includes('source:192.0.2.4'));
    await deliver(sluice, mx, 'after');
  });

  test('mail flows, a second one is refused, reload, stop and the next start work', async (t) => {
    const ground = Ground.of(t);
    const [sluice, mx] = await start(ground, { processes });
    assert.deepEqual(sluice.pids(), [sluice.program.pid]);
    await deliver(sluice, mx, 'first');
    // The destination knows of a delivery a moment before the manager does.
    await until(
      'the delivery is counted',
      async () => (await sluice.ask<Status>({ operation: 'status' })).counters['delivered'] === 1,
    );
    assert.equal((await sluice.ask<Status>({ operation: 'status' })).senders, 1);

    const second = ground.start('second', process.execPath, [
      sluiceBin,
      'serve',
      '--config',
      sluice.configFile,
    ]);
    assert.equal(await second.ended, 1);
    assert.match(second.output, /^SPOOL_IN_USE: /u);

    const reload = (file?: string) =>
      sluice.ask({ operation: 'reload', file }).then(
        (result) => result,
        (error: { code?: string }) => error.code,
      );
    writeFileSync(sluice.configFile, 'hostnme = "sluice.test"\n');
    assert.equal(await reload(), 'CONFIG_REFUSED');
    for (const lose of [rmSync, truncateSync]) {
      if (existsSync(sluice.configFile)) lose(sluice.configFile);
      assert.equal(await reload(), 'CONFIG_REFUSED'); // neither is the wish for the defaults
      assert.ok(
        (await sluice.ask<Status>({ operation: 'status' })).troubles.some(({ key }) => key === 'config'),
      );
      writeFileSync(sluice.configFile, 'hostnme = "sluice.test"\n');
    }
    await deliver(sluice, mx, 'second');
    sluice.configure({
      processes,
      receive: { max_message_size: '1KiB' },
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    });
    // No key of it waits for a restart.
    assert.deepEqual(await reload(), { afterRestart: [], notOpen: [], file: sluice.configFile });
    const other = `${sluice.directory}/other.toml`;
    writeFileSync(other, readFileSync(sluice.configFile));
    assert.equal(await reload(other), 'CONFIG_OTHER_FILE');
    const link = `${sluice.directory}/link.toml`;
    symlinkSync(sluice.configFile, link);
    assert.deepEqual(await reload(link), { afterRestart: [], notOpen: [], file: sluice.configFile });
    const session = await Session.open('127.0.0.1', sluice.port);
    session.write('MAIL FROM:<a@client.test> SIZE=2000\r\n');
    assert.match(await session.reply(), /^552 5\.3\.4/u);
    await deliver(sluice, mx, 'third');

    const stopped = sluice.program.stop('SIGTERM');
    assert.match(await session.reply(), /^421 4\.3\.2 /u); // RFC 5321 3.8
    assert.equal(await stopped, 0);
    assert.ok(isGone(sluice.program));

    const again = await startSluice(ground, {
      directory: sluice.directory,
      config: { processes, route: [{ relay: [`127.0.0.1:${mx.port}`] }] },
    });
    await again.program.line(/is running as/u);
    assert.equal((await again.ask<Status>({ operation: 'status' })).messages, 0);
    await deliver(again, mx, 'after-the-next-start');
    assert.equal(mx.tally.messages, 4); // nothing came twice
  });
});

suite('either way', { concurrency: 2 }, () => {
  for (const singleProcess of [false, true]) {
    test(`with one of two ports in use Sluice ends and nothing stays behind, ${singleProcess ? 'in one process' : 'in several'}`, async (t) => {
      const ground = Ground.of(t);
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      ground.atEnd(() => void other.close());
      const { port } = other.address() as AddressInfo;
      const folder = ground.folder('sluice');
      writeFileSync(
        `${folder}/sluice.toml`,
        `spool = "spool"\ncontrol_socket = "control.sock"\n[processes]\nsingle_process = ${singleProcess}\n` +
          `[[listen]]\naddress = "127.0.0.1:0"\n[[listen]]\naddress = "127.0.0.1:${port}"\n`,
      );
      const program = ground.start('sluice', process.execPath, [
        sluiceBin,
        'serve',
        '--config',
        `${folder}/sluice.toml`,
      ]);
      // It ends when the last process that has its output ends.
      assert.equal(await program.ended, 1);
      assert.ok(isGone(program));
      assert.ok(
        program.output.includes(
          `LISTEN_FAILED: Listening on 127.0.0.1:${port}: the port is in use.\n  Stop the program that listens there, or set another address under [[listen]].\n`,
        ),
        program.output,
      );
      assert.doesNotMatch(program.output, /is running as/u);
    });
  }

  for (const singleProcess of [false, true]) {
    test(`a stop before the destination has greeted is no attempt, ${singleProcess ? 'in one process' : 'in several'}`, async (t) => {
      const ground = Ground.of(t);
      const silent = createServer().listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const connected = once(silent, 'connection');
      ground.atEnd(() => void silent.close());
      const { port } = silent.address() as AddressInfo;
      const sluice = await startSluice(ground, {
        config: { processes: { single_process: singleProcess }, route: [{ relay: [`127.0.0.1:${port}`] }] },
      });
      const mail = { from: 'a@client.test', to: ['b@far.test'], content: 'Subject: x\r\n\r\nHello\r\n' };
      assert.match((await send(sluice.port, mail)).at(-1)!, /^250/u);
      const [socket] = (await connected) as [Socket];
      ground.atEnd(() => void socket.destroy());
      assert.equal(await sluice.program.stop('SIGTERM'), 0);
      const waiting: unknown[] = [];
      for await (const found of inspectSpool(sluice.spool)) {
        waiting.push(...(found.kind === 'message' ? found.message.waiting : [found.problem]));
      }
      assert.deepEqual(waiting, [
        { index: 0, address: 'b@far.test', attempts: 0, nextAttemptAtMs: 0, lastRefusal: '' },
      ]);
    });
  }
});
