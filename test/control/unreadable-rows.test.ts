// The queue lists all recipients that the manager counts, also one whose address cannot be read any more.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Envelope } from '../../src/message/envelope.ts';
import { QueueQuery } from '../../src/control/queue-query.ts';
import type { ExaminedMessage, SourceRow } from '../../src/control/operations/queue-pages.ts';
import type { Service } from '../../src/control/operations/operation.ts';
import type { ManagerSet } from '../../src/control/operations/sets.ts';
import type { QueueFilter, QueueRow } from '../../src/control/queue-row.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import type { QueueReader, StoredRef } from '../../src/spool/types.ts';
import { localAsker } from './local-asker.ts';
import { envelopeFor } from '../spool/support.ts';

const ref = { store: 0, place: [64, 32, 160] };

function waiting(queueId: string, state: QueueRow['state']): SourceRow {
  return {
    queueId,
    message: 1,
    receivedAtMs: 1000,
    domain: 'there.test',
    tenant: '',
    state,
    isHeld: false,
    attempts: 0,
    nextAttemptAtMs: 0,
    lastError: '',
    recipientIndex: 0,
    ref,
  };
}

const damage = 'gone';

/**
 * @param code - why no envelope can be read
 * @param examined - the manager's answer about the messages that it still counts
 */
function query(
  rows: readonly SourceRow[],
  code: 'SPOOL_CORRUPT' | 'SPOOL_MISSING' | 'SPOOL_UNREADABLE',
  examined: readonly ExaminedMessage[],
  readable: readonly StoredRef[] = [],
  claimed?: Envelope,
) {
  const source: Partial<Service<ManagerSet>> = {
    page: () => Promise.resolve({ rows, cursor: undefined }),
    examine: (messages) =>
      Promise.resolve(examined.filter((each) => messages.some(({ queueId }) => queueId === each.queueId))),
  };
  const reader: Partial<QueueReader> = {
    readEnvelope: (at) =>
      readable.includes(at)
        ? Promise.resolve(envelopeFor('A', ['bob@there.test']))
        : Promise.reject(new SpoolError(code, 'no')),
    readDamagedEnvelope: () => Promise.resolve(claimed),
  };
  return new QueueQuery(localAsker(source), reader as QueueReader);
}

async function listed(of: QueueQuery, filter: QueueFilter = {}): Promise<string[][]> {
  const found: string[][] = [];
  for await (const page of of.list(filter, 0)) {
    for (const { queueId, sender, recipient } of page) found.push([queueId, sender, recipient]);
  }
  return found;
}

for (const code of ['SPOOL_CORRUPT', 'SPOOL_UNREADABLE'] as const) {
  test(`a message whose envelope cannot be read (${code}) is listed`, async () => {
    const all = query([waiting('A', 'ready')], code, [{ queueId: 'A', ref }]);
    assert.deepEqual(await listed(all), [['A', '?', '?@there.test']]);
    // The sender is unknown, so it does not match.
    assert.deepEqual(await listed(all, { sender: 'anna@*' }), []);
  });
}

test('a message that is gone from the spool is left out as delivered, unless it is known to be damaged', async () => {
  const all = query([waiting('A', 'ready'), waiting('B', 'damaged')], 'SPOOL_MISSING', [
    { queueId: 'B', ref, damage },
  ]);
  assert.deepEqual(await listed(all), [['B', '?', '?@there.test']]);
});

test('a message that is gone from the spool and still counted by the manager is listed as damaged', async () => {
  const all = query([{ ...waiting('A', 'held'), isHeld: true }], 'SPOOL_MISSING', [
    { queueId: 'A', ref, damage },
  ]);
  const rows: QueueRow[] = [];
  for await (const page of all.list({}, 0)) rows.push(...page);
  assert.deepEqual(
    rows.map(({ state, isHeld, lastError }) => [state, isHeld, lastError]),
    [['damaged', false, `451 4.3.0 the stored message is damaged: ${damage}`]],
  );
  assert.deepEqual(await listed(all, { state: 'held' }), []);
});

test('a damaged message is listed and found by the addresses of its envelope', async () => {
  const rows = [waiting('A', 'damaged')];
  const claimed = envelopeFor('A', ['bob@there.test']);
  const all = query(rows, 'SPOOL_CORRUPT', [{ queueId: 'A', ref, damage }], [], claimed);
  assert.deepEqual(await listed(all), [['A', 'alice@example.com', 'bob@there.test']]);
  assert.deepEqual(await listed(all, { recipient: 'bob@*' }), [['A', 'alice@example.com', 'bob@there.test']]);
  assert.deepEqual(await listed(all, { recipient: 'carol@*' }), []);
});

test('a message that cannot be read for now is not listed as damaged', async () => {
  const claimed = envelopeFor('A', ['bob@there.test']);
  const all = query([waiting('A', 'ready')], 'SPOOL_UNREADABLE', [{ queueId: 'A', ref }], [], claimed);
  assert.deepEqual(await listed(all), [['A', '?', '?@there.test']]);
});

test('a message that was moved while the list was made is listed with its addresses', async () => {
  const moved = { store: 0, place: [65, 32, 160] };
  const all = query([waiting('A', 'ready')], 'SPOOL_MISSING', [{ queueId: 'A', ref: moved }], [moved]);
  assert.deepEqual(await listed(all), [['A', 'alice@example.com', 'bob@there.test']]);
});
