// Waiting mail moves to the store of another queue with all that is known of it, in its order. Wherever it ends in the middle, a start finds each
// recipient once.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { SimulatedDisk } from '../../sim/disk/simulated-disk.ts';
import { VirtualTimers } from '../../sim/virtual-timers.ts';
import type { JobReport } from '../../src/control/operations/queue-change.ts';
import type { QueuePage } from '../../src/control/operations/queue-pages.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import type { Outcome } from '../../src/spool/types.ts';
import { envelopeFor } from '../spool/support.ts';
import { deferred, delivered, type Ground, ground, plain, startMs } from './assembled.ts';
import { KeptSpool } from './kept-spool.ts';

const config = `${plain.replace('"10m"', '"1d"').replace('"1m"', '"3h"')}\n[queues.news]\n`;
const hourMs = 3_600_000;

/** Has been tried three times; comes again in an hour and so many ms. */
const tried =
  (recipients: number, afterMs = 0) =>
  (queueId: string): Outcome[] =>
    Array.from({ length: recipients }, (_, recipient) => ({
      kind: 'deferred',
      queueId,
      recipient,
      attempts: 3,
      nextAttemptAtMs: startMs + hourMs + afterMs,
      refusal: '',
    }));

interface World {
  readonly spool: KeptSpool;
  readonly disk: SimulatedDisk;
  readonly timers: VirtualTimers;
}

function world(capacity?: number): World {
  const timers = new VirtualTimers();
  const spool = new KeptSpool(['news'], () => startMs, capacity);
  return { spool, disk: new SimulatedDisk({ seed: 1 }), timers };
}

/** A manager over what is there; with `stopsAt`, everything stops at that step. */
async function manager(
  t: TestContext,
  { spool, disk, timers }: World,
  stopsAt?: number,
  before?: readonly number[],
): Promise<{ at: Ground; steps: () => number }> {
  const { spool: own, steps } = spool.process(timers, stopsAt);
  const at = await ground(t, { config, disk, timers, store: own as never, ...(before && { before }) });
  return { at, steps };
}

/** Begins the move, and passes so much time that it is through, or has stopped. */
async function move(at: Ground, question: object = {}): Promise<JobReport | undefined> {
  const operator = at.operator();
  await operator.ask('queue.change', { action: 'move', to: 'news', filter: {}, ...question });
  for (let turns = 0; turns < 60; turns++) {
    const answer = operator.told.find((each) => 'result' in each);
    if (answer !== undefined && 'result' in answer) return answer.result as JobReport;
    await at.timers.pass(50);
  }
  return undefined;
}

/** The states of all recipients in the queue, sorted. */
async function states({ ask }: Ground): Promise<string[]> {
  const [page] = await ask('page', { filter: {} });
  assert.ok(page !== undefined && 'result' in page);
  return (page.result as QueuePage).rows.map(({ state }) => state).toSorted();
}

test('mail moves with its arrival, attempts, next attempt and hold, in its order', async (t) => {
  const here = world();
  const { spool } = here;
  for (const [index, name] of ['c', 'a', 'b'].entries())
    await spool.put(
      0,
      (id) => ({
        ...envelopeFor(id, [`${name}1@x.test`, `${name}2@y.test`], startMs - 1000 + index),
        tenant: 'shop',
      }),
      (id) => [...tried(2, index)(id), ...(name === 'b' ? [{ kind: 'held', queueId: id } as const] : [])],
    );
  const { at } = await manager(t, here);
  const report = await move(at, { filter: { domain: 'x.test' } });
  assert.deepEqual([report?.state, report?.recipients, report?.messages, report?.reason], ['done', 3, 3, '']);
  const times = (address: string, index: number, held = '') =>
    `${address} 3 ${startMs + hourMs + index}${held}`;
  assert.deepEqual(spool.waiting(1), [
    times('c1@x.test', 0),
    times('a1@x.test', 1),
    times('b1@x.test', 2, ' held'),
  ]);
  assert.deepEqual(spool.waiting(0), [
    times('c2@y.test', 0),
    times('a2@y.test', 1),
    times('b2@y.test', 2, ' held'),
  ]);
  assert.deepEqual(
    [...(spool.kept[1] ?? [])].map(({ envelope }) => [envelope.tenant, envelope.receivedAtMs - startMs]),
    [
      ['shop', -1000],
      ['shop', -999],
      ['shop', -998],
    ],
  );
  const moved = at.log.events.filter(({ event }) => event === 'moved');
  assert.deepEqual(
    moved.map(({ to, queue }) => `${String(to)} ${String(queue)}`),
    ['c1@x.test news', 'a1@x.test news', 'b1@x.test news'],
  );
  // It is there already.
  assert.equal((await move(at, { filter: { domain: 'x.test' } }))?.recipients, 0);
  const back = await move(at, { to: 'default', filter: { queue: 'news' } });
  assert.deepEqual([back?.recipients, spool.waiting(1)], [3, []]);
});

test('wherever everything stops, a start finds each recipient once, and with its attempts', async (t) => {
  for (let stopsAt = 1; ; stopsAt++) {
    const here = world();
    const { spool } = here;
    for (let index = 0; index < 3; index++)
      await spool.put(
        0,
        (id) => envelopeFor(id, [`a${index}@x.test`, `b${index}@x.test`], startMs - 5),
        tried(2, index),
      );
    const before = spool.waiting(0).toSorted();
    const { at, steps } = await manager(t, here, stopsAt);
    const report = await move(at);
    const { at: later } = await manager(t, here);
    await later.timers.pass(10_000);
    const found = [...spool.waiting(0), ...spool.waiting(1)];
    assert.deepEqual(found.toSorted(), before, `after step ${stopsAt}`);
    assert.equal((await states(later)).length, 6, `after step ${stopsAt}`);
    if (report !== undefined && steps() < stopsAt) {
      assert.ok(stopsAt > 10, 'it has some steps');
      assert.deepEqual(spool.waiting(0), []);
      break;
    }
  }
});

test('what is in a transaction moves when that is over', async (t) => {
  const here = world();
  const { spool } = here;
  await spool.put(
    0,
    (id) => envelopeFor(id, ['a@x.test'], startMs),
    () => [],
  );
  const { at } = await manager(t, here);
  const sender = await at.sender(1);
  const { connection } = sender.connect;
  const moving = move(at);
  await at.timers.pass(1_000);
  assert.equal(spool.waiting(1).length, 0);
  await sender.done(connection, [deferred(0)]);
  assert.equal((await moving)?.recipients, 1);
  assert.match(spool.waiting(1)[0] ?? '', /^a@x\.test 1 /u);
  assert.deepEqual(spool.waiting(0), []);
});

test('a store without room takes no more, and what did not move waits where it was', async (t) => {
  const here = world(200);
  const { spool } = here;
  for (let index = 0; index < 4; index++) {
    await spool.put(index % 2, (id) => envelopeFor(id, [`a${index}@x.test`], startMs), tried(1));
  }
  const { at } = await manager(t, here);
  const report = await move(at);
  assert.deepEqual([report?.state, report?.recipients, report?.refused], ['done', 2, 0]);
  const full = world(60);
  for (const store of [0, 0, 1, 1])
    await full.spool.put(store, (id) => envelopeFor(id, ['a@x.test'], startMs), tried(1));
  const { at: other } = await manager(t, full);
  const refused = await move(other);
  assert.deepEqual([refused?.recipients, refused?.refused], [0, 2]);
  assert.match(refused?.reason ?? '', /no room left/u);
  assert.equal(full.spool.waiting(0).length, 2);
  assert.deepEqual(await states(other), ['waiting', 'waiting', 'waiting', 'waiting']);
});

test('a store that is not open yet takes nothing, and nothing stays held', async (t) => {
  const here = world();
  const { spool } = here;
  for (const name of ['a', 'b'])
    await spool.put(0, (id) => envelopeFor(id, [`${name}@x.test`], startMs), tried(1));
  spool.unopened.add(1);
  const { at } = await manager(t, here);
  const report = await move(at);
  assert.deepEqual([report?.state, report?.recipients, report?.refused], ['done', 0, 2]);
  assert.match(report?.reason ?? '', /not open yet/u);
  assert.deepEqual(await states(at), ['waiting', 'waiting']);
  spool.unopened.clear();
  assert.equal((await move(at))?.recipients, 2);
});

test('what a sender of before may have delivered moves when that sender has said so', async (t) => {
  const here = world();
  const { spool } = here;
  const first = await spool.put(0, (id) => envelopeFor(id, ['a@x.test'], startMs), tried(1));
  await spool.put(0, (id) => envelopeFor(id, ['b@x.test'], startMs), tried(1));
  const { at } = await manager(t, here, undefined, [7]);
  assert.equal(await move(at), undefined);
  assert.deepEqual(spool.waiting(1), []);
  await at.sender(7, [{ queueId: first, recipients: [0], relayedWithoutDsn: [] }]);
  for (let turns = 0; turns < 60; turns++) await at.timers.pass(50);
  assert.deepEqual(
    spool.waiting(1).map((each) => each.split(' ')[0]),
    ['b@x.test'],
  );
  assert.deepEqual(spool.waiting(0), []);
});

const atOnce = (): Promise<void> => Promise.resolve();

/** Holds up the move at the flush of the new store, until the test says so. */
function heldUp(spool: KeptSpool): {
  readonly reached: Promise<void>;
  readonly goOn: (error?: Error) => void;
} {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  spool.beforeFlush = (only) => {
    if (only?.includes(1) !== true) return Promise.resolve();
    reached.resolve();
    return gate.promise;
  };
  return {
    reached: reached.promise,
    goOn: (error) => {
      spool.beforeFlush = atOnce;
      if (error === undefined) gate.resolve();
      else gate.reject(error);
    },
  };
}

async function passes(at: Ground): Promise<void> {
  for (let turns = 0; turns < 60; turns++) await at.timers.pass(50);
}

/** An operator changes the message with this id, or all; passes some time. */
async function change(at: Ground, action: string, ids: readonly string[] = []): Promise<JobReport> {
  const operator = at.operator();
  await operator.ask('queue.change', { action, filter: { ids } });
  await passes(at);
  const answer = operator.told.find((each) => 'result' in each);
  assert.ok(answer !== undefined && 'result' in answer, JSON.stringify(operator.told));
  return answer.result as JobReport;
}

test('what an operator holds or releases in the middle of a move is so afterwards, and after a restart', async (t) => {
  const here = world();
  const { spool } = here;
  const put = (name: string, isHeld: boolean) =>
    spool.put(
      0,
      (id) => envelopeFor(id, [`${name}@x.test`], startMs),
      (id) => [...tried(1)(id), ...(isHeld ? [{ kind: 'held', queueId: id } as const] : [])],
    );
  const free = await put('free', false);
  const held = await put('held', true);
  const { at } = await manager(t, here);
  const { goOn, reached } = heldUp(spool);
  const moving = move(at);
  await reached;
  assert.equal((await change(at, 'hold', [free])).recipients, 1);
  assert.equal((await change(at, 'hold', [free])).recipients, 0, 'it is held already');
  assert.equal((await change(at, 'release', [held])).recipients, 1);
  goOn();
  await moving;
  await passes(at);
  const due = startMs + hourMs;
  assert.deepEqual(spool.waiting(0), []);
  assert.deepEqual(spool.waiting(1), [`free@x.test 3 ${due} held`, `held@x.test 3 ${due}`]);
  assert.deepEqual(await states(at), ['held', 'waiting']);
  const { at: later } = await manager(t, here);
  assert.deepEqual(await states(later), ['held', 'waiting']);
});

test('a release in the middle of a move lets nothing be tried in the old store', async (t) => {
  const here = world();
  const { spool } = here;
  const id = await spool.put(
    0,
    (queueId) => envelopeFor(queueId, ['a@x.test'], startMs),
    () => [],
  );
  const { at } = await manager(t, here);
  const { goOn, reached } = heldUp(spool);
  const moving = move(at);
  await reached;
  await change(at, 'release', [id]);
  const sender = await at.sender(1);
  await passes(at);
  assert.deepEqual(sender.all('transact'), []);
  assert.deepEqual(sender.all('connect'), []);
  goOn();
  await moving;
  await passes(at);
  assert.equal(sender.all('connect').length, 1);
});

test('what is being moved can be neither removed nor bounced, and the operator is told so', async (t) => {
  const here = world();
  const { spool } = here;
  const id = await spool.put(0, (queueId) => envelopeFor(queueId, ['a@x.test'], startMs), tried(1));
  const { at } = await manager(t, here);
  const { goOn, reached } = heldUp(spool);
  const moving = move(at);
  await reached;
  for (const action of ['remove', 'bounce']) {
    const { recipients, refused, reason } = await change(at, action, [id]);
    assert.deepEqual([action, recipients, refused], [action, 0, 1]);
    assert.match(reason, /is being moved/u);
  }
  goOn();
  await moving;
  await passes(at);
  assert.equal(spool.waiting(1).length, 1);
});

test('a copy of a move that was called off never counts, though the old message was delivered meanwhile', async (t) => {
  const here = world();
  const { spool } = here;
  await spool.put(
    0,
    (id) => envelopeFor(id, ['a@x.test'], startMs),
    () => [],
  );
  const { at } = await manager(t, here);
  const { goOn, reached } = heldUp(spool);
  const moving = move(at);
  await reached;
  const copy = structuredClone([...(spool.kept[1] ?? [])][0]);
  assert.ok(copy !== undefined);
  goOn(new SpoolError('SPOOL_WRITE_FAILED', 'the disk fails'));
  await moving;
  const sender = await at.sender(1);
  await passes(at);
  await sender.done(sender.connect.connection, [delivered(0)]);
  await passes(at);
  assert.deepEqual([spool.waiting(0), spool.waiting(1)], [[], []]);
  // The disk has lost that the copy was removed.
  spool.kept[1]?.add(copy.envelope, Buffer.from('Hello'), false);
  const { at: later } = await manager(t, here);
  await passes(later);
  assert.deepEqual(await states(later), []);
  assert.deepEqual(spool.waiting(1), []);
});

test('while the other store is away, a message whose move is in doubt waits, and is delivered once', async (t) => {
  const here = world();
  const { spool } = here;
  await spool.put(
    0,
    (id) => envelopeFor(id, ['a@x.test'], startMs),
    () => [],
  );
  const { at } = await manager(t, here);
  const { reached } = heldUp(spool);
  void move(at);
  await reached;
  // Everything stops here: the message is in both stores.
  spool.beforeFlush = atOnce;
  spool.away.add(1);
  const { at: later } = await manager(t, here);
  const sender = await later.sender(1);
  await passes(later);
  assert.deepEqual(await states(later), ['held']);
  assert.deepEqual(sender.all('connect'), []);
  spool.away.clear();
  for (let turns = 0; turns < 10; turns++) await passes(later);
  await sender.done(sender.connect.connection, [delivered(0)]);
  await passes(later);
  assert.deepEqual([await states(later), spool.waiting(0), spool.waiting(1)], [[], [], []]);
});

test('a queue that there is not is told with those that there are', async (t) => {
  const { at } = await manager(t, world());
  const operator = at.operator();
  await operator.ask('queue.change', { action: 'move', to: 'new', filter: {} });
  const [answer] = operator.told;
  assert.ok(answer !== undefined && 'error' in answer, JSON.stringify(answer));
  assert.match(JSON.stringify(answer), /QUEUE_UNKNOWN.*default, news/u);
});
