// Commands that are run while the control process is being started again.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { untilReachable } from '../../src/cli/until-reachable.ts';
import { ControlError } from '../../src/control/control-error.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { sluice } from './run.ts';

/** A spool whose lock is held, as by a supervisor, and a control socket that nobody listens at. */
async function withoutControl(t: TestContext) {
  const { path, atEnd } = temporaryFolder(t, 'reachable');
  const listening = async (name: string, connected: Parameters<typeof createServer>[1]): Promise<Server> => {
    const server = createServer(connected ?? (() => undefined));
    server.listen(join(path, name));
    await once(server, 'listening');
    atEnd(() => server.close());
    return server;
  };
  return { path, place: { spool: path, controlSocket: join(path, 'control.sock') }, listening };
}

const notRunning = () => Promise.reject(new ControlError('NOT_RUNNING', 'No Sluice is running.'));

test('a command waits for the control process while a Sluice holds the spool', async (t) => {
  const { path, listening } = await withoutControl(t);
  const config = join(path, 'sluice.toml');
  writeFileSync(config, 'spool = "."\ncontrol_socket = "control.sock"\n');
  const lock = await listening('lock.sock', (socket) => void socket.destroy());
  // The command has found no control socket, and asks whether a Sluice runs: only now there is one.
  const back = once(lock, 'connection').then(() =>
    listening('control.sock', (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('{"kind":"end","result":null}\n'));
    }),
  );
  const { code, stdout, stderr } = await sluice(['clock', 'confirm', '-c', config]);
  assert.deepEqual([code, stdout, stderr], [0, 'Nothing about the clock was in doubt.\n', '']);
  await back;
});

test('a command does not wait when no Sluice holds the spool', async (t) => {
  const { place } = await withoutControl(t);
  let attempts = 0;
  const asked = untilReachable(place, () => {
    attempts++;
    return notRunning();
  });
  await assert.rejects(asked, { code: 'NOT_RUNNING' });
  assert.equal(attempts, 1);
});

test('a control process that does not come is reported after five seconds', async (t) => {
  const { place, listening } = await withoutControl(t);
  await listening('lock.sock', (socket) => void socket.destroy());
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let attempts = 0;
  let isOver = false;
  const asked = assert
    .rejects(
      untilReachable(place, () => {
        attempts++;
        return notRunning();
      }),
      { code: 'CONTROL_STARTING', message: /nothing listened at its control socket .* within 5 s\.$/u },
    )
    .finally(() => (isOver = true));
  while (!isOver) {
    await turn();
    t.mock.timers.tick(100);
  }
  await asked;
  assert.equal(attempts, 51);
});

test('other errors are not tried again', async (t) => {
  const { place, listening } = await withoutControl(t);
  await listening('lock.sock', (socket) => void socket.destroy());
  const asked = untilReachable(place, () =>
    Promise.reject(new ControlError('CONTROL_DENIED', 'not permitted')),
  );
  await assert.rejects(asked, { code: 'CONTROL_DENIED' });
});
