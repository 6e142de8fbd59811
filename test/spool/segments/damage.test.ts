// Damage to the files of a spool: intact messages are read, damage is reported, and bytes that imitate a record are not
// taken for one.

import assert from 'node:assert/strict';
import { readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { crc32 } from 'node:zlib';
import { inspectSpool, openSpoolStore, openSpoolWriter } from '../../../src/spool/open.ts';
import { segmentName } from '../../../src/spool/queue-id.ts';
import { kindMessage, encodeRecord, stampRecord } from '../../../src/spool/segments/record.ts';
import type { RecoveredMessage, SpoolProblem, StoredRef } from '../../../src/spool/types.ts';
import { mib, contentFor, envelopeFor, temporaryDirectory, writerDefaults } from '../support.ts';
import { segmentPlace } from '../../../src/spool/segments/segment-place.ts';

interface Filled {
  readonly directory: string;
  readonly ids: string[];
  readonly refs: StoredRef[];
  readonly segment: string;
}

/** Twelve messages, one commit each, sealed. */
async function filled(t: TestContext, content?: (index: number) => Buffer): Promise<Filled> {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const ids: string[] = [];
  const refs: StoredRef[] = [];
  for (let index = 0; index < 12; index++) {
    const queueId = writer.newQueueId();
    const bytes = content?.(index) ?? contentFor(index, 500 + index * 100);
    const { ref } = await writer.append({ envelope: envelopeFor(queueId), content: [bytes] });
    ids.push(queueId);
    refs.push(ref);
  }
  await writer.close();
  return {
    directory,
    ids,
    refs,
    segment: join(directory, 'segments', segmentName(segmentPlace(refs[0]!).segment)),
  };
}

async function inspect(directory: string, contents = false): Promise<[RecoveredMessage[], SpoolProblem[]]> {
  const messages: RecoveredMessage[] = [];
  const problems: SpoolProblem[] = [];
  for await (const finding of inspectSpool(directory, { contents })) {
    if (finding.kind === 'message') messages.push(finding.message);
    else problems.push(finding.problem);
  }
  return [messages, problems];
}

const good = (messages: readonly RecoveredMessage[]): string[] =>
  messages.filter(({ damage }) => damage === undefined).map(({ queueId }) => queueId);
const damaged = (messages: readonly RecoveredMessage[]): string[] =>
  messages.filter(({ damage }) => damage !== undefined).map(({ queueId }) => queueId);

async function corrupt(path: string, from: number, to: number): Promise<void> {
  const bytes = await readFile(path);
  bytes.fill(0x55, from, to);
  await writeFile(path, bytes);
}

test('a missing, torn, damaged or foreign index is rebuilt from the segment', async (t) => {
  const { directory, ids, segment } = await filled(t);
  const index = `${segment}.index`;
  const good = await readFile(index);
  const [expected] = await inspect(directory);
  assert.deepEqual(
    expected.map(({ queueId }) => queueId),
    ids,
  );
  const flipped = Buffer.from(good);
  flipped[200] = (flipped[200] ?? 0) ^ 4;
  for (const bytes of [
    Buffer.alloc(0),
    good.subarray(0, 20),
    good.subarray(0, 700),
    flipped,
    Buffer.alloc(5000),
  ]) {
    await writeFile(index, bytes);
    const [messages, problems] = await inspect(directory);
    assert.deepEqual(messages, expected);
    assert.deepEqual(
      problems.map(({ kind }) => kind),
      ['index'],
    );
  }
  await rm(index);
  assert.deepEqual(await inspect(directory), [expected, []]);
});

test('from a segment that is cut at any byte, every message before the cut is recovered', async (t) => {
  const { directory, ids, refs, segment } = await filled(t);
  await rm(`${segment}.index`);
  const last = refs[11];
  assert.ok(last !== undefined);
  for (let length = segmentPlace(last).offset + segmentPlace(last).length - 1; length >= 0; length -= 37) {
    await truncate(segment, length);
    const whole = refs.filter((ref) => segmentPlace(ref).offset + segmentPlace(ref).length <= length).length;
    const [messages] = await inspect(directory);
    assert.deepEqual(
      messages.map(({ queueId }) => queueId),
      ids.slice(0, whole),
      `cut at ${length}`,
    );
  }
});

test('garbage in the middle of a segment damages only the messages that it hits, and is reported', async (t) => {
  const { directory, ids, refs, segment } = await filled(t);
  await rm(`${segment}.index`);
  const [hit, next] = [refs[4], refs[5]];
  assert.ok(hit !== undefined && next !== undefined);
  await corrupt(segment, segmentPlace(hit).offset, segmentPlace(hit).offset + 10);
  await corrupt(segment, segmentPlace(next).offset + 70, segmentPlace(next).offset + 90);
  const [messages, problems] = await inspect(directory);
  assert.deepEqual(
    good(messages),
    ids.filter((_, index) => index !== 4 && index !== 5),
  );
  // The header of the second message is intact and tells its queue id.
  assert.deepEqual(damaged(messages), [ids[5]]);
  assert.deepEqual(
    problems.map(({ kind, place }) => [kind, place]),
    [
      ['segment', segmentName(segmentPlace(hit).segment)],
      ['content', ids[5]],
      ['segment', segmentName(segmentPlace(hit).segment)],
    ],
  );
});

test('a segment with a damaged header loses no message', async (t) => {
  const { directory, ids, segment } = await filled(t);
  await rm(`${segment}.index`);
  await corrupt(segment, 0, 32);
  const [messages] = await inspect(directory);
  assert.deepEqual(
    messages.map(({ queueId }) => queueId),
    ids,
  );
});

test('a forged record inside a message is not recovered, even when the record around it is damaged', async (t) => {
  const forged = (): Buffer => {
    const head = encodeRecord(
      envelopeFor('036NANGK0030011', ['victim@example.org']),
      kindMessage,
      0,
      0,
      crc32(''),
    );
    stampRecord(head, 1, 0x12345678);
    // The forged record stands at every alignment.
    return Buffer.concat(
      Array.from({ length: 16 }, (_, shift) => Buffer.concat([Buffer.alloc(16 + shift), head])),
    );
  };
  const { directory, ids, refs, segment } = await filled(t, (index) =>
    index === 3 ? forged() : contentFor(index, 10),
  );
  await rm(`${segment}.index`);
  const hit = refs[3];
  assert.ok(hit !== undefined);
  await corrupt(segment, segmentPlace(hit).offset, segmentPlace(hit).offset + 8);
  const [messages] = await inspect(directory);
  assert.deepEqual(
    good(messages),
    ids.filter((_, index) => index !== 3),
  );
  assert.deepEqual(damaged(messages), [ids[3]]);
});

test('an inspection finds damaged contents, missing large files, and large files without a message', async (t) => {
  const { directory, ids, refs, segment } = await filled(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory, slot: 5 });
  const queueId = writer.newQueueId();
  const large = await writer.openLarge(queueId);
  await large.write(contentFor(1, 2 * mib));
  await large.commit(envelopeFor(queueId));
  await writer.close();
  assert.deepEqual((await inspect(directory, true))[1], []);
  const hit = refs[7];
  assert.ok(hit !== undefined);
  await corrupt(
    segment,
    segmentPlace(hit).offset + segmentPlace(hit).length - 4,
    segmentPlace(hit).offset + segmentPlace(hit).length,
  );
  await corrupt(join(directory, 'large', queueId), 1000, 1001);
  await writeFile(join(directory, 'large', 'orphan'), 'x');
  const before = await readdir(directory, { recursive: true });
  const [messages, problems] = await inspect(directory, true);
  assert.equal(messages.length, 13);
  assert.deepEqual(
    problems.map(({ kind, place }) => [kind, place]),
    [
      ['content', ids[7]],
      ['content', queueId],
      ['orphan', 'orphan'],
    ],
  );
  await rm(join(directory, 'large', queueId));
  const missing = (await inspect(directory))[1].filter(({ kind }) => kind === 'missing');
  assert.deepEqual(
    missing.map(({ place }) => place),
    [queueId],
  );
  assert.deepEqual((await readdir(directory, { recursive: true })).length, before.length - 1);
});

test('damage to the journal is reported, and later outcomes still count', async (t) => {
  const { directory, ids } = await filled(t);
  const options = { directory, slot: 0, journalSyncMs: 1000, segmentBytes: mib, relocateAfterMs: 1000 };
  const store = await openSpoolStore(options);
  for await (const { queueId } of store.recover()) assert.ok(ids.includes(queueId));
  for (const index of [2, 3, 4]) {
    store.settle([{ kind: 'delivered', queueId: ids[index] ?? '', recipient: 0 }]);
    await store.flush();
  }
  await store.close();
  const journal = join(directory, 'journal');
  const [name] = await readdir(journal);
  const path = join(journal, name ?? '');
  const bytes = await readFile(path);
  // Damage the frame of the second outcome. The last frames are three of 24 + 13 bytes and one of 24; free room follows.
  const end = bytes.lastIndexOf('SLJF');
  await corrupt(path, end - 2 * 37 + 30, end - 2 * 37 + 32);
  const [messages, problems] = await inspect(directory);
  assert.deepEqual(
    messages.map(({ queueId }) => queueId),
    ids.filter((_, index) => index !== 2 && index !== 4),
  );
  assert.deepEqual(
    problems.map(({ kind }) => kind),
    ['journal'],
  );
});
