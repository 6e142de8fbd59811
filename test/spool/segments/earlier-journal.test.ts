// Journals of earlier versions have last refusals as lines of text. These are read and shown as they are, and no text of a
// server is taken for ours.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { writeFile } from 'node:fs/promises';
import { lastRefusalOf } from '../../../src/message/refusal-form.ts';
import { refusalText } from '../../../src/message/refusal-text.ts';
import {
  EntryBuffer,
  encodeJournalHeader,
  entryHeld,
  frameSnapshotEnd,
} from '../../../src/spool/segments/journal-entries.ts';
import { journalPath, spoolLayout } from '../../../src/spool/segments/layout.ts';
import { openSpoolStore, openSpoolWriter } from '../../../src/spool/open.ts';
import { queueIdCounter, queueIdSegment } from '../../../src/spool/queue-id.ts';
import type { RecoveredMessage } from '../../../src/spool/types.ts';
import type { EncodedRefusal } from '../../../src/message/refusal-form.ts';
import { contentFor, envelopeFor, mib, temporaryDirectory, writerDefaults } from '../support.ts';

const storeDefaults = { slot: 0, journalSyncMs: 1000, segmentBytes: 64 * mib, relocateAfterMs: 60_000 };

interface EarlierMessage {
  readonly lastError: string;
  readonly isHeld: boolean;
}

/** Makes a spool with these messages and a journal as an earlier version wrote it. */
async function earlierSpool(
  t: TestContext,
  messages: readonly EarlierMessage[],
): Promise<[string, string[]]> {
  const directory = await temporaryDirectory(t);
  const writer = await openSpoolWriter({ ...writerDefaults, directory });
  const ids: string[] = [];
  const entries = new EntryBuffer();
  for (const [at, { lastError, isHeld }] of messages.entries()) {
    const queueId = writer.newQueueId();
    await writer.append({ envelope: envelopeFor(queueId), content: [contentFor(at, 100)] });
    ids.push(queueId);
    const [segment, counter] = [queueIdSegment(queueId), queueIdCounter(queueId)];
    // The entry had the same bytes, with a line of text in place of the form.
    entries.refusal(at + 1, lastError as EncodedRefusal);
    entries.deferred(segment, counter, 0, 3, 1_800_000_000_000, at + 1);
    if (isHeld) entries.message(entryHeld, segment, counter);
  }
  await writer.close();
  const tag = 0x1234;
  await writeFile(
    journalPath(spoolLayout(directory), 1),
    Buffer.concat([encodeJournalHeader(1, tag), entries.take(frameSnapshotEnd, tag, 0)]),
  );
  return [directory, ids];
}

async function recovered(directory: string): Promise<RecoveredMessage[]> {
  const store = await openSpoolStore({ ...storeDefaults, directory });
  const messages: RecoveredMessage[] = [];
  for await (const message of store.recover()) messages.push(message);
  await store.close();
  return messages;
}

function shown({ queueId, held, damage, waiting }: RecoveredMessage) {
  return waiting.map(({ attempts, nextAttemptAtMs, lastRefusal }) => {
    const refusal = lastRefusalOf(lastRefusal);
    assert.ok(refusal !== undefined);
    return [queueId, held, damage, attempts, nextAttemptAtMs, refusal.by.kind, refusalText(refusal)];
  });
}

test('mail that waited before an update still waits after it, with the same last error', async (t) => {
  const lines = [
    '450 4.7.1 Greylisted, spät (in reply to RCPT)',
    '421 4.7.0 too many (greeting of mx.test[192.0.2.1]:25)',
    'mx.test[192.0.2.1]:25: connection refused',
    '451 4.4.3 DNS server failure',
  ];
  const [directory, ids] = await earlierSpool(
    t,
    lines.map((lastError) => ({ lastError, isHeld: false })),
  );
  const expected = lines.map((line, at) => [ids[at], false, undefined, 3, 1_800_000_000_000, 'local', line]);
  assert.deepEqual((await recovered(directory)).flatMap(shown), expected);
  // The first start has rewritten the journal in the present form.
  assert.deepEqual((await recovered(directory)).flatMap(shown), expected);
});

test('a message that was damaged before an update is damaged after it; the same text from a server marks no message as damaged', async (t) => {
  const why = 'the checksum of its content does not hold';
  const line = `451 4.3.0 the stored message is damaged: ${why}`;
  const [directory] = await earlierSpool(t, [
    { lastError: line, isHeld: true },
    { lastError: `${line} (in reply to RCPT)`, isHeld: true },
  ]);
  const messages = await recovered(directory);
  assert.deepEqual(
    messages.map(({ held, damage }) => [held, damage]),
    [
      [true, why],
      [true, undefined],
    ],
  );
});
