// Which queue a report of Sluice is kept in, and what becomes of it when that queue has no room.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { ReportStores } from '../../src/manager/report-stores.ts';
import type { SpoolWriter } from '../../src/spool/types.ts';
import { MemorySpool } from '../receive/memory-spool.ts';

const queues = '[queues.news]\n[queues.bounces]\n';
const none = queues;
const all = `${queues}[[assignment]]\nqueue = "news"\ndomain = ["a.test"]\n[[assignment]]\nqueue = "bounces"\nreports = true\n`;
const some = `${queues}[[assignment]]\nqueue = "bounces"\nreports = true\ndomain = ["a.test"]\n`;

function ground(text: string): {
  stores: ReportStores;
  writers: MemorySpool[];
  reload: (text: string) => void;
} {
  const inForce = { config: parseConfig(`spool = "spool"\n${text}`, 'sluice.toml') };
  const writers = [new MemorySpool(), new MemorySpool(), new MemorySpool()];
  return {
    stores: new ReportStores(inForce, writers),
    writers,
    reload: (next) => (inForce.config = parseConfig(`spool = "spool"\n${next}`, 'sluice.toml')),
  };
}

const toA = { recipient: 'sender@a.test', tenant: undefined };
const indexOf = (writers: readonly MemorySpool[], writer: SpoolWriter): number =>
  writers.indexOf(writer as MemorySpool);

for (const [what, text, report, expected] of [
  ['without a rule, the queue of the mail', none, toA, [1, 'news']],
  ['by a rule for all reports, its queue', all, toA, [2, 'bounces']],
  ['by a rule for a domain, its queue', some, toA, [2, 'bounces']],
  ['for another domain, the queue of the mail', some, { ...toA, recipient: 'x@b.test' }, [1, 'news']],
] as const)
  test(`${what} has a report`, () => {
    const { stores, writers } = ground(text);
    const { writer, queue } = stores.of(report, 1);
    assert.deepEqual([indexOf(writers, writer), queue], expected);
  });

test('a queue of reports without room delays none: they are kept with the mail that they are about', () => {
  const { stores, writers } = ground(all);
  assert.ok(writers[2] !== undefined);
  writers[2].room = false;
  assert.equal(indexOf(writers, stores.of(toA, 0).writer), 0);
  assert.equal(stores.of(toA, 0).queue, undefined);
  writers[2].room = true;
  assert.equal(indexOf(writers, stores.of(toA, 0).writer), 2);
});

test('a report is tried when the queue of reports has room, though that of the mail has none', () => {
  const { stores, writers } = ground(all);
  assert.ok(writers[0] !== undefined && writers[2] !== undefined);
  writers[0].room = false;
  assert.equal(indexOf(writers, stores.roomiest(0)), 2);
  writers[2].room = false;
  assert.equal(indexOf(writers, stores.roomiest(0)), 0);
});

test('a reload holds for the next report', () => {
  const { stores, writers, reload } = ground(none);
  assert.equal(indexOf(writers, stores.of(toA, 1).writer), 1);
  reload(all);
  assert.equal(indexOf(writers, stores.of(toA, 1).writer), 2);
});
