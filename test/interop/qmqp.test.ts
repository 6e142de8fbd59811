// Mail by QMQP from qmqp-source of Postfix, in several sessions at the same time.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { freePort, Ground } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';

const source = '/usr/sbin/qmqp-source';
const skip = existsSync(source) ? false : `there is no ${source} (Debian: postfix)`;

test('qmqp-source of Postfix hands in all of its messages', { skip }, async (t) => {
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
