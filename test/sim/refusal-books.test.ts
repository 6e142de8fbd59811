// The simulation's books of refusals: what the queue has to say about mail that destinations have refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Memory } from '../../sim/system/memory.ts';
import { RefusalBooks } from '../../sim/system/refusal-books.ts';
import type { SourceRow } from '../../src/control/operations/queue-pages.ts';
import type { AttemptResult } from '../../src/deliver/types.ts';
import type { Refusal } from '../../src/message/refusal.ts';
import { refusalText } from '../../src/message/refusal-text.ts';
import { nowhere } from '../../src/spool/types.ts';
import { simulatedReply } from '../../src/simulate/simulated-reply.ts';

const peer = { host: 'mx.example', endpoint: { kind: 'tcp', ip: '192.0.2.1', port: 25 } } as const;
const reply = (text: string): Refusal => simulatedReply(peer, 'RCPT', text);
const refused = (refusal: Refusal): AttemptResult => ({ recipient: 0, result: 'refused', refusal });

function row(attempts: number, lastRefusal?: Refusal): SourceRow {
  return {
    queueId: 'q',
    message: 1,
    receivedAtMs: 0,
    domain: 'd.example',
    tenant: '',
    state: 'waiting',
    isHeld: false,
    attempts,
    nextAttemptAtMs: 0,
    lastError: lastRefusal === undefined ? '' : refusalText(lastRefusal),
    lastRefusal,
    recipientIndex: 0,
    ref: nowhere,
  };
}

/** Books, and a manager that hears of refusals. */
function world() {
  const memory = new Memory(() => 0);
  const moments: string[] = [];
  const books = new RefusalBooks(
    () => 0,
    (moment) => moments.push(moment),
  );
  const manager = {};
  const hear = (refusal: Refusal): void => {
    const report = {};
    memory.tells(report, books.tells(report, 'q', [refused(refusal)]));
    const batch = [report];
    memory.left(batch);
    memory.ended(batch, manager, '');
    memory.taken(batch, manager);
    books.heard(batch);
  };
  const crash = (): void => {
    memory.managerEnded();
    books.managerEnded();
    memory.forget(manager, 'the manager ended');
  };
  return { memory, books, hear, crash, moments };
}

const first = reply('451 4.3.0 not now (1)');
const second = reply('451 4.3.0 not now (2)');
const final = reply('550 5.1.1 no such user');

test('the queue must know every attempt that a manager has heard of, and the last reason', () => {
  const { books, hear, moments } = world();
  hear(first);
  hear(second);
  books.checkRow(row(2, second));
  assert.throws(() => books.checkRow(row(1, second)), /was tried 2 times, and the queue says 1/);
  assert.throws(() => books.checkRow(row(2, first)), /waits since .*\(2\).*, and the queue says .*\(1\)/);
  assert.throws(() => books.checkRow(row(2)), /nothing says why it waits/);
  assert.deepEqual(moments, ['deferred', 'deferred']);
});

test('a refusal that was not journaled is forgotten with its manager, and one that was journaled is not', () => {
  const { books, memory, hear, crash } = world();
  hear(first);
  memory.journalWritten(memory.journalWriteBegins(), {});
  hear(second);
  crash();
  books.checkRow(row(1, first));
  assert.throws(() => books.checkRow(row(0)), /was tried 1 times, and the queue says 0/);
  memory.powerCut();
  books.checkRow(row(0));
});

test('a refusal that no manager has heard of counts for nothing', () => {
  const { books } = world();
  books.tells({}, 'q', [refused(first)]);
  books.checkRow(row(0));
});

test('what a manager has heard to be refused for good is not tried again before that manager has ended', () => {
  const { books, hear, crash, moments } = world();
  hear(final);
  assert.throws(
    () => books.granted('q', [1, 0]),
    /recipient 0 of q was refused for good, and is tried again/,
  );
  assert.throws(() => books.checkRow(row(1, final)), /was refused for good, and is in the queue/);
  books.granted('q', [1]);
  crash();
  books.granted('q', [0]);
  assert.deepEqual(moments, ['refused for good']);
});
