// What the queue of a stopped Sluice shows of a message with an unreadable envelope: the same as a running Sluice shows.

import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { storedQueue } from '../../src/control/stored-queue.ts';
import { openSpoolWriter } from '../../src/spool/open.ts';
import { segmentName } from '../../src/spool/queue-id.ts';
import { contentFor, envelopeFor, temporaryDirectory, writerDefaults } from '../spool/support.ts';
import { segmentPlace } from '../../src/spool/segments/segment-place.ts';

test('addresses of an unreadable envelope are shown as ?', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const append = async () => {
    const queueId = writer.newQueueId();
    const { ref } = await writer.append({
      envelope: envelopeFor(queueId),
      content: [contentFor(1, 100)],
    });
    return { queueId, ref };
  };
  const { queueId, ref } = await append();
  await append(); // of a later commit: what comes before it was acknowledged, and is damage
  await writer.close();
  const segment = join(directory, 'segments', segmentName(segmentPlace(ref).segment));
  await rm(`${segment}.index`);
  const bytes = await readFile(segment);
  bytes.fill(0xff, segmentPlace(ref).offset + 64, segmentPlace(ref).offset + 100); // the strings of the envelope, behind its header
  await writeFile(segment, bytes);
  const rows = await Array.fromAsync(storedQueue([{ directory }], { ids: [queueId] }, 0, () => undefined));
  assert.deepEqual(
    rows.map(({ state, sender, recipient, domain }) => [state, sender, recipient, domain]),
    [['damaged', '?', '?@damaged.invalid', 'damaged.invalid']],
  );
});
