// The counters of other roles in the manager: summed over processes, and never twice.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withStageCounts } from '../../src/manager/stage-counts.ts';
import { RoleCounters } from '../../src/manager/role-counters.ts';
import { ground } from './assembled.ts';

test('each process counts once, however often it tells its counters', () => {
  const counters = new RoleCounters();
  counters.told('receiver', 1, { received: 2 });
  counters.told('receiver', 1, { received: 5, rejected: 1 });
  counters.told('receiver', 2, { received: 10 });
  counters.told('sender', 1, { delivered: 7 });
  assert.deepEqual(counters.sum('receiver'), { received: 15, rejected: 1 });
  assert.deepEqual(counters.sum('sender'), { delivered: 7 });
});

test('the counts of stages are told apart from events, by stage and word', () => {
  const receiver = {
    received: 3,
    'stage lists continue': 5,
    'stage lists reject': 2,
    'stage lists test reject': 4,
    'stage rspamd test quarantine': 1,
  };
  assert.deepEqual(withStageCounts(receiver, { delivered: 1 }, {}), {
    roles: { receiver: { received: 3 }, sender: { delivered: 1 } },
    stages: [
      { stage: 'lists', answered: { continue: 5, reject: 2 }, tested: { reject: 4 } },
      { stage: 'rspamd', answered: {}, tested: { quarantine: 1 } },
    ],
  });
  assert.deepEqual(withStageCounts({}, {}, { secured: 2 }), {
    roles: { receiver: {}, sender: {}, pop3: { secured: 2 } },
  });
});

test('processes that have ended go on counting, however many there were', () => {
  const counters = new RoleCounters();
  for (let serial = 0; serial < 1_000; serial++) {
    counters.told('sender', serial, { delivered: 1 });
    counters.told('sender', serial, { delivered: 2 });
  }
  assert.deepEqual(counters.sum('sender'), { delivered: 2_000 });
});

test('status has the counters of receivers and senders', async (t) => {
  const { manager, ask } = await ground(t);
  const channel = {
    post: () => undefined,
    congested: false,
    whenDrained: () => undefined,
    receive: () => undefined,
    onClosed: () => undefined,
    close: () => undefined,
  };
  const hello = { kind: 'hello', role: 'sender', index: 0, serial: 5, counters: { delivered: 3 } } as const;
  manager.links.introduce(hello, channel, [{ kind: 'counters', counters: { delivered: 4 } }]);
  manager.links.addReceiver({
    ...channel,
    receive: (take) => take([{ kind: 'counters', counters: { received: 9, rejected: 2 } }]),
  });
  const [answer] = await ask('status', {});
  assert.ok(answer !== undefined && 'result' in answer);
  assert.deepEqual((answer.result as { readonly roles: unknown }).roles, {
    receiver: { received: 9, rejected: 2 },
    sender: { delivered: 4 },
  });
});
