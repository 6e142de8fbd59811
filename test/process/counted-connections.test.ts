// The manager counts exactly the connections that are open at a destination: over a reload that changes the capacity of
// senders, and when a sender is stopped while the manager dies.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Session } from '../../sim/mx/submitter.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice, type Sluice, type SluiceEvent } from '../../sim/neighbours/sluice.ts';
import type { Status } from '../../src/control/operations/status.ts';
import { HoldingServer } from './holding-server.ts';

async function submit(sluice: Sluice, count: number): Promise<void> {
  const session = await Session.open('127.0.0.1', sluice.port);
  const say = async (text: string, expected: RegExp): Promise<void> => {
    session.write(text);
    assert.match(await session.reply(), expected);
  };
  for (let number = 0; number < count; number++) {
    await say('MAIL FROM:<a@client.test>\r\n', /^250/u);
    await say(`RCPT TO:<b${number}@far.test>\r\n`, /^250/u);
    await say('DATA\r\n', /^354/u);
    await say(`Message-ID: <${number}>\r\n\r\ntext\r\n.\r\n`, /^250/u);
  }
  await session.quit();
}

const hasEnded = ({ msg }: SluiceEvent): boolean => String(msg).includes('ended by SIGKILL; starting');

function status(sluice: Sluice): Promise<Extract<Status, { kind: 'complete' }>> {
  return sluice.ask({ operation: 'status' });
}

test('in one process, a reload that asks for more connections than open files allow gets as many as can be opened', async (t) => {
  const ground = Ground.of(t);
  const mx = await HoldingServer.start(ground);
  const config = (connections: number) => ({
    processes: { single_process: true },
    receive: { max_connections: 140 },
    deliver: { max_connections: connections, max_unanswered: 0, idle_connection: '1s' },
    adapt: { enabled: false },
    limit: ['domain', 'site', 'ip'].map((per) => ({ per, connections: 'unlimited' })),
    route: [{ relay: [`127.0.0.1:${mx.port}`] }],
  });
  const sluice = await startSluice(ground, { config: config(5), under: ['prlimit', '--nofile=200'] });
  await submit(sluice, 90);
  await mx.until(() => mx.messages === 5);
  sluice.configure(config(100));
  await sluice.cli('reload');
  // 150 open files are left: enough for 100 connections or for 140.
  await mx.until(() => mx.messages === 62);
  const { connections } = await status(sluice);
  assert.deepEqual([connections, mx.open], [62, 62]);
  mx.release();
  await until('everything is delivered', async () => (await status(sluice)).messages === 0);
  await until('no connection is left', async () => (await status(sluice)).connections === 0);
  assert.equal(mx.most, 62);
});

test('connections of a stopped sender count, also for the next manager, until the sender is killed', async (t) => {
  const ground = Ground.of(t);
  const mx = await HoldingServer.start(ground);
  const sluice = await startSluice(ground, {
    config: {
      queue: { retry: ['1s'] },
      processes: { senders: 2 },
      deliver: { address_rest: ['1s'] },
      limit: [{ per: 'ip', connections: 3 }],
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    },
  });
  await submit(sluice, 20);
  await mx.until(() => mx.messages === 3);
  const stopped = sluice.pidOf('sender');
  process.kill(stopped, 'SIGSTOP');
  process.kill(sluice.pidOf('manager'), 'SIGKILL');
  await sluice.logged(hasEnded);
  mx.release();
  await until('everything is delivered', async () => {
    const answer = await status(sluice).catch(() => undefined);
    return answer?.kind === 'complete' && answer.messages === 0;
  });
  assert.equal(mx.most, 3);
  await sluice.logged(({ msg }) => String(msg).startsWith(`ending the sender process (${stopped})`));
});

test('transactions in hand when the manager is killed are finished, and no message is delivered twice', async (t) => {
  const ground = Ground.of(t);
  const mx = await HoldingServer.start(ground);
  const sluice = await startSluice(ground, {
    config: {
      processes: { senders: 2 },
      adapt: { enabled: false },
      limit: [{ per: 'ip', connections: 7 }],
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    },
  });
  await submit(sluice, 40);
  await mx.until(() => mx.messages === 7);
  process.kill(sluice.pidOf('manager'), 'SIGKILL');
  await sluice.logged(hasEnded);
  mx.release();
  await until('everything is delivered', async () => {
    const answer = await status(sluice).catch(() => undefined);
    return answer?.kind === 'complete' && answer.messages === 0;
  });
  assert.deepEqual([mx.messages, mx.most], [40, 7]);
});
