// Power cuts, killed processes and failing disks at every step of a delivery into a Maildir: what was told as delivered is there, whole, and no
// reader ever finds a part of a message.

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { SimulatedDisk } from '../../sim/disk/simulated-disk.ts';
import { MaildirWriter } from '../../src/mailbox/maildir/writer.ts';
import { simulatedMailFiles, textOnDisk } from './simulated-mail-files.ts';

const base = '/mail';
const folders = [`${base}/a.test/joe`, `${base}/a.test/sue`] as const;
const noFaults = { syncFails: 0, writeFails: 0, shortWrites: 0 };

function textOf(number: number): string {
  return `Subject: ${number}\n\n${`line of ${number}\n`.repeat(100)}`;
}

/** A disk with the base, and nothing else. */
async function diskWith(seed: number): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk({ seed });
  const { files } = disk.process();
  await files.mkdir(base);
  await files.syncDirectory('/');
  return disk;
}

/** Delivers so many messages in turn, into both mailboxes; `delivered` gets the number of each that counts. */
async function deliver(
  disk: SimulatedDisk,
  numbers: readonly number[],
  delivered: Set<number>,
): Promise<void> {
  const writer = new MaildirWriter(simulatedMailFiles(disk.process().files));
  for (const number of numbers) {
    const folder = folders[number % 2] ?? '';
    const text = Buffer.from(textOf(number));
    const pieces = [text.subarray(0, 50), text.subarray(50)];
    // Large messages are read while they are written.
    const content = number > 2 ? Readable.from(pieces) : pieces;
    try {
      await writer.add({ folder, base, followsLinks: false }, content, 0);
      delivered.add(number);
    } catch {
      // It stays in the queue.
    }
  }
}

/** How often each message is in `new`; throws where one is not whole. */
function found(disk: SimulatedDisk): Map<number, number> {
  const times = new Map<number, number>();
  for (const folder of folders) {
    for (const name of disk.names(`${folder}/new`)) {
      const text = textOnDisk(disk, `${folder}/new/${name}`);
      const number = Number(/^Subject: (\d+)\n/.exec(text)?.[1]);
      assert.equal(text, textOf(number), `a part of a message in ${folder}/new/${name}`);
      assert.match(name, new RegExp(`,S=${text.length},W=${text.length + text.split('\n').length - 1}$`));
      times.set(number, (times.get(number) ?? 0) + 1);
    }
  }
  return times;
}

const numbers = [1, 2, 3, 4];

test('with a power cut at any operation, what counts as delivered is there, whole and once', async () => {
  const whole = await diskWith(1);
  await deliver(whole, numbers, new Set());
  const { operations } = whole;
  assert.ok(operations > 20, `only ${operations} operations`);
  for (let crashAt = 1; crashAt <= operations; crashAt++) {
    for (let seed = 1; seed <= 4; seed++) {
      const disk = (await diskWith(seed)).restarted({ seed, crashAt });
      const delivered = new Set<number>();
      await Promise.race([deliver(disk, numbers, delivered), disk.crashed]);
      const after = disk.restarted({ seed: seed + 100 });
      const times = found(after);
      for (const number of delivered)
        assert.equal(times.get(number), 1, `message ${number} is lost, cut ${crashAt}, seed ${seed}`);
      // The others are delivered again from the queue: at most twice in all.
      const rest = numbers.filter((number) => !delivered.has(number));
      const later = new Set<number>();
      await deliver(after, rest, later);
      assert.deepEqual([...later], rest);
      for (const [number, count] of found(after))
        assert.ok(count === 1 || (count === 2 && rest.includes(number)), `message ${number}: ${count} times`);
    }
  }
});

test('a process that is killed at any operation leaves no part of a message in new', async () => {
  for (let killAt = 1; killAt <= 30; killAt++) {
    const disk = await diskWith(killAt);
    const killed = Promise.withResolvers<undefined>();
    const start = disk.operations;
    const process = disk.process((_, act) => {
      act();
      if (disk.operations - start < killAt) return;
      process.kill();
      killed.resolve(undefined);
    });
    const writer = new MaildirWriter(simulatedMailFiles(process.files));
    const work = (async () => {
      for (const number of numbers)
        await writer.add({ folder: folders[0], base, followsLinks: false }, [Buffer.from(textOf(number))], 0);
    })();
    await Promise.race([work, killed.promise]);
    found(disk);
  }
});

test('a full disk, short writes and syncs that fail make mail wait, and leave nothing of it', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const disk = await diskWith(seed);
    disk.faults = { syncFails: 0.2, writeFails: 0.2, shortWrites: 0.3 };
    const delivered = new Set<number>();
    await deliver(disk, [1, 2, 3, 4, 5, 6, 7, 8], delivered);
    assert.deepEqual([...found(disk).keys()].sort(), [...delivered].sort(), `seed ${seed}`);
    disk.faults = noFaults;
    disk.fill(100);
    const full = new Set<number>();
    await deliver(disk, [9], full);
    assert.deepEqual([...full], []);
    assert.deepEqual([...found(disk).keys()].sort(), [...delivered].sort());
    disk.makeRoom();
    await deliver(disk, [9], full);
    assert.deepEqual([...full], [9]);
  }
});
