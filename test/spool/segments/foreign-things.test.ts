// Links, pipes, folders and huge files under the names of the spool's files: they are reported, and neither followed nor read,
// and all other mail is found.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { nodeFiles } from '../../../src/spool/file-layer.ts';
import { inspectSpool, openSpoolWriter } from '../../../src/spool/open.ts';
import { segmentName } from '../../../src/spool/queue-id.ts';
import { holdsPath, journalPath, spoolLayout } from '../../../src/spool/segments/layout.ts';
import { segmentPlace } from '../../../src/spool/segments/segment-place.ts';
import { contentFor, envelopeFor, openedStore, temporaryDirectory, writerDefaults } from '../support.ts';

const tebibyte = 1024 ** 4;

/** What may be in the place of a file. */
const things: Readonly<Record<string, (path: string) => void>> = {
  pipe: (path) => void execFileSync('mkfifo', [path]),
  folder: (path) => mkdirSync(path),
  link: (path) => symlinkSync('/dev/zero', path),
  'link to nothing': (path) => symlinkSync('nothing', path),
  'huge file': (path) => {
    writeFileSync(path, '');
    truncateSync(path, tebibyte);
  },
};

interface Filled {
  readonly directory: string;
  readonly queueId: string;
  readonly segment: number;
}

/** A spool with one message in a sealed segment. */
async function filled(t: TestContext): Promise<Filled> {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const queueId = writer.newQueueId();
  const { ref } = await writer.append({ envelope: envelopeFor(queueId), content: [contentFor(1, 500)] });
  await writer.close();
  return { directory, queueId, segment: segmentPlace(ref).segment };
}

async function problemsOf(directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const finding of inspectSpool(directory)) {
    if (finding.kind === 'problem') found.push(`${finding.problem.place}: ${finding.problem.text}`);
  }
  return found;
}

for (const [what, make] of Object.entries(things)) {
  test(`a ${what} under the name of a segment is reported and left, and the other mail is found`, async (t) => {
    const { directory, queueId, segment } = await filled(t);
    // One that can be closed, because its slot has a newer one, and the newest of its slot.
    const planted = [segment - 64, segment + 64].map((id) => join(directory, 'segments', segmentName(id)));
    for (const path of planted) make(path);
    const { store, messages, problems } = await openedStore(directory);
    assert.deepEqual(
      messages.map((message) => message.queueId),
      [queueId],
    );
    for (const path of planted) assert.ok(problems.some(({ text }) => text.includes(path)));
    const before = problems.length;
    store.settle([{ kind: 'delivered', queueId, recipient: 0 }]);
    await store.maintain(Date.now() + 60_000);
    await store.maintain(Date.now() + 120_000);
    assert.equal(existsSync(join(directory, 'segments', segmentName(segment))), false);
    for (const path of planted) assert.notEqual(lstatSync(path, { throwIfNoEntry: false }), undefined);
    assert.deepEqual(problems.slice(before), []);
    await store.close();
    const listed = await problemsOf(directory);
    for (const path of planted) assert.ok(listed.some((text) => text.includes(path)));
  });

  test(`a ${what} in the place of an index is not read, and the segment tells its mail`, async (t) => {
    const { directory, queueId, segment } = await filled(t);
    const path = join(directory, 'segments', `${segmentName(segment)}.index`);
    rmSync(path);
    make(path);
    // The segment is not the newest one of its slot, so that it is removed when its mail is done.
    const writer = await openSpoolWriter({ ...writerDefaults, directory });
    await writer.close();
    const { store, messages, problems } = await openedStore(directory);
    assert.deepEqual(
      messages.map((message) => message.damage ?? message.queueId),
      [queueId],
    );
    assert.ok(problems.some(({ kind, text }) => kind === 'index' && text.includes(path)));
    store.settle([{ kind: 'delivered', queueId, recipient: 0 }]);
    await store.maintain(Date.now() + 60_000);
    await store.maintain(Date.now() + 120_000);
    assert.equal(existsSync(join(directory, 'segments', segmentName(segment))), false);
    await store.close();
  });

  test(`a ${what} in the place of the journal or of the holds counts as their damage`, async (t) => {
    const { directory, queueId } = await filled(t);
    const first = await openedStore(directory);
    await first.store.close();
    const layout = spoolLayout(directory);
    const number = Number((await nodeFiles.readdir(layout.journal)).at(-1));
    for (const path of [journalPath(layout, number), holdsPath(layout)]) {
      rmSync(path);
      make(path);
    }
    const { store, messages, problems } = await openedStore(directory);
    assert.deepEqual(
      messages.map((message) => [message.queueId, message.held]),
      [[queueId, true]],
    );
    assert.ok(problems.some(({ kind }) => kind === 'journal'));
    await store.close();
  });
}

test('no opening of a file follows a link or waits for a pipe', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'planted');
  const target = join(directory, 'target');
  const foreign = { code: 'SPOOL_FOREIGN' };
  for (const kind of ['pipe', 'folder', 'link'] as const) {
    rmSync(path, { recursive: true, force: true });
    writeFileSync(target, 'kept');
    if (kind === 'link') symlinkSync(target, path);
    else things[kind]?.(path);
    await assert.rejects(nodeFiles.open(path, 'r'), foreign);
    await assert.rejects(nodeFiles.open(path, 'r+'), foreign);
    await assert.rejects(nodeFiles.open(path, 'w'), foreign);
    assert.throws(() => nodeFiles.openSync(path, 'r'), foreign);
    assert.equal(lstatSync(target).size, 4);
  }
});
