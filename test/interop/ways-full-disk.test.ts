// Disks that are full while programs and archives take mail: it waits, whole, and goes on when there is room.

import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { until } from '../../sim/neighbours/ground.ts';
import { type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { send } from './mail.ts';
import { fill, makeRoom, smallDisk } from './small-disk.ts';

const skip = process.getuid?.() === 0 ? false : 'a file system of its own needs root';
/** More than a page: so much has no room on a full disk. */
const content = contentOf(10_000);

function contentOf(lines: number): string {
  return `Subject: x\r\n\r\n${'0123456789\r\n'.repeat(lines)}end\r\n`;
}

async function handIn(sluice: Sluice, ...to: readonly string[]): Promise<void> {
  assert.match((await send(sluice.port, { from: 'a@client.test', to, content })).at(-1) ?? '', /^250/u);
}

const happened = (sluice: Sluice, name: string) => sluice.events().filter(({ event }) => event === name);

suite('full disks of ways out', { skip, concurrency: 2 }, () => {
  test('of archives: nothing of a message is left in a Maildir or a file', async (t) => {
    const { ground, disk } = await smallDisk(t);
    const [maildir, file] = [join(disk, 'mail'), join(disk, 'all.mbox')];
    const sluice = await startSluice(ground, {
      config: {
        queue: { retry: ['1s'] },
        route: [
          { name: 'mail', domain: ['mail.test'], archive: { maildir } },
          { name: 'file', domain: ['file.test'], archive: { file } },
        ],
      },
    });
    await handIn(sluice, 'a@mail.test', 'a@file.test');
    await until('both have the first message', () => happened(sluice, 'delivered').length === 2);
    const first = readFileSync(file, 'utf8');
    fill(disk);
    await handIn(sluice, 'b@mail.test', 'b@file.test');
    const refused = (to: string) =>
      happened(sluice, 'deferred').some(
        (line) => line['to'] === to && /no space left/iu.test(String(line['reply'])),
      );
    await until('both are put off', () => refused('b@mail.test') && refused('b@file.test'));
    assert.deepEqual(readdirSync(join(maildir, 'tmp')), []);
    assert.equal(readdirSync(join(maildir, 'new')).length, 1);
    makeRoom(disk);
    await until('both have the second message', () => happened(sluice, 'delivered').length === 4);
    for (const name of readdirSync(join(maildir, 'new')))
      assert.ok(readFileSync(join(maildir, 'new', name), 'utf8').endsWith('\nend\n'));
    const both = readFileSync(file, 'utf8');
    assert.ok(both.startsWith(first));
    assert.equal(both.match(/^From a@client\.test /gmu)?.length, 2);
    assert.deepEqual(readdirSync(disk).toSorted(), ['all.mbox', 'mail']);
  });

  test('of the spool: a program gets the whole of a message, or none', async (t) => {
    const { ground, disk } = await smallDisk(t);
    const folder = ground.folder('programs');
    chmodSync(folder, 0o777);
    const [got, ready, go] = ['got', 'ready', 'go'].map((name) => join(folder, name));
    const script = 'echo x > "$2"; until [ -e "$3" ]; do sleep 0.05; done; wc -c >> "$1"';
    const pipe = ['/bin/sh', '-c', script, 'sh', got!, ready!, go!];
    const sluice = await startSluice(ground, {
      config: {
        spool: join(disk, 'spool'),
        queue: { reserve: '8MiB', segment_size: '4MiB', retry: ['1s'] },
        route: [{ name: 'program', domain: ['program.test'], pipe, at_once: 1, as: 'nobody' }],
      },
    });
    await handIn(sluice, 'a@program.test');
    await until('the first program runs', () => readdirSync(folder).includes('ready'));
    const large = { from: 'a@client.test', to: ['b@program.test'], content: contentOf(40_000) };
    assert.match((await send(sluice.port, large)).at(-1) ?? '', /^250/u);
    // There will be room for a part of the file that its program would read: what the first one leaves.
    fill(disk);
    await ground.run('touch', [go!]);
    await until('the second is put off', () => happened(sluice, 'deferred').length > 0);
    assert.equal(happened(sluice, 'bounced').length, 0);
    makeRoom(disk);
    await until('the queue is empty', async () => (await sluice.cli('queue', 'list')) === 'Nothing waits.\n');
    const sizes = readFileSync(got!, 'utf8').trim().split('\n').map(Number);
    const [first = 0, second = 0] = sizes;
    assert.equal(sizes.length, 2);
    assert.equal(second - first, 30_000 * '0123456789\n'.length);
  });
});
