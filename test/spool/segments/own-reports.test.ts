// A report is known as one of this server's own also after a restart, and after the spool has moved it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addresseeOf } from '../../../src/bounce/addressee.ts';
import type { Origin } from '../../../src/message/envelope.ts';
import { openSpoolReader, openSpoolStore, openSpoolWriter } from '../../../src/spool/open.ts';
import { mib, contentFor, envelopeFor, temporaryDirectory, writerDefaults } from '../support.ts';
import { segmentPlace } from '../../../src/spool/segments/segment-place.ts';

const ways = ['smtp', 'sendmail', 'bounce', 'notice'] as const;

test('the way a message came is known after a restart and after it was moved', async (t) => {
  const directory = await temporaryDirectory(t);
  const options = {
    slot: 0,
    journalSyncMs: 1_000_000,
    segmentBytes: mib,
    relocateAfterMs: 60_000,
    directory,
  };
  const writer = await openSpoolWriter({ ...writerDefaults, directory, segmentBytes: 64 * 1024 });
  const store = await openSpoolStore(options);
  for await (const message of store.recover()) assert.fail(`a message in a new spool: ${message.queueId}`);
  const send = async (via: Origin['via']): Promise<string> => {
    const queueId = writer.newQueueId();
    const envelope = {
      ...envelopeFor(queueId),
      reversePath: '',
      origin: { via, clientAddress: '', helo: '' },
    };
    const { ref } = await writer.append({ envelope, content: [contentFor(1, 2000)] });
    store.submitted(queueId, ref, 1);
    return queueId;
  };
  const kept = new Map<string, Origin['via']>();
  for (const via of ways) kept.set(await send(via), via);
  // Other messages that are done, so that maintenance moves the few that wait.
  for (let count = 0; count < 100; count++) {
    store.settle([{ kind: 'delivered', queueId: await send('smtp'), recipient: 0 }]);
  }
  const before = [...kept.keys()].map((queueId) => segmentPlace(store.locate(queueId)!).segment);
  await writer.close();
  for (let step = 0; step < 4; step++) await store.maintain(Date.now() + 3_600_000);
  for (const [at, queueId] of [...kept.keys()].entries()) {
    assert.notEqual(segmentPlace(store.locate(queueId)!).segment, before[at], 'it was moved');
  }
  await store.close();

  const again = await openSpoolStore(options);
  const reader = openSpoolReader({ directory });
  const found = new Map<string, Origin['via']>();
  const addressees: string[] = [];
  for await (const { queueId, ref } of again.recover()) {
    const envelope = await reader.readEnvelope(ref);
    found.set(queueId, envelope.origin.via);
    if (envelope.origin.via === 'bounce' || envelope.origin.via === 'notice') {
      addressees.push(`${envelope.origin.via}: ${addresseeOf(envelope, 'postmaster@example.com').kind}`);
    }
  }
  assert.deepEqual(found, kept);
  assert.deepEqual(addressees.toSorted(), ['bounce: postmaster', 'notice: nobody']);
  reader.close();
  await again.close();
});
