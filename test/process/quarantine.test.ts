// A message that was quarantined when it was accepted: it is held over a start, shown with its reason, and goes out when it is
// released, with Sluice as a program.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { openSpoolWriter } from '../../src/spool/open.ts';
import { destination } from '../interop/mail.ts';

test('a quarantined message is held with its reason until it is released', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const directory = ground.folder('sluice');
  const config = { route: [{ relay: [`127.0.0.1:${mx.port}`] }] };
  const writer = await openSpoolWriter({
    directory: join(directory, 'spool'),
    slot: 1,
    segmentBytes: 1024 * 1024,
    reserveBytes: 0,
    sync: 'fdatasync',
  });
  const ids: string[] = [];
  for (const quarantine of ['it looks like "spam"', undefined]) {
    const queueId = writer.newQueueId();
    ids.push(queueId);
    await writer.append({
      envelope: {
        queueId,
        receivedAtMs: Date.now(),
        reversePath: 'a@b.example',
        recipients: [{ address: `${ids.length}@far.test` }],
        body: '7BIT',
        smtpUtf8: false,
        quarantine,
        origin: { via: 'smtp', clientAddress: '192.0.2.1', helo: 'x' },
      },
      content: [Buffer.from('Subject: x\r\n\r\nHello\r\n')],
    });
  }
  await writer.close();
  const [held = ''] = ids;
  const sluice = await startSluice(ground, { config, directory });
  const arrived = () => mx.messages.map(({ recipients }) => recipients[0]);
  await until('the other message has arrived', () => Promise.resolve(arrived().length === 1));
  assert.deepEqual(arrived(), ['2@far.test']);
  assert.match(await sluice.cli('queue', 'list'), /held .* quarantined: it looks like "spam"/u);
  assert.match(await sluice.cli('queue', 'show', held), /Last error quarantined: it looks like/u);
  assert.equal(await sluice.program.stop('SIGTERM'), 0);
  assert.match(await sluice.cli('queue', 'list'), /held .* quarantined: it looks like "spam"/u);

  const again = await startSluice(ground, { config, directory });
  assert.match(await again.cli('queue', 'release', held), /1 recipient released/u);
  await until('the message has arrived', () => Promise.resolve(arrived().length === 2));
  assert.deepEqual(arrived(), ['2@far.test', '1@far.test']);
});
