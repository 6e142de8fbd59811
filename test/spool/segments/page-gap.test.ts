// Zero bytes between commits let the next commit begin at a page boundary, so that no page is written twice. Recovery can
// tell such a gap from a lost record.

import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { inspectSpool, openSpoolStore, openSpoolWriter } from '../../../src/spool/open.ts';
import { segmentName } from '../../../src/spool/queue-id.ts';
import type { SpoolProblem, StoredRef } from '../../../src/spool/types.ts';
import { contentFor, envelopeFor, temporaryDirectory, writerDefaults } from '../support.ts';
import { segmentPlace } from '../../../src/spool/segments/segment-place.ts';

const page = 4096;

interface Written {
  readonly directory: string;
  readonly segment: string;
  readonly ids: readonly string[];
  /** The references of each commit. */
  readonly commits: readonly (readonly StoredRef[])[];
}

/** A segment with these commits, each given by its messages' sizes. */
async function written(
  t: TestContext,
  sizes: readonly (readonly number[])[],
  sync: 'fdatasync' | 'none' = 'fdatasync',
): Promise<Written> {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory, sync });
  const ids: string[] = [];
  const commits: StoredRef[][] = [];
  for (const group of sizes) {
    const appended = group.map((size) => {
      const queueId = writer.newQueueId();
      ids.push(queueId);
      return writer.append({ envelope: envelopeFor(queueId), content: [contentFor(ids.length, size)] });
    });
    commits.push((await Promise.all(appended)).map(({ ref }) => ref));
  }
  await writer.close();
  const segment = join(directory, 'segments', segmentName(segmentPlace(commits[0]![0]!).segment));
  return { directory, segment, ids, commits };
}

const endOf = (commit: readonly StoredRef[] | undefined): number => {
  const last = commit?.at(-1);
  assert.ok(last !== undefined);
  return segmentPlace(last).offset + segmentPlace(last).length;
};

async function inspect(directory: string): Promise<{ ids: string[]; problems: SpoolProblem[] }> {
  const ids: string[] = [];
  const problems: SpoolProblem[] = [];
  for await (const finding of inspectSpool(directory, { contents: true })) {
    if (finding.kind === 'message') ids.push(finding.message.queueId);
    else problems.push(finding.problem);
  }
  return { ids, problems };
}

test('a commit is filled up to the page boundary if it is large enough, and the next one begins there', async (t) => {
  const { directory, segment, ids, commits } = await written(t, [[4500, 4500, 4500], [4500], [900], [900]]);
  const [first, second, third, fourth] = commits;
  const boundary = Math.ceil(endOf(first) / page) * page;
  assert.equal(segmentPlace(second![0]!).offset, boundary);
  assert.equal(
    segmentPlace(third![0]!).offset,
    endOf(second),
    'a commit of one message is too small to be filled up',
  );
  assert.equal(segmentPlace(fourth![0]!).offset, endOf(third));
  const bytes = await readFile(segment);
  assert.ok(bytes.subarray(endOf(first), boundary).every((byte) => byte === 0));
  assert.deepEqual(await inspect(directory), { ids, problems: [] });
  await rm(`${segment}.index`);
  assert.deepEqual(await inspect(directory), { ids, problems: [] });
});

test('the last commit of a file is filled up as well', async (t) => {
  const { segment, commits } = await written(t, [[4500, 4500, 4500]]);
  assert.equal((await readFile(segment)).length, Math.ceil(endOf(commits[0]) / page) * page);
});

test('without syncs no commit is filled up', async (t) => {
  const { commits } = await written(t, [[4500, 4500, 4500], [4500]], 'none');
  assert.equal(segmentPlace(commits[1]![0]!).offset, endOf(commits[0]));
});

test('a record before a gap that was overwritten with zeros is reported', async (t) => {
  const { directory, segment, ids, commits } = await written(t, [[4500, 4500, 4500, 50], [4500]]);
  const lost = commits[0]?.[3];
  assert.ok(lost !== undefined);
  await rm(`${segment}.index`);
  const bytes = await readFile(segment);
  bytes.fill(0, segmentPlace(lost).offset, endOf(commits[0]));
  await writeFile(segment, bytes);
  const { ids: found, problems } = await inspect(directory);
  assert.deepEqual(
    found,
    ids.filter((id) => id !== ids[3]),
  );
  assert.equal(problems.length, 1);
  assert.match(
    problems[0]?.text ?? '',
    new RegExp(`^bytes ${segmentPlace(lost).offset} to ${segmentPlace(commits[1]![0]!).offset} `),
  );
});

test('bytes other than zero in a gap are reported, and no message is lost', async (t) => {
  const { directory, segment, ids, commits } = await written(t, [[4500, 4500, 4500], [4500]]);
  await rm(`${segment}.index`);
  const bytes = await readFile(segment);
  bytes[endOf(commits[0]) + 5] = 1;
  await writeFile(segment, bytes);
  const { ids: found, problems } = await inspect(directory);
  assert.deepEqual(found, ids);
  assert.deepEqual(
    problems.map(({ kind }) => kind),
    ['segment'],
  );
});

test('messages are moved to a long-lived segment without the gap before them', async (t) => {
  const { directory, ids, commits } = await written(t, [[4500, 4500, 4500], [4500], [4500]]);
  const next = await openSpoolWriter({ ...writerDefaults, directory });
  t.after(() => next.close());
  const problems: SpoolProblem[] = [];
  const store = await openSpoolStore({
    directory,
    slot: 63,
    journalSyncMs: 1000,
    segmentBytes: writerDefaults.segmentBytes,
    relocateAfterMs: 0,
    onProblem: (problem) => problems.push(problem),
  });
  const found: string[] = [];
  for await (const { queueId } of store.recover()) found.push(queueId);
  assert.deepEqual(found, ids);
  const inFirst = ids.slice(0, 3).map((queueId) => ({ kind: 'delivered', queueId, recipient: 0 }) as const);
  store.settle(inFirst);
  await store.maintain(Date.now() + 1000);
  const moved = ids.slice(3).map((queueId) => store.locate(queueId));
  assert.notEqual(segmentPlace(moved[0]!).segment, segmentPlace(commits[1]![0]!).segment);
  assert.equal(segmentPlace(moved[0]!).offset, 32);
  assert.equal(segmentPlace(moved[1]!).offset, 32 + segmentPlace(moved[0]!).length);
  await store.close();
  const longLived = join(directory, 'segments', segmentName(segmentPlace(moved[0]!).segment));
  await rm(`${longLived}.index`);
  assert.deepEqual((await inspect(directory)).ids, ids.slice(3));
  assert.deepEqual((await inspect(directory)).problems, []);
  assert.deepEqual(problems, []);
});
