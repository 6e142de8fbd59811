// Operators' requests to the manager: each gets its answer, errors keep their way out, and asking never holds deliveries up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlError } from '../../src/control/control-error.ts';
import type { JobReport } from '../../src/control/operations/queue-change.ts';
import type { SiteRow, Status } from '../../src/control/operations/status.ts';
import { nodeTimers } from '../../src/io/timers.ts';
import { type LimitAnswers, Operations } from '../../src/manager/operations.ts';
import type { Response } from '../../src/channel/messages.ts';
import { LiveSrs } from '../../src/srs/live-srs.ts';
import { QueueTallies } from '../../src/manager/queue-tallies.ts';
import { RoleCounters } from '../../src/manager/role-counters.ts';
import { EventCounters } from '../../src/log/event-counters.ts';
import { Events, logListener } from '../../src/log/events.ts';
import { keptLog } from '../process/quiet-log.ts';

function site(label: string, connections: number, ready: number): SiteRow {
  return { site: `mx:${label}`, label, connections, ready, waiting: 0, active: 0, blockedOn: '' };
}

function ground(limits: Partial<LimitAnswers> = {}) {
  const log = keptLog();
  const world = {
    sites: [site('b', 5, 1), site('a', 1, 9), site('c', 3, 5)],
    asked: [] as unknown[][],
    /** How often dates were made those of the moment, and of which look at the sites. */
    datesBefore: [] as number[],
    tenants: ['shop', '', 'shop'],
    shortages: [] as string[],
    log,
  };
  const scheduler = {
    sites: (...question: unknown[]) => {
      world.asked.push(question);
      return world.sites;
    },
    siteCount: () => world.sites.length,
    counts: () => ({ messages: 3, recipients: 3, connections: 9 }),
    *recipients() {
      for (const [index, tenant] of world.tenants.entries()) {
        yield { tenant, state: (['ready', 'held', 'active'] as const)[index] };
      }
    },
  };
  const operations = new Operations({
    queueName: () => undefined,
    tallies: new QueueTallies(),
    queueNames: () => [],
    mover: {} as never,
    holds: undefined as never,
    missing: () => [],
    counters: new RoleCounters(),
    manager: {
      scheduler,
      reporting: 0,
      showDates: () => world.datesBefore.push(world.asked.length),
    } as never,
    store: { usage: () => ({ segments: 1, bytes: 64, liveMessages: 3 }) } as never,
    senders: { count: 1 } as never,
    limits: { overrides: () => Promise.resolve([]), ...limits } as LimitAnswers,
    shortages: () => world.shortages,
    givingUp: {} as never,
    unreadable: {} as never,
    reroutes: undefined as never,
    sts: {} as never,
    srs: new LiveSrs(),
    reports: {} as never,
    sending: undefined as never,
    defences: undefined as never,
    diverting: {} as never,
    quarantine: { sizeOf: () => undefined, shown: { messages: 0, bytes: 0, tenants: [] } },
    queues: { shown: [], rooms: { shown: [], addReceiver: () => undefined }, domainRooms: {} as never },
    reader: {} as never,
    timers: nodeTimers,
    dateMs: Date.now,
    confirmClock: () => undefined,
    counted: new EventCounters(),
    happenings: new Events([logListener(log)]),
    log,
  });
  const ask = (operation: string, question: unknown = {}): Promise<Response> =>
    new Promise((resolve) => {
      operations.answerer(resolve).take({ kind: 'request', id: 7, operation, question });
    });
  const status = async (question: object): Promise<Status> => {
    const response = await ask('status', question);
    assert.ok('result' in response, JSON.stringify(response));
    return response.result as Status;
  };
  return { world, ask, status };
}

test('where the system carries less than was asked for, status says so', async () => {
  const { world, status } = ground();
  assert.equal((await status({})).shortages, undefined);
  world.shortages.push('CAPACITY_PORTS: too few');
  assert.deepEqual((await status({})).shortages, ['CAPACITY_PORTS: too few']);
});

test('how long it runs does not depend on the date, and two answers name the same start', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 });
  const { status } = ground();
  const { startedAtMs } = await status({});
  assert.equal((await status({})).startedAtMs, startedAtMs);
  t.mock.timers.setTime(1_700_000_000_000 + 40 * 86_400_000);
  const later = await status({});
  assert.ok(later.nowMs - later.startedAtMs < 3_600_000);
  assert.equal((await status({})).startedAtMs, later.startedAtMs);
});

test('sites are listed in the order and number that is asked for', async () => {
  const { world, status } = ground();
  await status({});
  await status({ order: 'connections', sites: 2 });
  assert.deepEqual(world.asked, [
    [undefined, undefined],
    [2, 'connections'],
  ]);
  assert.equal((await status({ sites: 1 })).siteCount, 3);
});

test('tenants are counted when that is asked for', async () => {
  const { status } = ground();
  assert.equal((await status({})).tenants, undefined);
  assert.deepEqual((await status({ tenants: true })).tenants, [
    { tenant: '', waiting: 1, ready: 0, active: 0 },
    { tenant: 'shop', waiting: 0, ready: 1, active: 1 },
  ]);
});

test('an error keeps its code and its way out; only a mistake of Sluice is logged', async () => {
  const { world, ask } = ground({
    explain: () => Promise.reject(new ControlError('ADDRESS_INVALID', 'No address.', 'Write one.')),
    limits: () => {
      throw new Error('surprise');
    },
  });
  const error = { code: 'ADDRESS_INVALID', message: 'No address.', advice: 'Write one.' };
  assert.deepEqual(await ask('explain', { address: 'x' }), { kind: 'response', id: 7, error });
  assert.deepEqual(world.log.lines, []);
  const failed = { code: 'CONTROL_FAILED', message: 'surprise', advice: '' };
  assert.deepEqual(await ask('limits', { most: 1 }), { kind: 'response', id: 7, error: failed });
  assert.deepEqual(world.log.lines, ["error an operator's request failed: surprise"]);
});

test('an operation that there is not is an answer too', async () => {
  const { ask } = ground();
  const response = await ask('drop-everything');
  assert.ok('error' in response);
  assert.equal(response.error.code, 'CONTROL_OPERATION');
});

test('an answer has the dates of the clock that the asker sees at that moment', async () => {
  const { world, status } = ground();
  await status({ sites: 1, order: 'name' });
  assert.deepEqual([world.datesBefore, world.asked.length], [[0], 1], 'before anything is looked up');
});

/** Three messages of one recipient each: held, in flight, and waiting. */
function changing(flush: () => Promise<void> = () => Promise.resolve()) {
  const held = new Set([1]);
  const booked: string[] = [];
  const scheduler = {
    counts: () => ({ messages: 3, recipients: 3, connections: 0 }),
    isQueued: () => true,
    messages: () => [1, 2, 3].values(),
    recipientsOf: (message: number) => [
      {
        queueId: `Q${message}`,
        recipient: 0,
        domain: 'there.test',
        tenant: '',
        state: 'ready',
        isHeld: false,
      },
    ],
    hold: (message: number) => {
      const isNew = !held.has(message);
      held.add(message);
      return isNew;
    },
    release: (message: number) => held.delete(message),
    retryNow: (message: number) => (message === 3 ? 1 : 0),
  };
  const operations = new Operations({
    queueName: () => undefined,
    tallies: new QueueTallies(),
    queueNames: () => [],
    mover: {} as never,
    holds: {
      has: () => false,
      hold: (message: number) => scheduler.hold(message),
      release: (message: number) => scheduler.release(message),
    } as never,
    diverting: {} as never,
    manager: {
      scheduler,
      receivedAtMs: () => 0,
      showDates: () => undefined,
      change: (outcomes: readonly { kind: string; queueId: string }[], action: (nowMs: number) => void) => {
        action(0);
        booked.push(...outcomes.map(({ kind, queueId }) => `${kind} ${queueId}`));
      },
    } as never,
    store: { flush, isDamaged: () => false, locate: () => undefined } as never,
    senders: {} as never,
    limits: {} as never,
    shortages: () => [],
    givingUp: { isGivingUp: () => false } as never,
    unreadable: {} as never,
    reroutes: undefined as never,
    sts: {} as never,
    srs: new LiveSrs(),
    reports: {} as never,
    sending: undefined as never,
    defences: undefined as never,
    quarantine: { sizeOf: () => undefined, shown: { messages: 0, bytes: 0, tenants: [] } },
    queues: { shown: [], rooms: { shown: [], addReceiver: () => undefined }, domainRooms: {} as never },
    reader: {} as never,
    timers: nodeTimers,
    dateMs: Date.now,
    missing: () => [],
    counters: new RoleCounters(),
    confirmClock: () => undefined,
    counted: new EventCounters(),
    happenings: new Events([logListener(keptLog())]),
    log: keptLog(),
  });
  const change = (action: string): Promise<unknown> =>
    new Promise((resolve) => {
      const answerer = operations.answerer((response) => {
        // How far it has got, which a slow machine tells first.
        if (response.kind === 'parts') return;
        if (!('result' in response)) return resolve(response);
        const { recipients, unstored, refused, reason } = response.result as JobReport;
        resolve({ recipients, unstored, refused, reason });
      });
      answerer.take({ kind: 'request', id: 1, operation: 'queue.change', question: { action, filter: {} } });
    });
  return { change, booked };
}

test('only messages that changed are counted and booked', async () => {
  const { change, booked } = changing();
  const changed = (count: number) => ({ recipients: count, unstored: 0, refused: 0, reason: '' });
  assert.deepEqual(await change('release'), changed(1));
  assert.deepEqual(await change('release'), changed(0));
  assert.deepEqual(await change('hold'), changed(3));
  assert.deepEqual(await change('hold'), changed(0));
  assert.deepEqual(await change('retry'), changed(1));
  assert.deepEqual(booked, ['released Q1', 'held Q1', 'held Q2', 'held Q3']);
});

test('a change that is not on the disk is said to be so, however often it is asked for', async () => {
  const { change } = changing(() => Promise.reject(new Error('the disk is full')));
  const unstored = { unstored: 3, refused: 0, reason: 'the disk is full' };
  assert.deepEqual(await change('hold'), { recipients: 2, ...unstored });
  assert.deepEqual(await change('hold'), { recipients: 0, ...unstored });
  assert.deepEqual(await change('retry'), { recipients: 1, unstored: 0, refused: 0, reason: '' });
});
