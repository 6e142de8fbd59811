// Files of the spool that the manager may not read, because a receiver that was taken over has closed them: the start goes on with all
// other mail, and what is known of the mail in them is kept until they can be read again.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { nodeFiles, type FileLayer } from '../../../src/spool/file-layer.ts';
import { openSpoolWriter } from '../../../src/spool/open.ts';
import { segmentName } from '../../../src/spool/queue-id.ts';
import { segmentPlace } from '../../../src/spool/segments/segment-place.ts';
import { contentFor, envelopeFor, openedStore, temporaryDirectory, writerDefaults } from '../support.ts';

/** The files of a user who may not open these. */
function without(...denied: readonly string[]): FileLayer {
  const error = () => Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  return {
    ...nodeFiles,
    open: (path, flags) => (denied.includes(path) ? Promise.reject(error()) : nodeFiles.open(path, flags)),
  };
}

test('a segment that may not be read is left out and reported, and its outcomes are kept until it can be', async (t) => {
  const directory = await temporaryDirectory(t);
  const ids: string[] = [];
  const segments: number[] = [];
  for (let round = 0; round < 2; round++) {
    const writer = await openSpoolWriter({ ...writerDefaults, directory });
    for (let count = 0; count < 3; count++) {
      const id = writer.newQueueId();
      const { ref } = await writer.append({ envelope: envelopeFor(id), content: [contentFor(1, 500)] });
      ids.push(id);
      segments.push(segmentPlace(ref).segment);
    }
    await writer.close();
  }
  const first = await openedStore(directory);
  first.store.settle([{ kind: 'delivered', queueId: ids[0]!, recipient: 0 }]);
  await first.store.flush();
  await first.store.close();

  const closed = join(directory, 'segments', segmentName(segments[0]!));
  for (const files of [without(closed, `${closed}.index`), without(closed)]) {
    const { store, messages, problems } = await openedStore(directory, { files });
    assert.deepEqual(messages.map(({ queueId }) => queueId).toSorted(), ids.slice(3));
    assert.ok(
      problems.some(({ kind, text }) => kind === 'segment' && text.includes(`${closed} may not be read`)),
    );
    assert.equal(problems.filter(({ kind }) => kind === 'missing').length, 0);
    await store.maintain(Date.now() + 60_000);
    await store.maintain(Date.now() + 120_000);
    await store.close();
  }

  const again = await openedStore(directory);
  assert.deepEqual(
    again.messages.map(({ queueId, held }) => [queueId, held]),
    ids.slice(1).map((id) => [id, false]),
  );
  await again.store.close();
});

test('an index that may not be read costs nothing: the segment tells its mail', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const id = writer.newQueueId();
  const { ref } = await writer.append({ envelope: envelopeFor(id), content: [contentFor(1, 500)] });
  await writer.close();
  const index = join(directory, 'segments', `${segmentName(segmentPlace(ref).segment)}.index`);
  const { store, messages, problems } = await openedStore(directory, { files: without(index) });
  assert.deepEqual(
    messages.map(({ queueId }) => queueId),
    [id],
  );
  assert.ok(problems.some(({ kind }) => kind === 'index'));
  await store.maintain(Date.now() + 60_000);
  await store.close();
});
