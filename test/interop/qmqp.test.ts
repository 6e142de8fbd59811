// Mail by QMQP from qmqp-source of Postfix, in several sessions at the same time, and to its qmqp-sink.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { freePort, Ground, listening, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';

const source = '/usr/sbin/qmqp-source';
const sink = '/usr/sbin/qmqp-sink';
const without = (program: string): false | string =>
  existsSync(program) ? false : `there is no ${program} (Debian: postfix)`;

test('qmqp-source of Postfix hands in all of its messages', { skip: without(source) }, async (t) => {
  const ground = Ground.of(t);
  const port = await freePort();
  const sluice = await startSluice(ground, {
    config: {
      listen: [{ address: `127.0.0.1:${port}`, protocol: 'qmqp', relay_networks: ['127.0.0.0/8'] }],
      route: [{ domain: ['d.example'], discard: true }],
    },
  });
  // 50 messages of 20 KB in 5 sessions at the same time, each to 3 recipients.
  const options = ['-m', '50', '-s', '5', '-l', '20000', '-r', '3', '-f', 'a@b.example', '-t', 'c@d.example'];
  await promisify(execFile)(source, [...options, `127.0.0.1:${port}`]);
  const received = await sluice.logged('received', 50);
  assert.equal(received.length, 50);
  assert.ok(received.every((line) => line['via'] === 'qmqp' && line['from'] === 'a@b.example'));
});

test('qmqp-sink of Postfix takes small and large messages', { skip: without(sink) }, async (t) => {
  const ground = Ground.of(t);
  const [port, inPort] = [await freePort(), await freePort()];
  const program = ground.start('qmqp-sink', sink, ['-c', `127.0.0.1:${port}`, '100']);
  await listening(program, port);
  const sluice = await startSluice(ground, {
    config: {
      receive: { large_message: '64 KiB' },
      listen: [{ address: `127.0.0.1:${inPort}`, protocol: 'qmqp', relay_networks: ['127.0.0.0/8'] }],
      route: [{ qmqp: [`127.0.0.1:${port}`] }],
    },
  });
  for (const length of ['2000', '300000']) {
    const options = [
      '-m',
      '20',
      '-s',
      '5',
      '-l',
      length,
      '-r',
      '2',
      '-f',
      'a@b.example',
      '-t',
      'c@d.example',
    ];
    await promisify(execFile)(source, [...options, `127.0.0.1:${inPort}`]);
  }
  const delivered = await sluice.logged('delivered', 80);
  assert.equal(delivered.length, 80);
  // It prints how many messages it has taken, one number over the other.
  await until('qmqp-sink has counted all', () => /(?:^|\r)40\b/u.test(program.output));
  const last = program.output.match(/\d+/gu)?.at(-1);
  assert.equal(last, '40');
});
