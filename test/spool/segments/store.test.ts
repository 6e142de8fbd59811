// The manager's store on the real file system: recovery, outcomes, and maintenance.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspectSpool, openSpoolReader, openSpoolStore, openSpoolWriter } from '../../../src/spool/open.ts';
import type {
  RecoveredMessage,
  SpoolProblem,
  SpoolStore,
  SpoolWriter,
  StoredRef,
} from '../../../src/spool/types.ts';
import { mib, contentFor, envelopeFor, temporaryDirectory, writerDefaults } from '../support.ts';
import { saidForm } from '../../refusals.ts';
import { segmentPlace } from '../../../src/spool/segments/segment-place.ts';

const storeDefaults = { slot: 0, journalSyncMs: 1_000_000, segmentBytes: 64 * mib, relocateAfterMs: 60_000 };

async function recovered(store: SpoolStore): Promise<RecoveredMessage[]> {
  const messages: RecoveredMessage[] = [];
  for await (const message of store.recover()) messages.push(message);
  return messages;
}

/** Appends and reports a message; returns its queue id. */
async function send(writer: SpoolWriter, store: SpoolStore, recipients = ['bob@example.net'], size = 1000) {
  const queueId = writer.newQueueId();
  const content = [contentFor(1, size)];
  const { ref } = await writer.append({ envelope: envelopeFor(queueId, recipients), content });
  assert.equal(store.submitted(queueId, ref, recipients.length), true);
  return queueId;
}

async function openStore(directory: string, options: object = {}): Promise<[SpoolStore, RecoveredMessage[]]> {
  const store = await openSpoolStore({ ...storeDefaults, directory, ...options });
  return [store, await recovered(store)];
}

test('a message that the store before has finished and removed is not new when it is reported again', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory, segmentBytes: 1_500 });
  const [before] = await openStore(directory);
  const queueId = await send(writer, before);
  const ref = before.locate(queueId);
  assert.ok(ref !== undefined);
  // Each has a segment of its own, and an id that was made before that.
  const second = await send(writer, before);
  const waiting = await send(writer, before);
  before.settle([
    { kind: 'delivered', queueId, recipient: 0 },
    { kind: 'delivered', queueId: second, recipient: 0 },
  ]);
  // As soon as their segments have an index, they go.
  while (before.usage().segments > 1) await before.maintain(Date.now());
  await before.close();
  const [store, messages] = await openStore(directory);
  assert.deepEqual(
    messages.map((message) => message.queueId),
    [waiting],
  );
  assert.equal(store.submitted(queueId, ref, 1), false);
  assert.equal(store.usage().liveMessages, 1);
  // A segment that was begun since then is a new one.
  await send(writer, store);
  assert.equal(store.usage().liveMessages, 2);
  await store.close();
  await writer.close();
});

test('waiting mail survives a restart with attempts, times, last errors, holds and waiting recipients', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const [store] = await openStore(directory);
  const [early, late] = ['451 4.7.1 früh', '421 später'].map((reply) => saidForm(reply));
  assert.ok(early !== undefined && late !== undefined);
  const fresh = await send(writer, store);
  const done = await send(writer, store);
  const partly = await send(writer, store, ['a@example.net', 'b@example.net', 'c@example.net']);
  const held = await send(writer, store);
  const released = await send(writer, store);
  store.settle([
    { kind: 'delivered', queueId: done, recipient: 0 },
    { kind: 'failed', queueId: partly, recipient: 0 },
    { kind: 'deferred', queueId: partly, recipient: 2, attempts: 1, nextAttemptAtMs: 5, refusal: early },
    {
      kind: 'deferred',
      queueId: partly,
      recipient: 2,
      attempts: 2,
      nextAttemptAtMs: 1_800_000_000_123,
      refusal: late,
    },
    { kind: 'held', queueId: held },
    { kind: 'held', queueId: released },
    { kind: 'released', queueId: released },
  ]);
  assert.equal(store.locate(done), undefined);
  assert.equal(store.usage().liveMessages, 4);
  await store.close();
  await writer.close();

  const found: RecoveredMessage[] = [];
  for await (const finding of inspectSpool(directory, { contents: true })) {
    assert.equal(finding.kind, 'message');
    if (finding.kind === 'message') found.push(finding.message);
  }
  const [again, messages] = await openStore(directory);
  assert.deepEqual(found, messages);
  const byId = new Map(messages.map((message) => [message.queueId, message]));
  assert.deepEqual([...byId.keys()], [fresh, partly, held, released]);
  assert.deepEqual(byId.get(partly)?.waiting, [
    { index: 1, address: 'b@example.net', attempts: 0, nextAttemptAtMs: 0, lastRefusal: '' },
    {
      index: 2,
      address: 'c@example.net',
      attempts: 2,
      nextAttemptAtMs: 1_800_000_000_123,
      lastRefusal: late,
    },
  ]);
  assert.deepEqual(
    messages.map((message) => message.held),
    [false, false, true, false],
  );
  const [first] = messages;
  assert.equal(first?.reversePath, 'alice@example.com');
  assert.equal(first?.sizeBytes, 1000);
  assert.equal(first?.receivedAtMs, 1_700_000_000_000);
  await again.close();
});

test('a message that recovery has found is not new when its receiver reports it later, waiting or done', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const ids = [writer.newQueueId(), writer.newQueueId()];
  const refs: StoredRef[] = [];
  for (const queueId of ids) {
    refs.push((await writer.append({ envelope: envelopeFor(queueId), content: [contentFor(1, 10)] })).ref);
  }
  const [store, messages] = await openStore(directory);
  assert.deepEqual(
    messages.map(({ queueId, ref }) => ({ queueId, ref })),
    ids.map((queueId, index) => ({ queueId, ref: refs[index] })),
  );
  store.settle([{ kind: 'delivered', queueId: ids[0]!, recipient: 0 }]);
  assert.equal(store.submitted(ids[0]!, refs[0]!, 1), false);
  assert.equal(store.submitted(ids[1]!, refs[1]!, 1), false);
  assert.equal(store.usage().liveMessages, 1);
  // The writer continues in the same segment.
  const later = await send(writer, store);
  assert.notEqual(store.locate(later), undefined);
  await store.close();
  await writer.close();
});

test('segments without waiting messages are removed, except the newest of each slot', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory, segmentBytes: 64 * 1024 });
  const [store] = await openStore(directory);
  const ids: string[] = [];
  for (let index = 0; index < 100; index++) ids.push(await send(writer, store, undefined, 8000));
  await writer.close();
  assert.ok(store.usage().segments > 10);
  store.settle(ids.map((queueId) => ({ kind: 'delivered', queueId, recipient: 0 })));
  await store.maintain(Date.now());
  const left = (await readdir(join(directory, 'segments'))).filter((name) => !name.endsWith('.index'));
  assert.equal(left.length, 1);
  assert.equal(store.usage().segments, 1);
  await store.close();
  const [again, messages] = await openStore(directory);
  assert.deepEqual(messages, []);
  await again.close();
});

test('the last messages of a segment are moved to a long-lived one, and the old segment is removed', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory, segmentBytes: 64 * 1024 });
  const [store] = await openStore(directory, { segmentBytes: 64 * 1024 });
  const ids: string[] = [];
  for (let index = 0; index < 100; index++) ids.push(await send(writer, store, undefined, 2000));
  const stuck = [ids[5]!, ids[70]!];
  const pinned = stuck[0]!;
  store.settle(
    ids.filter((id) => !stuck.includes(id)).map((queueId) => ({ kind: 'delivered', queueId, recipient: 0 })),
  );
  store.settle([
    {
      kind: 'deferred',
      queueId: stuck[1]!,
      recipient: 0,
      attempts: 3,
      nextAttemptAtMs: 99,
      refusal: saidForm('451 later'),
    },
  ]);
  await writer.close();
  const before = stuck.map((queueId) => store.locate(queueId));
  store.pin(pinned);
  const later = Date.now() + 3_600_000;
  for (let step = 0; step < 4; step++) await store.maintain(later);
  assert.deepEqual(store.locate(pinned), before[0]);
  assert.notEqual(segmentPlace(store.locate(stuck[1]!)!).segment, segmentPlace(before[1]!).segment);
  store.unpin(pinned);
  for (let step = 0; step < 4; step++) await store.maintain(later);
  assert.notEqual(segmentPlace(store.locate(pinned)!).segment, segmentPlace(before[0]!).segment);
  const reader = openSpoolReader({ directory });
  for (const queueId of stuck) {
    const stored = await reader.read(store.locate(queueId)!);
    assert.equal(stored.envelope.queueId, queueId);
    assert.deepEqual(stored.content, contentFor(1, 2000));
  }
  reader.close();
  const left = (await readdir(join(directory, 'segments'))).filter((name) => !name.endsWith('.index'));
  assert.equal(left.length, 2, 'the long-lived segment and the newest of the writer');
  await store.close();
  const [again, messages] = await openStore(directory);
  assert.deepEqual(messages.map(({ queueId }) => queueId).sort(), stuck.toSorted());
  assert.equal(messages.find(({ queueId }) => queueId === stuck[1])?.waiting[0]?.attempts, 3);
  await again.close();
});

test('tenant and priority are recovered, with and without an index, from large records and from moved ones', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory, segmentBytes: 64 * 1024 });
  const [store] = await openStore(directory, { segmentBytes: 64 * 1024 });
  const small = writer.newQueueId();
  const sorted = { tenant: 'shop', priority: -3 };
  const { ref } = await writer.append({
    envelope: { ...envelopeFor(small), ...sorted },
    content: [contentFor(1, 1000)],
  });
  store.submitted(small, ref, 1);
  const large = writer.newQueueId();
  const content = await writer.openLarge(large);
  await content.write(contentFor(2, 100_000));
  store.submitted(
    large,
    (await content.commit({ ...envelopeFor(large), tenant: 'news', priority: 9 })).ref,
    1,
  );
  const plain = await send(writer, store);
  const found = async (): Promise<unknown[]> => {
    const all: unknown[] = [];
    for await (const finding of inspectSpool(directory)) {
      assert.ok(finding.kind === 'message');
      const { queueId, tenant, priority } = finding.message;
      all.push([queueId, tenant, priority]);
    }
    return all.sort();
  };
  const expected = [
    [small, 'shop', -3],
    [large, 'news', 9],
    [plain, undefined, undefined],
  ].sort();
  assert.deepEqual(await found(), expected, 'from the segment');
  // Many messages that are done, so that maintenance moves the few that wait.
  const done: string[] = [];
  for (let index = 0; index < 100; index++) done.push(await send(writer, store, undefined, 2000));
  store.settle(done.map((queueId) => ({ kind: 'delivered', queueId, recipient: 0 })));
  await store.flush();
  await writer.close();
  assert.deepEqual(await found(), expected, 'from the index');
  const before = store.locate(small);
  for (let step = 0; step < 4; step++) await store.maintain(Date.now() + 3_600_000);
  assert.notEqual(segmentPlace(store.locate(small)!).segment, segmentPlace(before!).segment);
  assert.deepEqual(await found(), expected, 'from the long-lived segment');
  const reader = openSpoolReader({ directory });
  assert.deepEqual(await reader.readEnvelope(store.locate(small)!), { ...envelopeFor(small), ...sorted });
  reader.close();
  await store.close();
});

test('the journal is compacted and still has the whole state', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const [store] = await openStore(directory, { journalBytes: 4096 });
  const done = new Set<string>();
  const all: string[] = [];
  for (let round = 0; round < 30; round++) {
    const queueId = await send(writer, store, ['a@example.net', 'b@example.net'], 100);
    all.push(queueId);
    for (let attempts = 1; attempts < 30; attempts++) {
      const refusal = saidForm(`451 try ${attempts} of ${queueId}`);
      store.settle([
        { kind: 'deferred', queueId, recipient: 0, attempts, nextAttemptAtMs: attempts * 1000, refusal },
      ]);
    }
    store.settle([{ kind: 'delivered', queueId, recipient: 1 }]);
    if (round % 3 === 0) {
      store.settle([{ kind: 'removed', queueId, recipient: 0 }]);
      done.add(queueId);
    }
    await store.maintain(Date.now());
  }
  const journals = await readdir(join(directory, 'journal'));
  assert.equal(journals.length, 1);
  assert.ok(Number(journals[0]) > 3, 'it was renewed several times');
  await store.close();
  await writer.close();
  const [again, messages] = await openStore(directory);
  assert.deepEqual(
    messages.map(({ queueId }) => queueId),
    all.filter((queueId) => !done.has(queueId)),
  );
  for (const { queueId, waiting } of messages) {
    const lastRefusal = saidForm(`451 try 29 of ${queueId}`);
    assert.deepEqual(waiting, [
      { index: 0, address: 'a@example.net', attempts: 29, nextAttemptAtMs: 29_000, lastRefusal },
    ]);
  }
  await again.close();
});

test('a message that its receiver has never reported is found after the receiver has ended', async (t) => {
  const directory = await temporaryDirectory(t);
  const strays: string[] = [];
  const [store] = await openStore(directory, {
    onStray: (message: RecoveredMessage) => strays.push(message.queueId),
  });
  const dead = await openSpoolWriter({ ...writerDefaults, directory });
  const known = await send(dead, store);
  const unreported = dead.newQueueId();
  await dead.append({ envelope: envelopeFor(unreported), content: [contentFor(4, 100)] });
  store.settle([{ kind: 'delivered', queueId: known, recipient: 0 }]);
  // It dies without sealing; the next process of its slot begins a segment.
  const next = await openSpoolWriter({ ...writerDefaults, directory });
  await store.maintain(1_000_000);
  assert.deepEqual(strays, []);
  await store.maintain(1_040_000);
  assert.deepEqual(strays, [unreported]);
  store.settle([{ kind: 'delivered', queueId: unreported, recipient: 0 }]);
  await store.maintain(1_050_000);
  assert.equal(store.usage().segments, 1);
  await store.close();
  await next.close();
  await dead.close();
});

test('a large file is removed with its message; that of a dead receiver when its slot has a new process', async (t) => {
  const directory = await temporaryDirectory(t);
  const large = join(directory, 'large');
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const [store] = await openStore(directory);
  const queueId = writer.newQueueId();
  const content = await writer.openLarge(queueId);
  await content.write(contentFor(1, 100_000));
  const { ref } = await content.commit(envelopeFor(queueId));
  store.submitted(queueId, ref, 1);
  const unfinished = writer.newQueueId();
  await (await writer.openLarge(unfinished)).write(contentFor(2, 1000));
  await store.maintain(Date.now());
  assert.deepEqual((await readdir(large)).sort(), [queueId, unfinished].sort());
  store.settle([{ kind: 'delivered', queueId, recipient: 0 }]);
  await store.maintain(Date.now());
  assert.deepEqual(await readdir(large), [unfinished]);
  await store.close();

  // A restart of the manager alone keeps the file, because the receiver may still be writing it.
  const problems: SpoolProblem[] = [];
  const [again] = await openStore(directory, {
    onProblem: (problem: SpoolProblem) => problems.push(problem),
  });
  await again.maintain(Date.now());
  assert.deepEqual(await readdir(large), [unfinished]);
  const successor = await openSpoolWriter({ ...writerDefaults, directory });
  await again.maintain(1_000_000);
  await again.maintain(2_000_000);
  assert.deepEqual(await readdir(large), []);
  assert.deepEqual(
    problems.map(({ kind, place }) => [kind, place]),
    [['orphan', unfinished]],
  );
  await again.close();
  await successor.close();
  await writer.close();
});
