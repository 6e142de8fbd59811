// What every kind of store remembers of a message over restarts: that its sender was warned, and that routes do not hold it any more.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Outcome, RecoveredMessage } from '../../../src/spool/types.ts';
import { contentFor, envelopeFor } from '../support.ts';
import { type Kind, kinds } from './kinds.ts';

const ids = ['warned', 'other', 'done'] as const;

/** Stores three messages with two recipients each; returns a function that starts the store, books outcomes, and stops it. */
async function restarts(t: TestContext, kind: Kind, fact: (message: RecoveredMessage) => unknown) {
  const spool = await kind.make(t);
  const writer = await spool.openWriter();
  const queueIds: Record<string, string> = {};
  for (const name of ids) {
    const queueId = writer.newQueueId();
    queueIds[name] = queueId;
    const envelope = envelopeFor(queueId, ['a@example.net', 'b@example.net']);
    await writer.append({ envelope, content: [contentFor(1, 500)] });
  }
  await writer.close();
  const again = async (...outcomes: Outcome[]): Promise<unknown[]> => {
    const store = await spool.openStore();
    const found = new Map<string, unknown>();
    for await (const message of store.recover()) found.set(message.queueId, fact(message));
    store.settle(outcomes);
    await store.flush();
    await store.close();
    return ids.map((name) => found.get(queueIds[name] ?? ''));
  };
  return { again, idOf: (name: (typeof ids)[number]) => queueIds[name] ?? '' };
}

for (const kind of kinds) {
  test(`${kind.name}: the last warning about a message is known after restarts, until it is done`, async (t) => {
    const { again, idOf } = await restarts(t, kind, ({ warnedAfterMs }) => warnedAfterMs);
    const warned = (queueId: string, afterMs: number): Outcome => ({ kind: 'warned', queueId, afterMs });
    const none = [undefined, undefined, undefined];
    assert.deepEqual(await again(warned(idOf('warned'), 1.5), warned(idOf('done'), 5)), none);
    assert.deepEqual(await again(warned(idOf('warned'), 14_400_000)), [1.5, undefined, 5]);
    const queueId = idOf('done');
    const ends = [0, 1].map((recipient): Outcome => ({ kind: 'delivered', queueId, recipient }));
    assert.deepEqual(await again(...ends, warned(queueId, 6)), [14_400_000, undefined, 5]);
    // Each start wrote the state anew, and read what the start before it wrote.
    assert.deepEqual(await again(), [14_400_000, undefined, undefined]);
    assert.deepEqual(await again(), [14_400_000, undefined, undefined]);
  });
}

for (const kind of kinds) {
  test(`${kind.name}: what passes routes that hold mail does so after restarts, until it is done`, async (t) => {
    const { again, idOf } = await restarts(t, kind, ({ passesHolds }) => passesHolds);
    const passes = (queueId: string): Outcome => ({ kind: 'passes-holds', queueId });
    assert.deepEqual(await again(passes(idOf('warned')), passes(idOf('done'))), [
      undefined,
      undefined,
      undefined,
    ]);
    const queueId = idOf('done');
    const ends = [0, 1].map((recipient): Outcome => ({ kind: 'delivered', queueId, recipient }));
    assert.deepEqual(await again(...ends, passes(queueId)), [true, undefined, true]);
    assert.deepEqual(await again(), [true, undefined, undefined]);
    assert.deepEqual(await again(), [true, undefined, undefined]);
  });
}
