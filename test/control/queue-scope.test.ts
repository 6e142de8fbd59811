// What the sockets of operators of one queue answer, and what they refuse: every operation, with each of the two rights.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { controlRequest, controlResult } from '../../src/control/control-client.ts';
import type { AnyRequest, ControlName, RequestFor } from '../../src/control/control-protocol.ts';
import { ControlServer } from '../../src/control/control-server.ts';
import type { Service } from '../../src/control/operations/operation.ts';
import { controlOperations, type ControlSet, operatorRights } from '../../src/control/operations/sets.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const change = { kind: 'suspend', targets: ['all'] } as const;
const report = { kind: 'tls', domain: 'a.test', day: '2026-01-01' } as const;
const query = { stage: '', text: '', state: 'all', most: 1 } as const;
const ref = { store: 0, place: [0] };
const own = '036NANGK0030011';
const other = '036NANGK0030012';
const mail = { from: '', to: ['a@a.test'], client: '', helo: 'x', tls: false };

/** A request for every operation: an operation without one does not compile here. */
const requests: { readonly [Name in ControlName]: RequestFor<Name> } = {
  explain: { operation: 'explain', address: 'a@a.test' },
  limits: { operation: 'limits', most: 1 },
  'override.list': { operation: 'override.list' },
  'override.set': { operation: 'override.set', ...change, reason: '', by: '' },
  'override.unset': { operation: 'override.unset', ...change },
  'divert.add': {
    operation: 'divert.add',
    queue: 'shop',
    conditions: { domain: ['a.test'] },
    reason: '',
    by: '',
  },
  'divert.list': { operation: 'divert.list' },
  'divert.end': { operation: 'divert.end' },
  'clock.confirm': { operation: 'clock.confirm' },
  'queue.change': { operation: 'queue.change', action: 'hold', filter: {} },
  'queue.etrn': { operation: 'queue.etrn', nodes: [] },
  'queue.state': { operation: 'queue.state', queue: 'shop', action: 'stop' },
  'queue.content': { operation: 'queue.content', queueId: own, ref },
  'queue-list': { operation: 'queue-list', filter: {}, limit: 0 },
  'job.list': { operation: 'job.list' },
  'job.cancel': { operation: 'job.cancel', job: 1 },
  'tls.sts': { operation: 'tls.sts', domain: 'a.test', purge: false },
  'srs.sender': { operation: 'srs.sender', sender: 'a@a.test', receivedAtMs: 0 },
  'reports.list': { operation: 'reports.list', most: 1 },
  'reports.show': { operation: 'reports.show', ...report },
  'reports.send': { operation: 'reports.send', ...report },
  'sending.list': { operation: 'sending.list', most: 1 },
  'sending.reset': { operation: 'sending.reset', kind: 'user', key: 'a', by: '' },
  'sending.explain': { operation: 'sending.explain', user: 'a', sender: '' },
  'policy.stages': { operation: 'policy.stages', from: '', client: '' },
  'policy.try': { operation: 'policy.try', mail, content: '' },
  'greylist.list': { operation: 'greylist.list', ...query },
  'greylist.networks': { operation: 'greylist.networks', ...query },
  'greylist.stats': { operation: 'greylist.stats' },
  'greylist.allow': { operation: 'greylist.allow', stage: '', network: '192.0.2.1', by: '' },
  'greylist.forget': { operation: 'greylist.forget', stage: '', text: '', by: '' },
  'rates.list': { operation: 'rates.list', most: 1 },
  'rates.reset': { operation: 'rates.reset', key: 'a', by: '' },
  status: { operation: 'status' },
  reload: { operation: 'reload' },
  'log.reopen': { operation: 'log.reopen' },
  'crash.test': { operation: 'crash.test', role: 'sender', index: 0, by: 'segv', isMeant: true },
  tls: { operation: 'tls' },
  'user.find': { operation: 'user.find', address: 'a@a.test' },
  'user.check': { operation: 'user.check', login: 'a', password: 'a', client: '', isEncrypted: true },
  'password.change': { operation: 'password.change', login: 'a', password: 'a', next: 'b' },
  'password.set': { operation: 'password.set', login: 'a', next: 'b' },
  'ban.list': { operation: 'ban.list' },
  'ban.lift': { operation: 'ban.lift' },
};

/** What operators of one queue may. An operation that is not here is refused to all of them. */
const allowed: Readonly<Partial<Record<ControlName, 'read' | 'change'>>> = {
  'queue-list': 'read',
  status: 'read',
  'queue.change': 'change',
  'queue.content': 'change',
};

const row = { queueId: own, receivedAtMs: 0, sender: 'a@a.test', recipient: 'b@b.test', domain: 'b.test' };
const facts = {
  tenant: '',
  state: 'waiting' as const,
  isHeld: false,
  attempts: 0,
  nextAttemptAtMs: 0,
  lastError: '',
};
const ownRow = { ...row, ...facts, queue: 'shop', ref: { store: 1, place: [7] } } as const;
const counts = { messages: 2, waiting: 2, ready: 0, active: 0, bytes: 5, counters: {} };
const trouble = { level: 'warning', text: 'x', advice: '', sinceMs: 0, processes: [] } as const;
const job = {
  job: 9,
  action: 'hold',
  dryRun: false,
  state: 'done',
  startedAtMs: 0,
  unstored: 0,
  refused: 0,
} as const;
const progress = { seen: 900, of: 1000, recipients: 3, messages: 2 };

interface Ground {
  readonly sockets: Readonly<Record<'read' | 'change', string>>;
  /** The operations that were asked in the end, with their questions. */
  readonly asked: [string, unknown][];
}

/** Answers as if there were two queues. */
async function ground(t: TestContext): Promise<Ground> {
  const asked: [string, unknown][] = [];
  const known: Partial<Service<ControlSet>> = {
    'queue-list': async ({ filter }, { report: tell }) => {
      if (filter.queue === 'shop' && (filter.ids?.includes(own) ?? true)) await tell([ownRow]);
      return null;
    },
    'queue.change': async (_, { report: tell }) => {
      await tell([progress]);
      return { ...job, ...progress, reason: '' };
    },
    'queue.content': () => ({ faults: [] }),
    status: () => ({
      kind: 'complete',
      version: '1',
      startedAtMs: 0,
      nowMs: 5,
      messages: 1002,
      recipients: 1003,
      connections: 77,
      senders: 1,
      reports: 0,
      counters: { received: 4321 },
      siteCount: 0,
      sites: [],
      spool: { segments: 1, bytes: 1, liveMessages: 1, damagedMessages: 0 },
      overrides: [],
      byQueue: [
        { queue: 'default', state: 'open', ...counts },
        { queue: 'shop', state: 'open', ...counts },
        { queue: 'bank', state: 'open', ...counts },
      ],
      troubles: [
        { key: 'disk:bank', ...trouble },
        { key: 'disk:shop', ...trouble },
        { key: 'stage:bank-scanner', ...trouble },
      ],
    }),
  };
  const service = new Proxy(known as Service<ControlSet>, {
    get: (target, name: ControlName) => (question: never, call: never) => {
      asked.push([name, question]);
      return target[name](question, call);
    },
  });
  const server = new ControlServer({ service, failed: (message) => assert.fail(message) });
  t.after(() => server.close());
  const folder = temporaryFolder(t, 'queue-scope').path;
  const sockets = { read: join(folder, 'read'), change: join(folder, 'change') };
  for (const rights of ['read', 'change'] as const)
    await server.listen(sockets[rights], rights, undefined, 'shop');
  return { sockets, asked };
}

test('every operation is decided: refused before anybody hears of it, or asked about the own queue', async (t) => {
  const { sockets, asked } = await ground(t);
  assert.deepEqual(Object.keys(requests).toSorted(), Object.keys(controlOperations).toSorted());
  for (const [name, request] of Object.entries(requests) as [ControlName, AnyRequest][])
    for (const rights of ['read', 'change'] as const) {
      asked.length = 0;
      const needs = allowed[name];
      const answer = controlResult(sockets[rights], request as never);
      if (needs === 'read' || needs === rights) {
        await answer;
        assert.ok(asked.length > 0, name);
      } else {
        const { role } = operatorRights[name];
        const isAskedAlone = role === 'read' || typeof role === 'function';
        const code = rights === 'read' && !isAskedAlone ? 'CONTROL_READ_ONLY' : 'CONTROL_QUEUE';
        await assert.rejects(answer, { code }, `${name}, ${rights}`);
        assert.deepEqual(asked, [], name);
      }
    }
});

test('a filter is that of the own queue, and another queue is refused', async (t) => {
  const { sockets, asked } = await ground(t);
  const list = { operation: 'queue-list', limit: 0 } as const;
  await controlResult(sockets.read, { ...list, filter: { domain: 'a.test' } });
  assert.deepEqual(asked, [['queue-list', { limit: 0, filter: { domain: 'a.test', queue: 'shop' } }]]);
  const hold = { operation: 'queue.change', action: 'hold' } as const;
  for (const queue of ['bank', 'default', '']) {
    const other = { filter: { queue } };
    await assert.rejects(controlResult(sockets.read, { ...list, ...other }), { code: 'CONTROL_QUEUE' });
    await assert.rejects(controlResult(sockets.change, { ...hold, ...other }), { code: 'CONTROL_QUEUE' });
  }
  for (const more of [{ action: 'move', to: 'bank' } as const, { detach: true }])
    await assert.rejects(controlResult(sockets.change, { ...hold, filter: {}, ...more }), {
      code: 'CONTROL_QUEUE',
    });
  assert.equal(asked.length, 1);
});

test('a job does not tell how much mail there is in other queues, or how many jobs', async (t) => {
  const { sockets } = await ground(t);
  const parts = controlRequest(sockets.change, { operation: 'queue.change', action: 'hold', filter: {} });
  const own = { seen: 2, of: 2, recipients: 3, messages: 2 };
  assert.deepEqual((await parts.next()).value, own);
  assert.deepEqual((await parts.next()).value, { ...job, ...own, job: 1, reason: '' });
});

test('a message is read where the manager says that it is, and not where the question does', async (t) => {
  const { sockets, asked } = await ground(t);
  const content = { operation: 'queue.content', ref } as const;
  await controlResult(sockets.change, { ...content, queueId: own });
  assert.deepEqual(asked.at(-1), ['queue.content', { queueId: own, ref: ownRow.ref }]);
  asked.length = 0;
  await assert.rejects(controlResult(sockets.change, { ...content, queueId: other }), {
    code: 'CONTROL_MESSAGE',
  });
  assert.deepEqual(
    asked.map(([name]) => name),
    ['queue-list'],
  );
});

test('the status is that of the own queue, with its troubles', async (t) => {
  const { sockets } = await ground(t);
  assert.deepEqual(await controlResult(sockets.read, { operation: 'status' }), {
    kind: 'of-queue',
    version: '1',
    nowMs: 5,
    byQueue: [{ queue: 'shop', state: 'open', ...counts }],
    troubles: [{ key: 'disk:shop', ...trouble }],
  });
});
