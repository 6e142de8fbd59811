// A service manager starts Sluice, hears when it is ready, when it reloads and stops, and that it lives.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Session } from '../../sim/mx/submitter.ts';
import { freePort, Ground } from '../../sim/neighbours/ground.ts';
import { startServiceManager } from '../../sim/neighbours/service-manager.ts';
import { ownProcesses, startSluice } from '../../sim/neighbours/sluice.ts';

/** Opens sockets as systemd does, and becomes the program: systemd-socket-activate waits for a first connection. */
const activator = `
import os, socket, sys
names = []
for at, argument in enumerate(sys.argv[2:4]):
    name, port = argument.split('=')
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(('127.0.0.1', int(port)))
    listening.listen(5)
    os.dup2(listening.fileno(), 10 + at)
    names.append(name)
for at in range(2):
    os.dup2(10 + at, 3 + at)
    os.set_inheritable(3 + at, True)
os.environ.update(LISTEN_FDS='2', LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES=':'.join(names))
os.execvp(sys.argv[4], sys.argv[4:])
`;

const root = join(import.meta.dirname, '../..');
const starter = join(root, 'bin/sluice');
const has = (program: string): boolean => spawnSync('which', [program]).status === 0;
const missing = ['python3', 'perl'].filter((program) => !has(program));

suite('a service manager', { skip: missing.length > 0 && `there is no ${missing.join(', no ')}` }, () => {
  test('hears of the start, a reload and the stop from the process that it started', async (t) => {
    const ground = Ground.of(t);
    const manager = await startServiceManager(ground);
    const sluice = await startSluice(ground, {
      starter,
      config: ownProcesses,
      env: { NOTIFY_SOCKET: manager.socket, WATCHDOG_USEC: '2000000' },
    });
    const started = await manager.line('READY=1');
    assert.deepEqual(manager.messages()[0]?.lines, ['EXTEND_TIMEOUT_USEC=30000000']);
    assert.ok(manager.messages()[started - 1]?.lines.includes('STATUS=Running as sluice.test'));
    const alive = await manager.line('WATCHDOG=1', started);
    await sluice.cli('reload');
    const reloading = await manager.line('RELOADING=1', alive);
    assert.match(manager.messages()[reloading - 1]?.lines[1] ?? '', /^MONOTONIC_USEC=\d+$/u);
    const reloaded = await manager.line('READY=1', reloading);
    sluice.program.signal('SIGTERM');
    assert.equal(await sluice.program.ended, 0);
    await manager.line('STOPPING=1', reloaded);
    for (const { pid, lines } of manager.messages()) assert.equal(pid, sluice.program.pid, lines.join(' '));
  });

  test('hears READY when every listener listens', async (t) => {
    const ground = Ground.of(t);
    const manager = await startServiceManager(ground);
    const port = await freePort();
    const starting = startSluice(ground, {
      starter,
      port,
      config: ownProcesses,
      env: { NOTIFY_SOCKET: manager.socket },
    });
    await manager.line('READY=1');
    const session = await Session.open('127.0.0.1', port);
    await session.quit();
    await starting;
  });

  test('hears of it by systemd-notify when there is no Perl', { skip: !has('systemd-notify') }, async (t) => {
    const ground = Ground.of(t);
    const manager = await startServiceManager(ground);
    const path = ground.folder('path');
    await ground.run('sh', [
      '-c',
      `for name in sh readlink systemd-notify; do ln -s "$(command -v $name)" '${path}/'; done`,
    ]);
    const env = { NOTIFY_SOCKET: manager.socket, PATH: path };
    const sluice = await startSluice(ground, { starter, config: ownProcesses, env });
    const started = await manager.line('READY=1');
    await sluice.program.stop('SIGTERM');
    await manager.line('STOPPING=1', started);
  });

  for (const how of ['several processes', 'one process']) {
    test(`hands sockets over to Sluice, by address and by name, with ${how}`, async (t) => {
      const ground = Ground.of(t);
      const [byAddress, byName, third] = [await freePort(), await freePort(), await freePort()];
      const listen = [
        { address: `127.0.0.1:${byAddress}` },
        { address: `127.0.0.1:${third}`, socket_name: 'second' },
      ];
      const processes = { receivers: 2, single_process: how === 'one process' };
      const sluice = await startSluice(ground, {
        starter: 'python3',
        starterArgs: ['-c', activator, 'x', `first=${byAddress}`, `second=${byName}`, starter],
        config: { processes, listen },
      });
      assert.ok(
        sluice.program.output.includes(`Listening on   127.0.0.1:${byAddress}, 127.0.0.1:${byName}\n`),
      );
      for (const port of [byAddress, byName]) {
        const session = await Session.open('127.0.0.1', port);
        await session.quit();
      }
      // The address of a listener whose socket is handed over is not opened.
      await assert.rejects(Session.open('127.0.0.1', third), /was lost/u);
      // What is closed by a reload cannot be opened by the next one: the socket would have to be handed over again.
      sluice.configure({ processes, listen: listen.slice(0, 1) });
      await sluice.cli('reload');
      sluice.configure({ processes, listen });
      await assert.rejects(sluice.cli('reload'), /was closed when this listener was taken out/u);
    });
  }
});
