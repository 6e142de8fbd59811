// Damaged messages are reported with their sender and recipients, kept for the operator, and never delivered. Damaged files
// are kept, so that people can examine them.

import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { inspectSpool, openSpoolReader, openSpoolStore, openSpoolWriter } from '../../../src/spool/open.ts';
import { segmentName } from '../../../src/spool/queue-id.ts';
import type { RecoveredMessage, SpoolProblem, SpoolStore, StoredRef } from '../../../src/spool/types.ts';
import { mib, contentFor, envelopeFor, openedStore, temporaryDirectory, writerDefaults } from '../support.ts';
import { segmentPlace, segmentRef } from '../../../src/spool/segments/segment-place.ts';

interface Spool {
  readonly directory: string;
  readonly ids: readonly string[];
  readonly refs: readonly StoredRef[];
  readonly segment: string;
}

/** Six sealed messages to two recipients each, and a newer segment of the same slot. */
async function sealed(t: TestContext): Promise<Spool> {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const ids: string[] = [];
  const refs: StoredRef[] = [];
  for (let index = 0; index < 6; index++) {
    const queueId = writer.newQueueId();
    const envelope = envelopeFor(queueId, [`a${index}@example.net`, `b${index}@example.net`]);
    const { ref } = await writer.append({ envelope, content: [contentFor(index, 1000)] });
    ids.push(queueId);
    refs.push(ref);
  }
  await writer.close();
  await (await openSpoolWriter({ ...writerDefaults, directory })).close();
  return {
    directory,
    ids,
    refs,
    segment: join(directory, 'segments', segmentName(segmentPlace(refs[0]!).segment)),
  };
}

const damaged = (messages: readonly RecoveredMessage[]): string[] =>
  messages.filter(({ damage, held }) => damage !== undefined && held).map(({ queueId }) => queueId);
const named = (problems: readonly SpoolProblem[]): unknown[] =>
  problems.flatMap(({ message }) => message ?? []);

/** Takes all recipients of messages out of the queue. */
function remove(store: SpoolStore, ids: readonly string[]): void {
  for (const queueId of ids) {
    store.settle([0, 1].map((recipient) => ({ kind: 'removed', queueId, recipient }) as const));
  }
}

const expected = ({ ids }: Spool, from: number): unknown[] =>
  ids.slice(from).map((queueId, at) => ({
    queueId,
    reversePath: 'alice@example.com',
    recipients: [`a${at + from}@example.net`, `b${at + from}@example.net`],
  }));

test('when a segment is missing, its index names each message, and the index is kept', async (t) => {
  const spool = await sealed(t);
  const { directory, ids, segment } = spool;
  await rm(segment);
  for (let start = 0; start < 2; start++) {
    const { store, messages, problems } = await openedStore(directory);
    assert.deepEqual(damaged(messages), ids);
    assert.deepEqual(named(problems), expected(spool, 0));
    assert.match(problems.at(-1)?.text ?? '', /the segment is gone: 6 messages/);
    assert.equal(store.usage().damagedMessages, 6);
    await store.maintain(Date.now());
    await store.close();
    assert.ok(
      (await readdir(join(directory, 'segments'))).includes(
        `${segmentName(segmentPlace(spool.refs[0]!).segment)}.index`,
      ),
    );
  }
  const { store } = await openedStore(directory);
  remove(store, ids);
  await store.maintain(Date.now());
  await store.close();
  const [aside] = await readdir(join(directory, 'damaged'));
  assert.match(aside ?? '', /\.index$/);
  const { messages, problems } = await openedStore(directory);
  assert.deepEqual([messages, problems], [[], []]);
});

test('in a segment that was cut short, only messages after the cut are damaged; the file is kept when they are done', async (t) => {
  const spool = await sealed(t);
  const { directory, ids, refs, segment } = spool;
  await truncate(segment, segmentPlace(refs[4]!).offset - 10);
  const index = await readFile(`${segment}.index`);
  const { store, messages, problems } = await openedStore(directory);
  assert.deepEqual(
    messages.map(({ queueId }) => queueId),
    ids,
  );
  assert.deepEqual(damaged(messages), ids.slice(3));
  assert.deepEqual(named(problems), expected(spool, 3));
  assert.deepEqual(await readFile(`${segment}.index`), index);
  remove(store, ids);
  await store.maintain(Date.now());
  await store.close();
  assert.equal((await readdir(join(directory, 'damaged'))).length, 2);
});

test('a header that is damaged in the segment is taken from the index, and the other way round', async (t) => {
  const { directory, ids, refs, segment } = await sealed(t);
  const hit = refs[2];
  assert.ok(hit !== undefined);
  const bytes = await readFile(segment);
  bytes.fill(0x55, segmentPlace(hit).offset, segmentPlace(hit).offset + 100);
  await writeFile(segment, bytes);
  const reader = openSpoolReader({ directory });
  t.after(() => reader.close());
  const { envelope, content } = await reader.read(hit);
  assert.equal(envelope.recipients[1]?.address, 'b2@example.net');
  const told: unknown[] = [];
  for await (const finding of inspectSpool(directory, { contents: true })) {
    if (finding.kind === 'problem') told.push([finding.problem.kind, finding.problem.place]);
  }
  assert.deepEqual(told, [['content', ids[2]]]);
  assert.deepEqual(content, contentFor(2, 1000));
  assert.equal((await reader.readEnvelope(hit)).queueId, ids[2]);
  // Now the index as a whole is damaged, but its entry of that message is intact.
  const index = await readFile(`${segment}.index`);
  index[60] = (index[60] ?? 0) ^ 1;
  await writeFile(`${segment}.index`, index);
  const { store, messages, problems } = await openedStore(directory);
  assert.deepEqual(
    messages.map(({ queueId, damage }) => [queueId, damage]),
    ids.map((queueId) => [queueId, undefined]),
  );
  assert.deepEqual(
    problems.map(({ kind }) => kind),
    ['segment', 'index'].toSorted(),
  );
  await store.close();
});

test('a message whose whole record is damaged is listed as damaged if a damaged index still names it', async (t) => {
  const { directory, ids, refs, segment } = await sealed(t);
  const hit = refs[2];
  assert.ok(hit !== undefined);
  const bytes = await readFile(segment);
  bytes.fill(0x55, segmentPlace(hit).offset, segmentPlace(hit).offset + segmentPlace(hit).length);
  await writeFile(segment, bytes);
  const index = await readFile(`${segment}.index`);
  index[20] = (index[20] ?? 0) ^ 1;
  await writeFile(`${segment}.index`, index);
  const { store, messages } = await openedStore(directory);
  assert.deepEqual(damaged(messages), [ids[2]]);
  assert.equal(messages.length, 6);
  await store.close();
});

test('when a segment is removed while the store runs, its messages are held as damaged', async (t) => {
  const { directory, ids, segment } = await sealed(t);
  const { store, vanished } = await openedStore(directory);
  await rm(segment);
  await store.maintain(Date.now());
  assert.deepEqual(vanished, []);
  await store.maintain(Date.now());
  assert.deepEqual(vanished.toSorted(), ids);
  assert.ok(ids.every((queueId) => store.isDamaged(queueId)));
  await store.maintain(Date.now());
  assert.equal(vanished.length, 6);
  await store.close();
});

test('a damaged message is still damaged after a restart, until it is released', async (t) => {
  const { directory, ids } = await sealed(t);
  const [queueId = ''] = ids;
  const first = await openedStore(directory);
  first.store.settle([{ kind: 'damaged', queueId, why: 'the checksum does not hold' }]);
  await first.store.close();
  const second = await openedStore(directory);
  assert.deepEqual(damaged(second.messages), [queueId]);
  assert.equal(second.messages[0]?.damage, 'the checksum does not hold');
  second.store.settle([{ kind: 'released', queueId }]);
  assert.equal(second.store.isDamaged(queueId), false);
  assert.equal(second.store.usage().damagedMessages, 0);
  await second.store.close();
  const third = await openedStore(directory);
  assert.deepEqual(damaged(third.messages), []);
  await third.store.close();
});

test('a large message whose file is gone is damaged', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const queueId = writer.newQueueId();
  const large = await writer.openLarge(queueId);
  await large.write(contentFor(1, 1000));
  await large.commit(envelopeFor(queueId));
  await writer.close();
  await rm(join(directory, 'large', queueId));
  const { store, messages, problems } = await openedStore(directory);
  assert.deepEqual(damaged(messages), [queueId]);
  assert.deepEqual(
    problems.map(({ kind, place }) => [kind, place]),
    [['missing', queueId]],
  );
  await store.close();
});

test('of a damaged and an intact copy of a message, the intact one is used', async (t) => {
  const { directory, ids, segment } = await sealed(t);
  const options = { directory, slot: 63, journalSyncMs: 1000, segmentBytes: 64 * mib, relocateAfterMs: 0 };
  const index = await readFile(`${segment}.index`);
  const mover = await openSpoolStore(options);
  for await (const message of mover.recover()) assert.ok(ids.includes(message.queueId));
  await mover.maintain(Date.now() + 1000);
  await mover.close();
  // The state after a crash right after the move, with the old segment lost.
  await rm(segment, { force: true });
  await writeFile(`${segment}.index`, index);
  const { store, messages } = await openedStore(directory);
  assert.deepEqual(damaged(messages), []);
  assert.equal(messages.length, 6);
  await store.close();
});

test('the readable parts of a damaged envelope are the same for a reader as at a start', async (t) => {
  const { directory, ids, refs, segment } = await sealed(t);
  const [, hit, other] = refs;
  const [, queueId = ''] = ids;
  assert.ok(hit !== undefined && other !== undefined);
  await rm(`${segment}.index`);
  const bytes = await readFile(segment);
  const at = bytes.indexOf('alice@example.com', segmentPlace(hit).offset, 'latin1');
  bytes[at] = (bytes[at] ?? 0) ^ 1; // a becomes `
  await writeFile(segment, bytes);
  const { store, messages } = await openedStore(directory);
  t.after(() => store.close());
  const found = messages.find((message) => message.queueId === queueId);
  assert.equal(found?.damage, 'its header or envelope is damaged');
  assert.equal(found.reversePath, '`lice@example.com');
  const reader = openSpoolReader({ directory });
  t.after(() => reader.close());
  await assert.rejects(reader.readEnvelope(hit), { code: 'SPOOL_CORRUPT' });
  const claimed = await reader.readDamagedEnvelope(queueId, hit);
  assert.equal(claimed?.reversePath, '`lice@example.com');
  assert.deepEqual(
    claimed.recipients.map(({ address }) => address),
    found.waiting.map(({ address }) => address),
  );
  // The envelope of another message is not returned, nor anything from bytes that are not a record.
  assert.equal(await reader.readDamagedEnvelope(queueId, other), undefined);
  const { segment: id, offset, length } = segmentPlace(hit);
  const tooLong = segmentRef(0, id, offset, length + 16);
  assert.equal(await reader.readDamagedEnvelope(queueId, tooLong), undefined);
  bytes.fill(0x55, segmentPlace(hit).offset, segmentPlace(hit).offset + 64);
  await writeFile(segment, bytes);
  assert.equal(await reader.readDamagedEnvelope(queueId, hit), undefined);
});

test('the folder of damaged files is listed, and its size is bounded', async (t) => {
  const { directory, ids, segment } = await sealed(t);
  await rm(segment);
  const { store } = await openedStore(directory);
  await mkdir(join(directory, 'damaged'));
  for (let count = 0; count < 205; count++) {
    await writeFile(join(directory, 'damaged', `20200101T${String(count).padStart(9, '0')}Z-old`), 'x');
  }
  remove(store, ids);
  await store.maintain(Date.now());
  await store.close();
  const left = await readdir(join(directory, 'damaged'));
  assert.equal(left.length, 200);
  assert.ok(left.some((name) => name.endsWith('.index')));
  const aside: string[] = [];
  for await (const finding of inspectSpool(directory)) {
    if (finding.kind === 'problem' && finding.problem.kind === 'aside') aside.push(finding.problem.place);
  }
  assert.deepEqual(aside, left.toSorted());
});

test('a format file that is lost or damaged is written again, and reported, when the segments tell the version', async (t) => {
  const { directory, ids } = await sealed(t);
  for (const text of [undefined, 'sluice-spoo\0 1\n']) {
    const format = join(directory, 'format');
    if (text === undefined) await rm(format);
    else await writeFile(format, text);
    const found: string[] = [];
    for await (const finding of inspectSpool(directory)) {
      if (finding.kind === 'problem') found.push(finding.problem.kind);
    }
    assert.deepEqual(found, ['format']);
    // A receiver may start before the manager, which alone reports the loss.
    await (await openSpoolWriter({ ...writerDefaults, directory })).close();
    const { store, messages, problems } = await openedStore(directory);
    await store.close();
    assert.deepEqual(
      problems.map(({ kind }) => kind),
      ['format'],
    );
    assert.equal(messages.length, ids.length);
    assert.equal(await readFile(format, 'utf8'), 'sluice-spool 1\n');
  }
  await writeFile(join(directory, 'format'), 'sluice-spool 2\n');
  await assert.rejects(openedStore(directory), { code: 'SPOOL_FORMAT' });
});

test('when the folder of segments is moved away, a running store reports all its messages as damaged', async (t) => {
  const { directory, ids } = await sealed(t);
  const { store, vanished } = await openedStore(directory);
  t.after(() => store.close());
  await rename(join(directory, 'segments'), join(directory, 'elsewhere'));
  // A single step is not enough, because a missing segment may be newer than the listing.
  await assert.rejects(store.maintain(Date.now()), { code: 'SPOOL_FOLDER_MISSING' });
  await assert.rejects(store.maintain(Date.now()), { code: 'SPOOL_FOLDER_MISSING' });
  assert.deepEqual(vanished.toSorted(), [...ids].sort());
  assert.ok(ids.every((queueId) => store.isDamaged(queueId)));
});

for (const folder of ['segments', 'large', 'journal']) {
  test(`a spool without its folder "${folder}" is neither read nor opened, and the folder is not made again`, async (t) => {
    const { directory } = await sealed(t);
    await (await openedStore(directory)).store.close();
    await rm(join(directory, folder), { recursive: true });
    const missing = {
      code: 'SPOOL_FOLDER_MISSING',
      message: new RegExp(`the folder ${folder} of the spool`),
    };
    await assert.rejects(inspectSpool(directory).next(), missing);
    await assert.rejects(openedStore(directory), missing);
    assert.ok(!(await readdir(directory)).includes(folder));
  });
}
