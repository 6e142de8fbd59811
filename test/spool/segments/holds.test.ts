// Damage does not release held mail: each hold is recorded twice, and if both records are damaged, everything is held.

import assert from 'node:assert/strict';
import { cp, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { encodeJournalHeader } from '../../../src/spool/segments/journal-entries.ts';
import { inspectSpool, openSpoolWriter } from '../../../src/spool/open.ts';
import type { SpoolStore } from '../../../src/spool/types.ts';
import { contentFor, envelopeFor, openedStore, temporaryDirectory, writerDefaults } from '../support.ts';

interface Found {
  readonly held: readonly string[];
  readonly waiting: readonly string[];
  readonly problems: readonly string[];
}

async function recovered(directory: string, work?: (store: SpoolStore) => Promise<void>): Promise<Found> {
  // A test flips each byte of the journal, so it has little allocated room.
  const { store, messages, problems } = await openedStore(directory, { journalRoomBytes: 256 });
  const ids = (isHeld: boolean) =>
    messages.filter((message) => message.held === isHeld).map(({ queueId }) => queueId);
  await work?.(store);
  await store.close();
  return { held: ids(true), waiting: ids(false), problems: problems.map(({ kind }) => kind) };
}

interface Spool {
  readonly directory: string;
  readonly held: readonly string[];
  readonly waiting: readonly string[];
  /** Makes a copy of the spool, to be damaged. */
  copy(): Promise<string>;
}

/** Nine messages: three held in the first run and one in the second, two held and released, three never held. */
async function spool(t: TestContext): Promise<Spool> {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const ids: string[] = [];
  for (let index = 0; index < 9; index++) {
    const queueId = writer.newQueueId();
    await writer.append({ envelope: envelopeFor(queueId), content: [contentFor(index, 100)] });
    ids.push(queueId);
  }
  await writer.close();
  const all = (kind: 'held' | 'released', from: number, to: number) =>
    ids.slice(from, to).map((queueId) => ({ kind, queueId }) as const);
  await recovered(directory, async (store) => {
    store.settle(all('held', 0, 5));
    await store.flush();
  });
  await recovered(directory, async (store) => {
    store.settle(all('released', 3, 5));
    await store.flush();
    store.settle(all('held', 5, 6));
    await store.flush();
  });
  let copies = 0;
  return {
    directory,
    held: [...ids.slice(0, 3), ...ids.slice(5, 6)],
    waiting: [...ids.slice(3, 5), ...ids.slice(6)],
    copy: async () => {
      const to = `${directory}-${++copies}`;
      t.after(() => rm(to, { recursive: true, force: true }));
      await cp(directory, to, { recursive: true });
      return to;
    },
  };
}

const journalOf = async (directory: string): Promise<string> => {
  const [name = ''] = await readdir(join(directory, 'journal'));
  return join(directory, 'journal', name);
};

for (const which of ['journal', 'holds'] as const) {
  test(`with any byte of the ${which} flipped, held mail stays held, released mail stays released, and the damage is reported`, async (t) => {
    const { copy, directory, held, waiting } = await spool(t);
    const pathIn = async (at: string): Promise<string> =>
      which === 'journal' ? journalOf(at) : join(at, 'holds');
    const bytes = await readFile(await pathIn(directory));
    const to = await copy();
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 0x41;
      await rm(to, { recursive: true });
      await cp(directory, to, { recursive: true });
      await writeFile(await pathIn(to), flipped);
      const found = await recovered(to);
      assert.deepEqual([found.held, found.waiting], [held, waiting], `byte ${at}`);
      assert.notDeepEqual(found.problems, [], `byte ${at}`);
    }
  });
}

test('a deleted or cut journal is reported, and the file "holds" tells which messages are held', async (t) => {
  const { copy, held, waiting } = await spool(t);
  for (const damage of [
    (journal: string) => rm(journal),
    (journal: string) => truncate(journal, 0),
    (journal: string) => truncate(journal, 40),
  ]) {
    const directory = await copy();
    await damage(await journalOf(directory));
    const found = await recovered(directory);
    assert.deepEqual([found.held, found.waiting], [held, waiting]);
    assert.ok(found.problems.includes('journal'));
  }
});

test('with both records damaged, all mail is held, also after the next start', async (t) => {
  const { copy, held, waiting } = await spool(t);
  const directory = await copy();
  await rm(await journalOf(directory));
  await truncate(join(directory, 'holds'), 50);
  for (let start = 0; start < 2; start++) {
    const found = await recovered(directory);
    assert.deepEqual(found.held, [...held, ...waiting].toSorted());
    assert.deepEqual(found.problems.includes('doubt'), start === 0);
  }
  assert.ok((await readdir(join(directory, 'damaged'))).some((name) => name.endsWith('-holds')));
});

test('with both records missing in a spool with segments, all mail is held', async (t) => {
  const { copy, held, waiting } = await spool(t);
  const directory = await copy();
  await rm(await journalOf(directory));
  await rm(join(directory, 'holds'));
  assert.deepEqual((await recovered(directory)).held, [...held, ...waiting].toSorted());
});

test('with both records missing and no segment, the spool counts as new, without a problem', async (t) => {
  const directory = await temporaryDirectory(t);
  await (await openSpoolWriter({ ...writerDefaults, directory })).close();
  for (const file of await readdir(join(directory, 'segments'))) await rm(join(directory, 'segments', file));
  await rm(join(directory, 'holds'), { force: true });
  assert.deepEqual(await recovered(directory), { held: [], waiting: [], problems: [] });
});

test('a spool of an earlier version, without "holds", keeps its holds without a problem', async (t) => {
  const { copy, held, waiting } = await spool(t);
  const directory = await copy();
  await rm(join(directory, 'holds'));
  const journal = await journalOf(directory);
  const bytes = await readFile(journal);
  encodeJournalHeader(Number(basename(journal)), bytes.readUInt32LE(12)).copy(bytes);
  await writeFile(journal, bytes);
  const found = await recovered(directory);
  assert.deepEqual(found, { held, waiting, problems: [] });
});

test('a missing file "holds" is reported, and after an orderly stop the journal tells which messages are held', async (t) => {
  const { copy, held, waiting } = await spool(t);
  const directory = await copy();
  await rm(join(directory, 'holds'));
  assert.deepEqual(await recovered(directory), { held, waiting, problems: ['holds'] });
  assert.deepEqual(await recovered(directory), { held, waiting, problems: [] });
});

/** What a power cut leaves of a synced file on disks that confirm a sync and do not do it. */
const remains = {
  emptied: (path: string) => truncate(path, 0),
  zeroed: async (path: string) => writeFile(path, Buffer.alloc((await stat(path)).size)),
  'zeroed but for its header': async (path: string) => {
    const bytes = await readFile(path);
    await writeFile(path, bytes.fill(0, 32));
  },
  'zeroed but for its first 60 bytes': async (path: string) => {
    const bytes = await readFile(path);
    await writeFile(path, bytes.fill(0, 60));
  },
  'cut to 60 bytes': (path: string) => truncate(path, 60),
};

/** A spool after its first run, whose journal differs from later ones: two messages delivered, one held, two waiting. */
async function firstRun(t: TestContext) {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const ids: string[] = [];
  for (let index = 0; index < 5; index++) {
    const queueId = writer.newQueueId();
    await writer.append({ envelope: envelopeFor(queueId), content: [contentFor(index, 100)] });
    ids.push(queueId);
  }
  await writer.close();
  const [first = '', second = '', third = ''] = ids;
  await recovered(directory, async (store) => {
    store.settle([
      { kind: 'delivered', queueId: first, recipient: 0 },
      { kind: 'delivered', queueId: second, recipient: 0 },
      { kind: 'held', queueId: third },
    ]);
    await store.flush();
  });
  return { directory, ids, held: [third], journal: await journalOf(directory) };
}

for (const [what, damage] of Object.entries(remains)) {
  test(`a journal ${what} after an orderly stop is reported, also by an inspection, and held mail stays held`, async (t) => {
    const { directory, held, journal } = await firstRun(t);
    await damage(journal);
    const inspected: string[] = [];
    for await (const finding of inspectSpool(directory)) {
      if (finding.kind === 'problem') inspected.push(finding.problem.text);
    }
    assert.match(inspected.join(','), /messages that were delivered may be delivered again/);
    const found = await recovered(directory);
    assert.deepEqual(found.held, held);
    assert.ok(found.problems.includes('journal'), found.problems.join(','));
  });

  for (const [other, damageHolds] of Object.entries({ ...remains, gone: (path: string) => rm(path) })) {
    test(`with the journal ${what} and "holds" ${other}, all mail is held, and this is reported`, async (t) => {
      const { directory, ids, journal } = await firstRun(t);
      await damage(journal);
      await damageHolds(join(directory, 'holds'));
      const found = await recovered(directory);
      // Delivered messages may be back. All messages are held.
      assert.deepEqual(found.waiting, []);
      for (const queueId of ids.slice(2)) assert.ok(found.held.includes(queueId));
      assert.ok(found.problems.includes('doubt'), found.problems.join(','));
    });
  }
}

test('with "holds" damaged and a journal that was not closed in order, all mail is held', async (t) => {
  const { copy, held, waiting } = await spool(t);
  const directory = await copy();
  const journal = await journalOf(directory);
  const bytes = await readFile(journal);
  // Remove the last frame, which an orderly stop writes.
  const last = bytes.lastIndexOf('SLJF');
  await writeFile(journal, bytes.fill(0, last));
  await writeFile(join(directory, 'holds'), '');
  const found = await recovered(directory);
  assert.deepEqual([found.held, found.waiting], [[...held, ...waiting].toSorted(), []]);
  assert.ok(found.problems.includes('doubt'));
});

test('a crash while the first journal file is made is no damage', async (t) => {
  for (const left of ['', 'SLJ', '\0'.repeat(300)]) {
    const directory = await temporaryDirectory(t);
    const writer = await openSpoolWriter({ ...writerDefaults, directory });
    const queueId = writer.newQueueId();
    await writer.append({ envelope: envelopeFor(queueId), content: [contentFor(1, 100)] });
    await writer.close();
    await writeFile(join(directory, 'journal', '0000000001'), left);
    const found = await recovered(directory);
    assert.deepEqual([found.held, found.waiting], [[], [queueId]]);
    assert.ok(
      !found.problems.includes('journal') && !found.problems.includes('doubt'),
      found.problems.join(','),
    );
    assert.deepEqual((await recovered(directory)).problems, []);
  }
});

test('a damaged journal file is kept', async (t) => {
  const { copy } = await spool(t);
  const directory = await copy();
  const journal = await journalOf(directory);
  const bytes = await readFile(journal);
  bytes[60] = (bytes[60] ?? 0) ^ 1;
  await writeFile(journal, bytes);
  await recovered(directory);
  const [aside = ''] = await readdir(join(directory, 'damaged'));
  assert.deepEqual(await readFile(join(directory, 'damaged', aside)), bytes);
});
