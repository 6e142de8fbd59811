// A disk that another program fills, on a real small file system. Mail that is delivered meanwhile is not delivered again
// after any stop or kill, and outcomes that cannot be stored are reported.

import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { suite, test } from 'node:test';
import { submit, type Submission } from '../../sim/mx/submitter.ts';
import { until } from '../../sim/neighbours/ground.ts';
import { startSluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { destination, send } from './mail.ts';
import { fill, makeRoom, smallDisk } from './small-disk.ts';

const messages = 300;

function* some(): Generator<Submission> {
  for (let index = 0; index < messages; index++) {
    yield { id: `${index}@client.test`, from: 'a@client.test', to: ['b@far.test'], sizeBytes: 5_000 };
  }
}

function configOn(disk: string, port: number, more: SluiceConfig = {}): SluiceConfig {
  return {
    spool: `${disk}/spool`,
    queue: { reserve: '8MiB', segment_size: '4MiB', retry: ['1s'] },
    deliver: { address_rest: ['1s'] },
    stop: { grace: '2s' },
    route: [{ relay: [`127.0.0.1:${port}`] }],
    ...more,
  };
}

const skip = process.getuid?.() === 0 ? false : 'a file system of its own needs root';

suite('a disk that another program has filled', { skip }, () => {
  for (const single of [false, true]) {
    const how = single ? 'one process' : 'processes of their own';
    test(`does not keep Sluice from delivering, stopping and starting without second copies: ${how}`, async (t) => {
      const { ground, disk } = await smallDisk(t);
      const mx = await destination(ground);
      await mx.close(); // nothing is delivered at first
      const config = configOn(disk, mx.port, { processes: { single_process: single } });
      const first = await startSluice(ground, { config });
      const sent = await submit(some(), { address: '127.0.0.1', port: first.port, connections: 10 });
      assert.equal(sent.accepted.size, messages);
      fill(disk);
      const back = await destination(ground, { port: mx.port });
      await back.tally.arrived(messages);
      const nothingWaits = () =>
        until('the queue is empty', async () => (await first.cli('queue', 'list')) === 'Nothing waits.\n');
      await nothingWaits();
      fill(disk);
      assert.equal(await first.program.stop('SIGTERM'), 0);
      const second = await startSluice(ground, { config, port: first.port });
      fill(disk);
      const mail = { from: 'a@client.test', to: ['b@far.test'], content: 'Subject: x\r\n\r\nhi\r\n' };
      const refused = await send(second.port, mail);
      assert.ok(
        refused.some((reply) => reply.startsWith('452 4.3.1')),
        refused.join('\n'),
      );
      if (!single) {
        const managers = second.events().filter(({ msg }) => msg === 'the manager process runs again').length;
        process.kill(second.pidOf('manager'), 'SIGKILL');
        await until(
          'the manager runs again',
          () =>
            second.events().filter(({ msg }) => msg === 'the manager process runs again').length > managers,
        );
      }
      assert.equal(back.tally.duplicates, 0);
      makeRoom(disk);
      await until('mail is taken again', async () =>
        (await send(second.port, mail)).at(-1)?.startsWith('250'),
      );
      await until('it is delivered', () => back.messages.length > messages);
      assert.equal(await second.program.stop('SIGTERM'), 0);
      assert.equal(back.tally.duplicates, 0);
    });
  }

  test('without room for a journal stops deliveries and says so, and a stop fails while outcomes are not stored', async (t) => {
    const { ground, disk } = await smallDisk(t);
    const mx = await destination(ground);
    await mx.close();
    const config = configOn(disk, mx.port, { queue: { reserve: '0B', segment_size: '4MiB', retry: ['1h'] } });
    const first = await startSluice(ground, { config });
    const sent = await submit(some(), { address: '127.0.0.1', port: first.port, connections: 10 });
    assert.equal(sent.accepted.size, messages);
    await first.program.stop('SIGTERM');
    for (const name of readdirSync(`${disk}/spool/journal`)) rmSync(`${disk}/spool/journal/${name}`);
    fill(disk);
    const back = await destination(ground, { port: mx.port });
    const second = await startSluice(ground, { config, port: first.port });
    await second.shows(/CRITICAL +No new delivery begins, since outcomes cannot be stored/u, 'status');
    assert.match(await second.cli('explain', 'b@far.test'), /In the way +outcomes cannot be stored/u);
    assert.equal(back.messages.length, 0);
    // The command fails, since a restart would undo the removal.
    await assert.rejects(second.cli('queue', 'remove', '--all'));
    const code = await second.program.stop('SIGTERM');
    assert.equal(code, 1);
    assert.match(
      String(second.events().at(-1)?.['msg']),
      new RegExp(`${messages} outcomes are not stored`, 'u'),
    );
    const third = await startSluice(ground, { config, port: first.port });
    makeRoom(disk);
    await back.tally.arrived(messages);
    assert.equal(await third.program.stop('SIGTERM'), 0);
    assert.equal(back.tally.duplicates, 0);
  });
});
