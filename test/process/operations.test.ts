// Operators' requests to the manager: each gets its answer, errors keep their way out, and asking never holds deliveries up.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ControlError } from '../../src/control/control-error.ts';
import type { SiteRow, Status } from '../../src/control/control-protocol.ts';
import type { OperatorSource } from '../../src/control/operator-source.ts';
import { Operations } from '../../src/process/manager/operations.ts';
import type { Response } from '../../src/process/messages.ts';
import { MemoryStats } from '../../src/stats/stats.ts';
import { keptLog } from './quiet-log.ts';

function site(label: string, connections: number, ready: number): SiteRow {
  return { site: `mx:${label}`, label, connections, ready, waiting: 0, active: 0, blockedOn: '' };
}

function ground(t: TestContext, limits: Partial<OperatorSource> = {}) {
  const log = keptLog();
  let clockMs = 1_000;
  t.mock.method(performance, 'now', () => clockMs);
  const world = {
    sites: [site('b', 5, 1), site('a', 1, 9), site('c', 3, 5)],
    /** How long listing the sites takes. */
    listingMs: 0,
    listed: 0,
    queues: ['shop', '', 'shop'],
    log,
    pass: (ms: number) => void (clockMs += ms),
  };
  const scheduler = {
    sites: () => {
      world.listed++;
      clockMs += world.listingMs;
      return [...world.sites];
    },
    counts: () => ({ messages: 3, recipients: 3, connections: 9 }),
    *recipients() {
      for (const [index, queue] of world.queues.entries()) {
        yield { queue, state: (['ready', 'held', 'active'] as const)[index] };
      }
    },
  };
  const operations = new Operations({
    manager: { scheduler, reporting: 0 } as never,
    store: { usage: () => ({ segments: 1, bytes: 64, liveMessages: 3 }) } as never,
    senders: { count: 1 } as never,
    limits: { overrides: () => Promise.resolve([]), ...limits } as OperatorSource,
    stats: new MemoryStats(),
    log,
  });
  const ask = (operation: string, parameters: unknown = {}): Promise<Response> =>
    new Promise((resolve) => {
      operations.answer({ kind: 'request', id: 7, operation, parameters }, resolve);
    });
  const status = async (question: object): Promise<Status> => {
    const response = await ask('status', question);
    assert.ok('result' in response, JSON.stringify(response));
    return response.result as Status;
  };
  return { world, ask, status };
}

test('sites come in the order that is asked for, and as many', async (t) => {
  const { status } = ground(t);
  const labels = async (question: object) => (await status(question)).sites.map(({ label }) => label);
  assert.deepEqual(await labels({}), ['b', 'a', 'c']);
  assert.deepEqual(await labels({ order: 'connections', sites: 2 }), ['b', 'c']);
  assert.deepEqual(await labels({ order: 'waiting' }), ['a', 'c', 'b']);
  assert.deepEqual(await labels({ order: 'name', sites: 1 }), ['a']);
  assert.equal((await status({ sites: 1 })).siteCount, 3);
});

test('queues are counted when that is asked for', async (t) => {
  const { status } = ground(t);
  assert.equal((await status({})).queues, undefined);
  assert.deepEqual((await status({ queues: true })).queues, [
    { queue: '', waiting: 1, ready: 0, active: 0 },
    { queue: 'shop', waiting: 0, ready: 1, active: 1 },
  ]);
});

test('sites that take long to list are listed less often, and still in every order', async (t) => {
  const { world, status } = ground(t);
  world.listingMs = 200;
  await status({});
  await status({});
  assert.equal(world.listed, 2);
  world.listingMs = 500;
  await status({});
  assert.equal(world.listed, 3);
  world.pass(9_000);
  assert.equal((await status({ order: 'name', sites: 1 })).sites[0]?.label, 'a');
  assert.equal((await status({ order: 'connections', sites: 1 })).sites[0]?.label, 'b');
  assert.equal(world.listed, 3);
  world.pass(1_000);
  await status({});
  assert.equal(world.listed, 4);
});

test('an error keeps its code and its way out; only a mistake of Sluice is logged', async (t) => {
  const { world, ask } = ground(t, {
    explain: () => Promise.reject(new ControlError('ADDRESS_INVALID', 'No address.', 'Write one.')),
    limits: () => {
      throw new Error('surprise');
    },
  });
  const error = { code: 'ADDRESS_INVALID', message: 'No address.', advice: 'Write one.' };
  assert.deepEqual(await ask('explain'), { kind: 'response', id: 7, error });
  assert.deepEqual(world.log.lines, []);
  const failed = { code: 'CONTROL_FAILED', message: 'surprise', advice: '' };
  assert.deepEqual(await ask('limits'), { kind: 'response', id: 7, error: failed });
  assert.deepEqual(world.log.lines, ["error an operator's request failed: surprise"]);
});

test('an operation that there is not is an answer too', async (t) => {
  const { ask } = ground(t);
  const response = await ask('drop-everything');
  assert.ok('error' in response);
  assert.equal(response.error.code, 'CONTROL_FAILED');
});
